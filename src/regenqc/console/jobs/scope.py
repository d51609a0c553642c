"""What an upload may touch: an account that is restricted to sites changes what is known of the lots of these sites alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from regenqc.console.store.tables import LOTS
from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

__all__ = ["check_scope"]

_AT_ONCE = 500
_MOST_FAULTS = 20


def check_scope(store: Engine, folder: Path, *, site: str, sites: Collection[str]) -> None:
    """Refuse an evaluation of lots that belong to other sites than those of whoever uploaded it.

    Args:
        store: of the console.
        folder: of the output.
        site: of lots that state none.
        sites: of whoever uploaded it; empty for every one.

    Raises:
        DataError: `RQC-W424`, with every such lot.
    """
    if sites:
        faults = list(_elsewhere(store, folder, site=site, sites=sites))
        if faults:
            raise DataError(*faults[:_MOST_FAULTS])


def _elsewhere(store: Engine, folder: Path, *, site: str, sites: Collection[str]) -> Iterator[Fault]:
    files = EvaluationFiles(folder)
    batches = sorted({row["batch_id"] for row in files.rows("dispositions")})
    for batch_id in batches:
        stated = files.lot(batch_id, None).get("site") or site
        if stated not in sites:
            yield _fault(batch_id, stated, sites)
    # A lot that another site has stays its own, whatever the upload states or leaves out.
    for start in range(0, len(batches), _AT_ONCE):
        asked = (
            select(LOTS.c.batch_id, LOTS.c.site)
            .where(LOTS.c.batch_id.in_(batches[start : start + _AT_ONCE]), LOTS.c.site.not_in(sites))
            .distinct()
        )
        with store.connect() as connection:
            for row in connection.execute(asked):
                yield _fault(row.batch_id, "another site", sites)


def _fault(batch_id: str, got: str, sites: Collection[str]) -> Fault:
    return Fault(
        code="RQC-W424",
        what="A lot belongs to a site for which this account does not speak.",
        where=batch_id,
        got=got,
        expected=", ".join(sorted(sites)),
        action="Upload it with an account of that site; nothing of this upload was taken.",
    )
