"""Answers as values of JSON, so that machines read what people see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from regenqc.custody.trace.completeness import Completeness
from regenqc.custody.trace.evidence import trace_document
from regenqc.custody.trace.holdings import Balance
from regenqc.custody.trace.lineage import Trace, TracedItem

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["answer_document"]


def answer_document(answer: object) -> Any:
    """Return an answer of this package as values of JSON; quantities are decimal texts.

    Args:
        answer: what a question of `regenqc.custody.trace` returned, or a sequence of such.

    Example:
        >>> from decimal import Decimal
        >>> answer_document([Balance("mL", made=Decimal("20.0"), stock=Decimal(20))])[0]["difference"]
        '0.0'
    """
    if isinstance(answer, (tuple, list)):
        entries: Sequence[object] = answer
        return [answer_document(entry) for entry in entries]
    if isinstance(answer, Trace):
        return trace_document(answer)
    if isinstance(answer, TracedItem):
        where = answer.where
        state = {} if answer.state is None else msgspec.to_builtins(answer.state)
        held = {} if where is None else {"held_by": where.holder, "on_its_way_to": where.heading, "is_at": where.place}
        recalled = {"lot_recalled": True} if answer.lot_recalled else {}
        return {"item": answer.code, **state, **recalled, **held}
    value = msgspec.to_builtins(answer)
    if isinstance(answer, Balance):
        value["difference"] = str(answer.difference)
    elif isinstance(answer, Completeness):
        value["complete"] = answer.complete
    return value
