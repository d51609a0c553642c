"""The queue: lots in the order in which somebody has to look at them, a page at a time, with counts that are kept.

A page is taken out of the groups that a question asks for, each of them in its own order already, so that it costs the same
among a thousand lots and among a million.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, tuple_

from regenqc.console.store.current_lots import folded
from regenqc.console.store.tables import GROUPS, LOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

__all__ = ["DISPOSITIONS", "SHOWN", "Choice", "QueuePage", "read_queue"]

# Exceptions first.
DISPOSITIONS: Final = ("reject", "hold", "conditional", "eligible")
# What a queue shows: lots by state, or those whose results are still to come, whatever was decided.
SHOWN: Final = ("open", "waiting", "pending", "decided")
_PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Say which lots somebody asks for; an empty text asks for all.

    Args:
        show: one of `SHOWN`.
        name: beginning of the lot's name.
        after: where the page before ended, as it said; empty for the first.
    """

    show: str = "open"
    disposition: str = ""
    product: str = ""
    stage: str = ""
    site: str = ""
    name: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Hold one page of the queue.

    Args:
        lots: rows of the table, in order.
        following: where this page ends, empty when it is the last.
        counts: lots by disposition, whatever disposition is asked for and whatever the name.
        shown: lots by what a queue may show.
        options: values of `product`, `stage` and `site` among the lots that the person may see.
    """

    lots: Sequence[Any]
    following: str
    counts: dict[str, int]
    shown: dict[str, int]
    options: dict[str, list[str]] = field(default_factory=dict)


def read_queue(store: Engine, choice: Choice, *, sees: Callable[[str], bool], per_page: int = _PER_PAGE) -> QueuePage:
    """Return a page of the queue.

    Args:
        store: of the console.
        choice: which lots.
        sees: whether lots of a site may be seen.
        per_page: lots on a page.
    """
    with store.connect() as connection:
        every = connection.execute(select(GROUPS).where(GROUPS.c.lots > 0)).all()
        groups = [row for row in every if sees(row.site)]
        alike = [row for row in groups if _is_chosen(row, choice)]
        wanted = [row for row in alike if choice.disposition in {"", row.disposition} and _is_shown(row, choice.show)]
        found = (
            _by_name(connection, wanted, choice, per_page + 1)
            if folded(choice.name)
            else _in_order(connection, wanted, choice, per_page + 1, every)
        )
        lots = list(islice(found, per_page + 1))
    counts = Counter(dict.fromkeys(DISPOSITIONS, 0))
    shown = Counter(dict.fromkeys(SHOWN, 0))
    for row in alike:
        if _is_shown(row, choice.show):
            counts[row.disposition] += row.lots
        for name in SHOWN:
            shown[name] += row.lots if _is_shown(row, name) else 0
    last = lots[per_page - 1] if len(lots) > per_page else None
    return QueuePage(
        lots=lots[:per_page],
        following="" if last is None else _place(last, choice),
        counts=dict(counts),
        shown=dict(shown),
        options={name: sorted({getattr(row, name) for row in groups} - {""}) for name in ("product", "stage", "site")},
    )


def _is_chosen(group: Any, choice: Choice) -> bool:
    return (
        choice.product in {"", group.product} and choice.stage in {"", group.stage} and choice.site in {"", group.site}
    )


def _is_shown(group: Any, show: str) -> bool:
    return bool(group.disposition == "conditional") if show == "pending" else bool(group.state == show)


def _in_order(
    connection: Connection, groups: Sequence[Any], choice: Choice, number: int, every: Sequence[Any]
) -> Iterator[Any]:
    """Yield lots: the worst disposition first, among equals the one that is due first."""
    first, due, last = _read_place(choice.after, parts=3)
    for position, disposition in enumerate(DISPOSITIONS):
        if position < first:
            continue
        after = (due, last) if position == first else (-(2**62), -1)
        found = sorted(
            pair
            for stream in _streams([row for row in groups if row.disposition == disposition], every)
            for pair in _first_of(connection, stream, after, number)
        )[:number]
        rows = connection.execute(select(LOTS).where(LOTS.c.id.in_([lot for _, lot in found]))).all()
        yield from sorted(rows, key=lambda lot: (lot.due_at, lot.id))


def _streams(groups: Sequence[Any], every: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield what an index holds in order: all lots of a state and disposition where all are asked for, else each group."""
    for state in sorted({row.state for row in groups}):
        own = [row for row in groups if row.state == state]
        if len(own) == sum((row.state, row.disposition) == (state, own[0].disposition) for row in every):
            yield {"state": state, "disposition": own[0].disposition}
        else:
            yield from ({"group_id": row.id} for row in own)


def _first_of(
    connection: Connection, stream: dict[str, Any], after: tuple[int, int], number: int
) -> Iterator[tuple[int, int]]:
    query = (
        select(LOTS.c.due_at, LOTS.c.id)
        .where(*(LOTS.c[name] == value for name, value in stream.items()))
        .where(tuple_(LOTS.c.due_at, LOTS.c.id) > tuple_(*after))
        .order_by(LOTS.c.due_at, LOTS.c.id)
        .limit(number)
    )
    yield from ((row.due_at, row.id) for row in connection.execute(query))


def _by_name(connection: Connection, groups: Sequence[Any], choice: Choice, number: int) -> Iterator[Any]:
    """Yield lots whose name begins as asked for, in the order of their names."""
    begins, (last,) = folded(choice.name), _read_place(choice.after, parts=1)
    query = (
        select(LOTS)
        .where(LOTS.c.folded >= begins, LOTS.c.folded < begins + "\U0010ffff")
        .where(LOTS.c.group_id.in_([row.id for row in groups]))
        .order_by(LOTS.c.folded, LOTS.c.id)
        .limit(number)
    )
    if last:
        there = connection.execute(select(LOTS.c.folded).where(LOTS.c.id == last)).scalar()
        query = query.where(tuple_(LOTS.c.folded, LOTS.c.id) > tuple_(there or "", last))
    yield from connection.execute(query)


def _place(lot: Any, choice: Choice) -> str:
    if folded(choice.name):
        return str(lot.id)
    return f"{DISPOSITIONS.index(lot.disposition)}.{lot.due_at}.{lot.id}"


def _read_place(text: str, *, parts: int) -> list[int]:
    """Return where a page begins; what is no place is the beginning, for it may have been typed."""
    try:
        found = [int(part) for part in text.split(".")]
    except ValueError:
        found = []
    is_place = len(found) == parts and all(0 <= part < 2**62 for part in found)
    return found if is_place else [0, -(2**62), -1][:parts] if parts > 1 else [0]
