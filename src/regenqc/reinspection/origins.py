"""What an item was made from, and whether that still stands: a bank, a material, a culture recalled or rejected later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.custody.trace.lineage import reached, traced_items

if TYPE_CHECKING:
    from regenqc.custody.trace.reader import Reader

__all__ = ["fallen_origins"]


def fallen_origins(reader: Reader, code: str) -> tuple[str, ...]:
    """Return what an item came from that was recalled or rejected, with the word for it, in the order of the log.

    Args:
        reader: of the ledger.
        code: of the item, which is none of its own origins.
    """
    items = traced_items(reader, reached(reader, code, direction="backward", sorts=("item",)))
    lots = {item.state.lot for item in items if item.code == code and item.state is not None}
    found = []
    for item in items:
        if item.state is None or item.code == code:
            continue
        # A recall of the item's own lot is one of the item itself.
        if item.state.recalled or (item.lot_recalled and item.state.lot not in lots):
            found.append(f"{item.code} recalled")
        elif item.state.decision == "reject":
            found.append(f"{item.code} rejected")
    return tuple(found)
