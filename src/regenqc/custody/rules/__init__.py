"""The rules of custody: pure functions of what the log says and one further event.

Each rule has an id and a sentence (`catalogue`). A violated rule refuses the event; nothing is changed to make it fit.
"""

from regenqc.custody.rules.catalogue import RULES
from regenqc.custody.rules.check import violations
from regenqc.custody.rules.policy import SIGNED_KINDS, Policy, signatures_unchecked

__all__ = ["RULES", "SIGNED_KINDS", "Policy", "signatures_unchecked", "violations"]
