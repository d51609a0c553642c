"""Read laboratory exports and batch tables; code their rows; refuse what cannot be read, and keep it."""

from regenqc.intake.batches import BatchTable, read_batches
from regenqc.intake.table import ResultTable, read_results

__all__ = ["BatchTable", "ResultTable", "read_batches", "read_results"]
