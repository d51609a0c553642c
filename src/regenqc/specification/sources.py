"""The register of sources: where every requirement, limit and clock of the shipped packs and tables comes from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.resources import packaged_path
from regenqc.specification.lookup import SOURCES, read_text
from regenqc.vocabulary import Force, Jurisdiction, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Source", "cited_sources", "load_sources", "read_sources"]

_CITED: Final = re.compile(r"\[([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)\]")
_KEYS: Final = ("id", "jurisdiction", "citation", "edition", "force", "mark", "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place in one document, as it was read.

    Args:
        id: stable identifier, cited as `[US-REL-1]`.
        jurisdiction: where it applies, `INT` for none in particular.
        citation: document and place.
        edition: which text was read.
        force: how strongly it binds.
        mark: `verified` when the text was read, `secondary` when another document reports it, else `unverified`.
        address: where the copy was found.
        numbers: every number that it gives and that a pack or table uses, with its unit.
    """

    id: str
    jurisdiction: Jurisdiction
    citation: str
    edition: str
    force: Force
    mark: Mark
    address: str
    numbers: tuple[str, ...] = ()


def cited_sources(citation: str) -> tuple[str, ...]:
    """Return the identifiers of the register that a citation names in square brackets.

    Example:
        >>> cited_sources("21 CFR 610.1 [US-REL-1]")
        ('US-REL-1',)
    """
    return tuple(_CITED.findall(citation))


@cache
def load_sources() -> Mapping[str, Source]:
    """Return the packaged register by identifier, in its order.

    Example:
        >>> load_sources()["US-REL-1"].citation
        '21 CFR 610.1'
    """
    return read_sources(packaged_path("specs") / f"{SOURCES}.toml")


def read_sources(path: Path) -> Mapping[str, Source]:
    """Read a register of sources.

    Raises:
        SpecificationError: not TOML, a key that is missing or unknown, a word that is not in its list, an identifier
            twice; with every fault.
    """
    faults: list[Fault] = []
    try:
        entries = tomllib.loads(read_text(path)).get("source", [])
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(
            Fault(code="RQC-S001", what="Not valid TOML.", where=str(path), got=str(error))
        ) from error
    found: dict[str, Source] = {}
    for index, entry in enumerate(entries):
        where = f"{path} source[{index}]"
        wrong = [f"no {key}" for key in _KEYS if not isinstance(entry.get(key), str) or not entry[key].strip()]
        wrong += [f"unknown {key}" for key in entry if key not in {*_KEYS, "numbers"}]
        if wrong:
            faults.append(_fault("A source is not complete.", where, ", ".join(wrong), ", ".join(_KEYS)))
            continue
        try:
            source = _source(entry)
        except ValueError as error:
            faults.append(_fault("A source has a word that is not in its list.", where, str(error), "a listed word"))
            continue
        if source.id in found:
            faults.append(_fault("Two sources have one identifier.", where, source.id, "an identifier of its own"))
        elif cited_sources(f"[{source.id}]") != (source.id,):
            faults.append(
                _fault("A source cannot be cited by its identifier.", where, source.id, "for example US-REL-1")
            )
        found[source.id] = source
    if faults:
        raise SpecificationError(*faults)
    return found


def _source(entry: Mapping[str, Any]) -> Source:
    return Source(
        id=entry["id"],
        jurisdiction=Jurisdiction(entry["jurisdiction"]),
        citation=entry["citation"],
        edition=entry["edition"],
        force=Force(entry["force"]),
        mark=Mark(entry["mark"]),
        address=entry["address"],
        numbers=tuple(entry.get("numbers", ())),
    )


def _fault(what: str, where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-S070", what=what, where=where, got=got, expected=expected, action="Correct the register of sources."
    )
