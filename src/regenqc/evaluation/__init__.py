"""Judge results, settle cells, and say for every batch what the data allow and why."""

from regenqc.evaluation.engine import Evaluation, evaluate
from regenqc.evaluation.matrix import VerdictMatrix

__all__ = ["Evaluation", "VerdictMatrix", "evaluate"]
