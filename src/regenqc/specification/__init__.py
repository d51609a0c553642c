"""Release specifications as versioned, checked, fingerprinted data."""

from regenqc.specification.fingerprint import fingerprint_specification
from regenqc.specification.loading import load_specification, parse_specification, save_specification
from regenqc.specification.lookup import list_specifications
from regenqc.specification.model import Requirement, Specification, SpecificationDocument
from regenqc.specification.schema import specification_schema

__all__ = [
    "Requirement",
    "Specification",
    "SpecificationDocument",
    "fingerprint_specification",
    "list_specifications",
    "load_specification",
    "parse_specification",
    "save_specification",
    "specification_schema",
]
