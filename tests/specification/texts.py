"""Specification texts for the tests: small ones, written as an author would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.errors import Fault, SpecificationError
from regenqc.specification import Specification, load_specification, parse_specification

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """\
schema = "regenqc.specification/1"
id = "{id}"
version = "{version}"
title = "A specification of the tests"
jurisdiction = "INT"
"""

# Every key that a complete requirement needs and that is beside the point of most tests.
REST = """\
stage = "drug_product_release"
citation = "a document"
mark = "verified"
"""


def header(identifier: str = "product", *, version: str = "1.0.0", more: str = "") -> str:
    return HEADER.format(id=identifier, version=version) + more


def requirement(keys: str, *, identifier: str = "viability", test: str = "viability", rest: str = REST) -> str:
    named = f'test = "{test}"\n' if test else ""
    return f'\n[[requirement]]\nid = "{identifier}"\n{named}{rest}{keys}\n'


VIABILITY = requirement('limit = { min = "70", unit = "%" }')


def faults_of(text: str, *, roots: tuple[Path, ...] = ()) -> tuple[Fault, ...]:
    """Return the faults of a text, none when it loads."""
    try:
        parse_specification(text, source="product.toml", roots=roots)
    except SpecificationError as error:
        return error.faults
    return ()


def only_fault(text: str, *, roots: tuple[Path, ...] = ()) -> Fault:
    faults = faults_of(text, roots=roots)
    assert len(faults) == 1, "\n".join(map(str, faults)) or "no fault"
    return faults[0]


def store(root: Path, identifier: str, body: str, *, version: str = "1.0.0", more: str = "") -> Path:
    """Write a specification file below a directory and return its path."""
    path = root / f"{identifier}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header(identifier, version=version, more=more) + body, encoding="utf-8")
    return path


def extend(root: Path, inherited: str, own: str, *, more: str = "", more_of_pack: str = "") -> Specification:
    """Load a product that extends a pack; both are given by their requirements."""
    store(root, "pack", inherited, more=more_of_pack)
    return load_specification(store(root, "product", own, more=f'extends = ["pack"]\n{more}'))
