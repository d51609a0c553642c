"""Release specifications as versioned, checked, fingerprinted data."""

from regenqc.specification.loading import (
    fingerprint_specification,
    list_specifications,
    load_specification,
    parse_specification,
)
from regenqc.specification.model import Requirement, Specification, SpecificationDocument

__all__ = [
    "Requirement",
    "Specification",
    "SpecificationDocument",
    "fingerprint_specification",
    "list_specifications",
    "load_specification",
    "parse_specification",
]
