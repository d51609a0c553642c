"""What an item was made from, and whether that still stands: a bank, a material, a culture recalled, rejected or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.custody.projection.source import marks, parted
from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.lineage import reached, traced_items
from regenqc.custody.versions import specification_of
from regenqc.custody.words import PERMITTING_DECISIONS
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.trace.reader import Reader

__all__ = ["fallen_origins"]


def fallen_origins(reader: Reader, code: str) -> tuple[str, ...]:
    """Return what an item came from that was recalled, rejected or failed, with the word for it, in the order of the log.

    Args:
        reader: of the ledger.
        code: of the item, which is none of its own origins.
    """
    items = traced_items(reader, reached(reader, code, direction="backward", sorts=("item",)))
    lots = {item.state.lot for item in items if item.code == code and item.state is not None}
    # What became of its own lot is answered by whoever decided about it; of a bank or a material nobody else does.
    others = [
        item.code for item in items if item.state is not None and item.code != code and item.state.lot not in lots
    ]
    failed = _failed(reader, others)
    found = []
    for item in items:
        if item.state is None or item.code == code:
            continue
        # A recall of the item's own lot is one of the item itself.
        if item.state.recalled or (item.lot_recalled and item.state.lot not in lots):
            found.append(f"{item.code} recalled")
        elif item.state.decision == "reject":
            found.append(f"{item.code} rejected")
        elif item.code in failed:
            found.append(f"{item.code} evaluated as reject")
    return tuple(found)


def _failed(reader: Reader, codes: Sequence[str]) -> frozenset[str]:
    """Return the items of which the last evaluation by some specification is `reject`, and nobody decided otherwise since."""
    numbers = reader.source.numbers([*codes, "evaluation", "decision"])
    kinds = [numbers.pop(kind) for kind in ("evaluation", "decision") if kind in numbers]
    wanted = frozenset(codes)
    last: dict[tuple[str, str, str], str] = {}
    for index in sorted(_indices(reader, list(numbers.values()), kinds)):
        event = reader.event(index)
        if not reader.is_counted(index, event):
            continue
        about = [item.id for item in event.items if item.id in wanted]
        if event.kind == "evaluation":
            last.update({(code, event.stage, specification_of(event)): event.outcome for code in about})
        elif event.outcome in PERMITTING_DECISIONS:
            last = {key: outcome for key, outcome in last.items() if key[0] not in about}
    return frozenset(code for (code, _, _), outcome in last.items() if outcome == Disposition.REJECT.value)


def _indices(reader: Reader, numbers: Sequence[int], kinds: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for some in parted(numbers) if kinds else ():
        rows = reader.view.execute(
            "SELECT e.event FROM custody_edge e JOIN custody_step s ON s.event = e.event "  # noqa: S608 - question marks
            f"WHERE e.subject IN ({marks(some)}) AND e.part = ? AND s.kind IN ({marks(tuple(kinds))})",
            (*some, int(Part.ITEM), *kinds),
        )
        found.update(index for (index,) in rows)
    return found
