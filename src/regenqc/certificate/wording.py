"""Headings and fixed words of certificates in English, Chinese, Japanese and Korean, and the fields of every type."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LANGUAGES",
    "FieldList",
    "field_lists",
    "heading",
    "kinds_of",
    "known_fields",
    "known_types",
    "section_of",
    "statement",
    "texts",
    "wording_digest",
]

LANGUAGES: Final = ("en", "zh", "ja", "ko")
_FOLDER: Final = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True, slots=True)
class FieldList:
    """Say which fields one source asks for.

    Args:
        citation: of the source.
        mark: `verified`, `secondary` or `unverified`.
        required: absent is an error.
        stated: printed as "not stated" when absent.
        optional: printed when there.
    """

    citation: str
    mark: str
    required: tuple[str, ...]
    stated: tuple[str, ...]
    optional: tuple[str, ...]


@cache
def _tables() -> tuple[dict[str, Any], dict[str, Any]]:
    fields = tomllib.loads((_FOLDER / "fields.toml").read_text(encoding="utf-8"))
    return fields, tomllib.loads((_FOLDER / "words.toml").read_text(encoding="utf-8"))


@cache
def wording_digest() -> str:
    """Return the digest of both tables; a page is made again only with the same words."""
    data = b"".join((_FOLDER / name).read_bytes() for name in ("fields.toml", "words.toml"))
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@cache
def field_lists(certificate_type: str) -> tuple[FieldList, ...]:
    """Return what a type of certificate states, source by source.

    Example:
        >>> field_lists("certificate_of_analysis")[0].mark
        'verified'
    """
    return tuple(
        FieldList(
            entry["citation"],
            entry["mark"],
            tuple(entry.get("required", ())),
            tuple(entry.get("stated", ())),
            tuple(entry.get("optional", ())),
        )
        for entry in _tables()[0]["types"][certificate_type]["lists"]
    )


@cache
def known_fields() -> tuple[str, ...]:
    """Return the names of all fields."""
    return tuple(_tables()[0]["fields"])


@cache
def known_types() -> tuple[str, ...]:
    """Return the types of certificates."""
    return tuple(_tables()[0]["types"])


def statement(certificate_type: str, languages: Sequence[str]) -> dict[str, str]:
    """Return the wording of regenqc for a type, by language."""
    entry = _tables()[1]["statements"][certificate_type]
    return {language: entry[language] for language in languages}


def kinds_of(certificate_type: str) -> tuple[str, ...]:
    """Return the kinds of decision that a type of certificate can carry."""
    return tuple(_tables()[0]["types"][certificate_type]["kinds"])


def section_of(field: str) -> str:
    """Return the section under which a field is printed."""
    return str(_tables()[0]["fields"][field]["section"])


def heading(group: str, name: str, languages: Sequence[str]) -> list[str]:
    """Return the heading of a field, section or type in the languages of a certificate.

    Example:
        >>> heading("fields", "batch_number", ("en", "zh"))
        ['Batch number', '批号']
    """
    entry = _tables()[0][group][name]
    return [entry[language] for language in languages]


def texts(group: str, name: str, languages: Sequence[str]) -> list[str]:
    """Return a fixed word in the languages of a certificate; a word that is not in the table stands as it is, once.

    Example:
        >>> texts("verdicts", "fails", ("en", "ja"))
        ['Does not conform', '不適合']
        >>> texts("roles", "night_porter", ("en", "ja"))
        ['night porter']
    """
    entry = _tables()[1][group].get(name)
    return [entry[language] for language in languages] if entry is not None else [name.replace("_", " ")]
