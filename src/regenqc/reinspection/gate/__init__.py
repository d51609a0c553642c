"""The gate before the patient: one answer, go or no-go, with every reason, from the ledger alone.

`question` says what is asked, `gathering` reads what the ledger knows of it, `table` lists the conditions, and `answer` puts
every one of them to what is known. A condition is a pure function; none of them looks at another.
"""

from regenqc.reinspection.gate.answer import Answered, GateAnswer, ask_gate, gate_value, judge_gate
from regenqc.reinspection.gate.checkpoint import KnownCheckpoint, known_checkpoint
from regenqc.reinspection.gate.facts import Facts
from regenqc.reinspection.gate.question import GateRules, Question, parse_gate_rules
from regenqc.reinspection.gate.recording import answer_event
from regenqc.reinspection.gate.table import CONDITIONS, Condition

__all__ = [
    "CONDITIONS",
    "Answered",
    "Condition",
    "Facts",
    "GateAnswer",
    "GateRules",
    "KnownCheckpoint",
    "Question",
    "answer_event",
    "ask_gate",
    "gate_value",
    "judge_gate",
    "known_checkpoint",
    "parse_gate_rules",
]
