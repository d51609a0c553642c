"""Load what `regenqc evaluate --out` wrote into the store, in chunks; what was loaded before is not loaded again.

Rows are written piece by piece and belong to an evaluation that nobody sees; one last transaction makes its judgements those
of the lots. A load that was killed leaves an evaluation that nobody sees, which the next load takes away.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from sqlalchemy import delete, func, insert, select, update

from regenqc.canonical import digest_of
from regenqc.console.store.current_lots import CurrentLots, lot_key
from regenqc.console.store.evaluation_folder import attributes_by_batch, digests_of_tables, read_run
from regenqc.console.store.faults import refused
from regenqc.console.store.tables import BATCHES, CELLS, EVALUATIONS, FINDINGS, JUDGEMENTS, LIMITS, RESULTS
from regenqc.console.store.worded_limits import limits_in_units
from regenqc.errors import RegenqcError
from regenqc.evaluation.dates import parse_time
from regenqc.signing.disk import locked
from regenqc.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Engine, Table


__all__ = ["Loaded", "load_evaluation"]

_ROWS_AT_ONCE: Final = 8_192
_COUNTED: Final = ("fails", "inconclusive", "missing")
_COUNTS: Final = (*_COUNTED, "pending", "alerts")
# Columns of a result that have a column of their own in the store.
_OWN: Final = (
    "stage", "test", "result", "unit", "verdict", "reason_code", "source", "result_id", "revision", "status", "method",
    "analyst", "laboratory", "tested_at", "reported_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """Say what became of an evaluation.

    Args:
        digest: of its `run.json`.
        lots: judgements in it.
        is_new: it was loaded now; `False` when the store had it.
    """

    digest: str
    lots: int
    is_new: bool


def load_evaluation(
    store: Engine, folder: Path, *, site: str, loaded_at: str, specifications: Sequence[Path] = ()
) -> Loaded:
    """Load the output of an evaluation.

    Args:
        store: of the console.
        folder: as `regenqc evaluate --out` wrote it. The batch table is looked for in its `inputs`, then where it was.
        site: of lots whose batch table has no column `site`.
        loaded_at: the present moment.
        specifications: folders searched before the packaged specifications.

    Raises:
        DataError: `RQC-W100` this is no output of an evaluation, `RQC-W101` its files contradict one another, `RQC-W102` the
            batch table is not the one by which was judged.
    """
    run, data = read_run(folder)
    digest = digest_of(data)
    # One load at a time: what another one left unfinished is told from what it is just writing.
    with (folder.parent / ".loading").open("ab") as file, locked(file):
        with store.begin() as connection:
            known = connection.execute(select(EVALUATIONS).where(EVALUATIONS.c.digest == digest)).one_or_none()
        if known is not None and known.state == "loaded":
            return Loaded(digest, known.lots, is_new=False)
        _take_away_unfinished(store)
        load = _Load(store, folder, run, data, site)
        try:
            load.write(loaded_at)
            load.word_limits(specifications)
        except RegenqcError:
            _take_away_unfinished(store)
            raise
    return Loaded(digest, load.lots, is_new=True)


class _Load:
    """One load: chunks first, the last transaction at the end."""

    def __init__(self, store: Engine, folder: Path, run: dict[str, Any], data: bytes, site: str) -> None:
        self._store, self._folder, self._run, self._data, self._site = store, folder, run, data, site
        self._attributes = attributes_by_batch(folder, run)
        self._batch_ids: dict[str, int] = {}
        self._judgement_ids: dict[tuple[str, str, str], int] = {}
        self._stated: dict[int, tuple[int, ...]] = {}
        self._evaluation = 0
        self._units: set[tuple[str, str]] = set()
        self.lots = 0

    def write(self, loaded_at: str) -> None:
        run = self._run
        moment = parse_time(run["as_of"])
        if moment is None:
            raise self._contradiction("as_of is no moment", str(run["as_of"]), "ISO 8601 with zone")
        with self._store.begin() as connection:
            self._evaluation = connection.execute(
                insert(EVALUATIONS)
                .values(
                    digest=digest_of(self._data),
                    run=self._data.decode(),
                    digests=json.dumps({"run": digest_of(self._data)} | digests_of_tables(self._folder)),
                    state="loading",
                    folder=self._folder.name,
                    as_of=run["as_of"],
                    as_of_seconds=moment,
                    engine=f"regenqc {run['engine']['regenqc']}",
                    profile=run["profile"],
                    loaded_at=loaded_at,
                    lots=0,
                    **{name: run["counts"][name] for name in ("rows_read", "rows_judged", "rows_refused")},
                )
                .returning(EVALUATIONS.c.id)
            ).scalar_one()
        dispositions = self._dispositions()
        self._check_counts(dispositions)
        seen = self._cells()
        self._check_cells(seen)
        self._findings()
        self._results()
        self._publish(moment)

    def _dispositions(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        fingerprints = {entry["id"]: entry["fingerprint"] for entry in self._run["specifications"]}
        next_id = _next(self._store, JUDGEMENTS)
        for rows in self._chunks("dispositions"):
            self._take_batches([row["batch_id"] for row in rows])
            made = []
            for row in rows:
                where = (row["batch_id"], row["spec_id"] or "", row["stage"] or "")
                if where in self._judgement_ids:
                    raise self._contradiction("a lot stands twice in dispositions.parquet", " ".join(where), "once")
                if fingerprints.get(where[1]) != row["spec_fingerprint"] and where[1]:
                    raise self._contradiction(
                        "a lot was judged by another specification than run.json names",
                        f"{where[0]}: {row['spec_fingerprint']}",
                        str(fingerprints.get(where[1])),
                    )
                if not _can_be(row):
                    raise self._contradiction(
                        "a disposition does not follow from its counts",
                        f"{where[0]}: {row['disposition']}, {', '.join(f'{row[name]} {name}' for name in _COUNTS)}",
                        "the disposition that the counts give",
                    )
                counted[row["disposition"]] += 1
                self._judgement_ids[where] = next_id
                self._stated[next_id] = tuple(row[name] for name in _COUNTED)
                made.append(
                    {
                        "id": next_id,
                        "key": lot_key(row["batch_id"], row["stage"] or "", row["spec_id"] or ""),
                        "batch": self._batch_ids[row["batch_id"]],
                        "evaluation_id": self._evaluation,
                        **{name: row[name] or "" for name in ("stage", "spec_id", "spec_version", "spec_fingerprint")},
                        "disposition": row["disposition"],
                        **{name: row[name] or "" for name in ("reasons", "pending_until")},
                        **{name: row[name] for name in _COUNTS},
                    }
                )
                next_id += 1
            self._insert(JUDGEMENTS, made)
        self.lots = len(self._judgement_ids)
        return counted

    def _take_batches(self, names: Sequence[str]) -> None:
        new = [name for name in dict.fromkeys(names) if name not in self._batch_ids]
        if not new:
            return
        next_id = _next(self._store, BATCHES)
        made = []
        for at, name in enumerate(new, start=next_id):
            self._batch_ids[name] = at
            stated = json.dumps(self._attributes(name), ensure_ascii=False)
            made.append({"id": at, "evaluation_id": self._evaluation, "batch_id": _text(name), "attributes": stated})
        self._insert(BATCHES, made)

    def _cells(self) -> dict[int, Counter[str]]:
        seen: dict[int, Counter[str]] = {}
        for rows in self._chunks("verdicts"):
            made = []
            for row in rows:
                judgement = self._judgement(row)
                if row["verdict"] != "conforms":
                    seen.setdefault(judgement, Counter())[row["verdict"]] += 1
                made.append(
                    {"judgement_id": judgement, "requirement_id": row["requirement_id"], "verdict": row["verdict"]}
                )
            self._insert(CELLS, made)
        return seen

    def _findings(self) -> None:
        texts = (
            "requirement_id",
            "verdict",
            "reason_code",
            "test",
            "reported",
            "unit",
            "limit",
            "source",
            "explanation",
        )
        for rows in self._chunks("findings"):
            self._insert(
                FINDINGS,
                [
                    {
                        "judgement_id": self._judgement(row),
                        "row_number": row["row_number"],
                        **{name: row[name] or "" for name in texts},
                    }
                    for row in rows
                ],
            )

    def _results(self) -> None:
        for rows in self._chunks("results"):
            self._take_batches([row["batch_id"] or "" for row in rows])
            made = []
            for row in rows:
                if row["unit"]:
                    self._units.add((row["test"] or "", row["unit"]))
                others = {name: value for name, value in row.items() if value and name not in _LEFT_OUT}
                made.append(
                    {
                        "batch": self._batch_ids[row["batch_id"] or ""],
                        "row_number": row["row_number"],
                        "others": json.dumps(others, ensure_ascii=False, default=str) if others else "",
                        **{name: row.get(name) or "" for name in _OWN},
                    }
                )
            self._insert(RESULTS, made)

    def _publish(self, moment: int) -> None:
        with self._store.begin() as connection:
            lots = CurrentLots(connection, moment=moment, as_of=self._run["as_of"], site=self._site)
            for rows in _judgements_of(connection, self._evaluation):
                lots.take(rows)
            lots.finish()
            connection.execute(
                update(EVALUATIONS).where(EVALUATIONS.c.id == self._evaluation).values(state="loaded", lots=self.lots)
            )

    def word_limits(self, roots: Sequence[Path]) -> None:
        """Say each limit in the units in which results arrived; a specification that is not at hand is passed over."""
        for entry in self._run["specifications"]:
            try:
                specification = load_specification(entry["id"], roots=roots)
            except RegenqcError:
                continue
            if specification.fingerprint != entry["fingerprint"]:
                continue
            with self._store.begin() as connection:
                done = {
                    (row.requirement_id, row.unit)
                    for row in connection.execute(
                        select(LIMITS).where(LIMITS.c.spec_fingerprint == specification.fingerprint)
                    )
                }
                rows = [
                    row | {"spec_fingerprint": specification.fingerprint}
                    for row in limits_in_units(specification, self._units)
                    if (row["requirement_id"], row["unit"]) not in done
                ]
                if rows:
                    connection.execute(insert(LIMITS), rows)

    def _judgement(self, row: Mapping[str, Any]) -> int:
        where = (row["batch_id"], row["spec_id"] or "", row["stage"] or "")
        found = self._judgement_ids.get(where)
        if found is None:
            raise self._contradiction(
                "a row is about a lot that dispositions.parquet does not have", " ".join(where), ""
            )
        return found

    def _check_counts(self, counted: Counter[str]) -> None:
        counts = self._run["counts"]
        stated = {name: number for name, number in counts["dispositions"].items() if number}
        if dict(counted) != stated:
            raise self._contradiction("run.json and dispositions.parquet count differently", dict(counted), str(stated))
        if counts["rows_read"] != counts["rows_judged"] + counts["rows_refused"]:
            raise self._contradiction("run.json counts rows that went nowhere", counts, "rows_read = judged + refused")

    def _check_cells(self, seen: Mapping[int, Counter[str]]) -> None:
        pending = self._pending()
        for judgement, stated in self._stated.items():
            words = seen.get(judgement, Counter())
            found = tuple(words[name] - (pending[judgement] if name == "missing" else 0) for name in _COUNTED)
            if found != stated:
                raise self._contradiction(
                    "verdicts.parquet and dispositions.parquet count differently",
                    dict(zip(_COUNTED, found, strict=True)),
                    str(dict(zip(_COUNTED, stated, strict=True))),
                )
        self._stated.clear()

    def _pending(self) -> Counter[int]:
        found: Counter[int] = Counter()
        with self._store.connect() as connection:
            for row in connection.execute(
                select(JUDGEMENTS.c.id, JUDGEMENTS.c.pending).where(
                    JUDGEMENTS.c.evaluation_id == self._evaluation, JUDGEMENTS.c.pending > 0
                )
            ):
                found[row.id] = row.pending
        return found

    def _chunks(self, name: str) -> Iterator[list[dict[str, Any]]]:
        import pyarrow as pa  # noqa: PLC0415 - only where files are read
        import pyarrow.parquet as pq  # noqa: PLC0415

        path = self._folder / f"{name}.parquet"
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                    yield batch.to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise refused(
                "RQC-W100",
                "A file of the evaluation cannot be read.",
                where=str(path),
                got=error,
                expected="a file that `regenqc evaluate --out` wrote",
                action="Judge the batches again.",
            ) from error

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            with self._store.begin() as connection:
                connection.execute(insert(table), rows)

    def _contradiction(self, what: str, got: object, expected: str) -> Exception:
        return refused(
            "RQC-W101",
            "The files of the evaluation contradict one another.",
            where=str(self._folder),
            got=f"{what}: {got}",
            expected=expected,
            action="Somebody changed a file: judge the batches again.",
        )


_LEFT_OUT: Final = frozenset({*_OWN, "batch_id", "row_number"})


def _can_be(row: Mapping[str, Any]) -> bool:
    """Return whether a disposition can follow from the number of cells; a failure may be one that is only reported."""
    unknown = row["inconclusive"] + row["missing"]
    return bool(
        {
            "reject": row["fails"] > 0,
            "hold": True,  # a failure or a batch may hold by itself
            "conditional": row["pending"] > 0 and unknown == 0,
            "eligible": row["pending"] == 0 and unknown == 0,
        }.get(row["disposition"])
    )


def _judgements_of(connection: Connection, evaluation: int) -> Iterator[Sequence[Any]]:
    """Yield the judgements of an evaluation with batch and attributes, a few thousand at a time."""
    query = (
        select(JUDGEMENTS, BATCHES.c.batch_id, BATCHES.c.attributes)
        .join(BATCHES, BATCHES.c.id == JUDGEMENTS.c.batch)
        .where(JUDGEMENTS.c.evaluation_id == evaluation)
        .order_by(JUDGEMENTS.c.id)
        .limit(_ROWS_AT_ONCE)
    )
    last = 0
    while rows := connection.execute(query.where(JUDGEMENTS.c.id > last)).all():
        yield rows
        last = rows[-1].id


def _take_away(store: Engine, evaluation: int) -> None:
    """Remove an evaluation that nobody sees."""
    batches = select(BATCHES.c.id).where(BATCHES.c.evaluation_id == evaluation)
    judgements = select(JUDGEMENTS.c.id).where(JUDGEMENTS.c.evaluation_id == evaluation)
    with store.begin() as connection:
        connection.execute(delete(RESULTS).where(RESULTS.c.batch.in_(batches)))
        for table in (CELLS, FINDINGS):
            connection.execute(delete(table).where(table.c.judgement_id.in_(judgements)))
        connection.execute(delete(JUDGEMENTS).where(JUDGEMENTS.c.evaluation_id == evaluation))
        connection.execute(delete(BATCHES).where(BATCHES.c.evaluation_id == evaluation))
        connection.execute(delete(EVALUATIONS).where(EVALUATIONS.c.id == evaluation))


def _take_away_unfinished(store: Engine) -> None:
    with store.connect() as connection:
        left = connection.execute(select(EVALUATIONS.c.id).where(EVALUATIONS.c.state == "loading")).scalars().all()
    for evaluation in left:
        _take_away(store, evaluation)


def _next(store: Engine, table: Table) -> int:
    with store.connect() as connection:
        return int(connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1


def _text(text: str) -> str:
    return normalize("NFC", text)
