"""An evaluation as the store holds it, for one batch at a time: what decisions and audit trails ask of its files."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from sqlalchemy import select

from regenqc.console.store.tables import BATCHES, CELLS, EVALUATIONS, FINDINGS, JUDGEMENTS, RESULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

__all__ = ["StoredEvaluation", "evaluations_of"]


class StoredEvaluation:
    """Answer what `EvaluationFiles` answers, about one batch of an evaluation that was loaded.

    Args:
        connection: to the store, open as long as rows are asked for.
        evaluation: row of the table of evaluations.
        batch: row of the table of evaluated batches.
        home: folder of evaluations.
    """

    def __init__(self, connection: Connection, evaluation: Any, batch: Any, home: Path) -> None:
        self._connection, self._evaluation, self._batch = connection, evaluation, batch
        self.directory = home / evaluation.folder

    @cached_property
    def run(self) -> dict[str, Any]:
        """Return what `run.json` says."""
        return dict(json.loads(self._evaluation.run))

    @property
    def moment(self) -> str:
        """Return the moment as of which was judged."""
        return str(self._evaluation.as_of)

    @property
    def digests(self) -> dict[str, str]:
        """Return the digest of every table when it was loaded, and of `run.json`."""
        return dict(json.loads(self._evaluation.digests))

    def lot(self, batch_id: str, batches: Path | None = None) -> dict[str, str]:
        """Return the attributes of the batch, as the batch table stated them."""
        del batch_id, batches
        return dict(json.loads(self._batch.attributes))

    def rows(self, name: str, **chosen: str) -> list[dict[str, Any]]:
        """Return rows of a table.

        Args:
            name: `dispositions`, `findings`, `results` or `verdicts`.
            chosen: columns and the text that they must have.
        """
        rows = self._tables[name]
        for column, value in chosen.items():
            wanted = normalize("NFC", value).strip()
            rows = [row for row in rows if normalize("NFC", row[column] or "").strip() == wanted]
        return rows

    @cached_property
    def _judgements(self) -> Sequence[Any]:
        query = select(JUDGEMENTS).where(JUDGEMENTS.c.batch == self._batch.id).order_by(JUDGEMENTS.c.id)
        return self._connection.execute(query).all()

    @cached_property
    def _tables(self) -> dict[str, list[dict[str, Any]]]:
        judged = {row.id: {"batch_id": self._batch.batch_id, "spec_id": row.spec_id, "stage": row.stage}
                  for row in self._judgements}  # fmt: skip
        found: dict[str, list[dict[str, Any]]] = {
            "dispositions": [
                {**row._mapping, "batch_id": self._batch.batch_id, "evaluated_at": self.moment}  # noqa: SLF001 - public
                for row in self._judgements
            ]
        }
        for name, table in (("findings", FINDINGS), ("verdicts", CELLS)):
            query = select(table).where(table.c.judgement_id.in_(list(judged))).order_by(table.c.id)
            found[name] = [
                {**row._mapping, **judged[row.judgement_id]}  # noqa: SLF001 - public
                for row in self._connection.execute(query)
            ]
        query = select(RESULTS).where(RESULTS.c.batch == self._batch.id).order_by(RESULTS.c.id)
        found["results"] = [
            {**row._mapping, "batch_id": self._batch.batch_id, **(json.loads(row.others) if row.others else {})}  # noqa: SLF001 - public
            for row in self._connection.execute(query)
        ]
        return found


def evaluations_of(connection: Connection, key: str, home: Path) -> list[StoredEvaluation]:
    """Return the evaluations that judged a lot, the oldest first.

    Args:
        connection: to the store.
        key: of the lot.
        home: folder of evaluations.
    """
    query = (
        select(JUDGEMENTS.c.batch, JUDGEMENTS.c.evaluation_id)
        .join(EVALUATIONS, EVALUATIONS.c.id == JUDGEMENTS.c.evaluation_id)
        .where(JUDGEMENTS.c.key == key, EVALUATIONS.c.state == "loaded")
        .order_by(EVALUATIONS.c.as_of_seconds, EVALUATIONS.c.id)
    )
    return [
        StoredEvaluation(
            connection,
            connection.execute(select(EVALUATIONS).where(EVALUATIONS.c.id == row.evaluation_id)).one(),
            connection.execute(select(BATCHES).where(BATCHES.c.id == row.batch)).one(),
            home,
        )
        for row in connection.execute(query).all()
    ]
