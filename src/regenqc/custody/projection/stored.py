"""Read back the rows of a span of events."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from regenqc.custody.projection.rows import AddedRows
from regenqc.custody.projection.tables import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regenqc.ledger import Snapshot

__all__ = ["stored_rows"]


def stored_rows(view: Snapshot, *, start: int, end: int, names: int) -> AddedRows:
    """Return the rows of the events from `start` to before `end`, as the tables hold them.

    Args:
        view: snapshot or transaction.
        start: index of the first event.
        end: index behind the last event.
        names: number of the last code that events before `start` name; all later codes are returned.
    """
    span = (start, end)
    step, edge, transfer, condition = (
        _select(table) for table in ("custody_step", "custody_edge", "custody_transfer", "custody_condition")
    )
    return AddedRows(
        names=[(number, text) for number, text in view.execute(f"{_NAMES} WHERE number > ? ORDER BY number", (names,))],
        uses=[],
        steps=_flat(view.execute(f"{step} ORDER BY event", span)),
        edges=_flat(view.execute(f"{edge} ORDER BY event, part, subject", span)),
        transfers=_flat(view.execute(f"{transfer} ORDER BY event, subject", span)),
        conditions=view.execute(f"{condition} ORDER BY event, position", span),
        places=_flat(
            view.execute(
                "SELECT event, replaces FROM custody_place WHERE event >= ? AND event < ? ORDER BY event", span
            )
        ),
        voids=_flat(
            view.execute(
                "SELECT event, correction FROM custody_void WHERE correction >= ? AND correction < ? ORDER BY correction",
                span,
            )
        ),
    )


_NAMES = "SELECT number, text FROM custody_name"


def _select(table: str) -> str:
    return f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE event >= ? AND event < ?"  # noqa: S608 - names from code


def _flat(rows: Iterable[Iterable[int]]) -> list[int]:
    return list(chain.from_iterable(rows))
