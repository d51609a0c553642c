"""One event before the log as it stands: what the rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.rules.catalogue import RULES
from regenqc.errors import Fault

if TYPE_CHECKING:
    from regenqc.custody.kinds import Kind
    from regenqc.custody.knowledge import Knowledge
    from regenqc.custody.record import Event, Item
    from regenqc.custody.rules.policy import Policy
    from regenqc.custody.state import ItemState

__all__ = ["Case", "refusal"]


@dataclass(slots=True)
class Case:
    """Hold an event and what is known of everything it names.

    Args:
        event: to be judged; right in itself.
        kind: what its kind means.
        known: the log so far.
        policy: of the site.
        now: the moment of judging.
        items: the items of the event that the log knows, with their states.
        inputs: the same for its inputs.
    """

    event: Event
    kind: Kind
    known: Knowledge
    policy: Policy
    now: str
    items: list[tuple[Item, ItemState]]
    inputs: list[tuple[Item, ItemState]]


def refusal(rule: str, item: str, *, got: str = "", expected: str = "", action: str = "") -> Fault:
    """Return the violation of a rule.

    Example:
        >>> refusal("RQC-C141", "DOSE-1").what
        'No step on a recalled item.'
    """
    return Fault(code=rule, what=RULES[rule], where=item, got=got, expected=expected, action=action)
