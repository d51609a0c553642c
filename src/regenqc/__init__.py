"""Judge manufactured batches of cell and gene therapies against versioned release specifications.

>>> import regenqc
>>> specification = regenqc.load_specification("example/car-t-ari-0001")
>>> specification.stages
(<Stage.DRUG_PRODUCT_RELEASE: 'drug_product_release'>,)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from regenqc.errors import (
    DataError,
    Fault,
    InternalError,
    LedgerError,
    RegenqcError,
    SignatureError,
    SpecificationError,
    UsageError,
)
from regenqc.vocabulary import Disposition, Stage, Verdict

if TYPE_CHECKING:
    from regenqc.evaluation import Evaluation, VerdictMatrix, evaluate
    from regenqc.intake import BatchTable, ResultTable, read_batches, read_results
    from regenqc.simulation import simulate
    from regenqc.specification import (
        Requirement,
        Specification,
        list_specifications,
        load_specification,
        parse_specification,
        save_specification,
        specification_schema,
    )

__all__ = [
    "BatchTable",
    "DataError",
    "Disposition",
    "Evaluation",
    "Fault",
    "InternalError",
    "LedgerError",
    "RegenqcError",
    "Requirement",
    "ResultTable",
    "SignatureError",
    "Specification",
    "SpecificationError",
    "Stage",
    "UsageError",
    "Verdict",
    "VerdictMatrix",
    "evaluate",
    "list_specifications",
    "load_specification",
    "parse_specification",
    "read_batches",
    "read_results",
    "save_specification",
    "simulate",
    "specification_schema",
]

__version__ = "0.1.0"

# What stands here is imported on first use: `import regenqc` loads no numeric library.
_HOMES = {
    "Evaluation": "regenqc.evaluation",
    "VerdictMatrix": "regenqc.evaluation",
    "evaluate": "regenqc.evaluation",
    "BatchTable": "regenqc.intake",
    "ResultTable": "regenqc.intake",
    "read_batches": "regenqc.intake",
    "read_results": "regenqc.intake",
    "simulate": "regenqc.simulation",
    "Requirement": "regenqc.specification",
    "Specification": "regenqc.specification",
    "list_specifications": "regenqc.specification",
    "load_specification": "regenqc.specification",
    "parse_specification": "regenqc.specification",
    "save_specification": "regenqc.specification",
    "specification_schema": "regenqc.specification",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regenqc' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
