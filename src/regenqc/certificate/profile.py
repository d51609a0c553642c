"""The profile of a product's certificates: who issues them, what is said about the product, where batch values come from.

A TOML document that the quality unit keeps beside the specification:

    schema = "regenqc.certificate-profile/1"
    languages = ["en", "zh"]
    number = "MAKER-{decision}-{type}"

    [issuer]
    name = "Maker"
    address = ["1 Main Street", "Town"]

    [fields]                       # the same for every batch
    product_name = "…"

    [attributes]                   # field = column of the batch, or columns joined with a blank
    dose = ["dose_cells", "dose_cells_unit"]

    [results]                      # field = test whose result is stated there
    viability_at_release = "viability"
"""

from __future__ import annotations

import string
import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from regenqc.certificate.faults import profile_error
from regenqc.certificate.wording import LANGUAGES, known_fields, known_types
from regenqc.errors import Fault, SpecificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["PROFILE_SCHEMA", "USUAL_COLUMNS", "Profile", "load_profile", "parse_profile"]

PROFILE_SCHEMA: Final = "regenqc.certificate-profile/1"

# Where the values of a batch stand when a profile says nothing else: columns of the batch table.
USUAL_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "batch_number": ("batch_id",),
        "date_of_manufacture": ("manufactured_at",),
        "expiry": ("expires_at",),
        "chain_of_identity": ("coi_id",),
        "dose": ("dose_cells", "dose_cells_unit"),
        "volume": ("dose_volume", "dose_volume_unit"),
        "donation_number": ("donation_number",),
        "single_european_code": ("single_european_code",),
        "product_name": ("product",),
        "storage_conditions": ("storage",),
        "container_count": ("container_count",),
        "quantity": ("quantity", "quantity_unit"),
        "date_received": ("received_at",),
        "date_tests_completed": ("tests_completed_at",),
        # What a hospital's decision says of the container.
        "container": ("item",),
        "received_at": ("received_at",),
        "received_by": ("receiving_site",),
        "container_integrity": ("container_integrity",),
        "temperature_record": ("temperature_record",),
        "patient_pseudonym": ("recipient_code",),
        "shipment": ("shipment",),
    }
)
_NUMBER: Final = "{decision}-{type}"
# What differs from batch to batch is never stated once for all.
_OF_A_BATCH: Final = frozenset(
    {
        "batch_number", "date_of_manufacture", "expiry", "viability_at_release", "chain_of_identity", "patient_pseudonym",
        "donation_number", "single_european_code", "date_received", "date_tests_completed", "received_at",
        "container_integrity", "temperature_record", "container", "shipment",
    }
)  # fmt: skip
_TABLES: Final = ("issuer", "fields", "attributes", "results", "statements")
_KEYS: Final = {"schema", "languages", "number", "remarks", *_TABLES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Hold what certificates of a product say beside the decision.

    Args:
        issuer_name: who issues.
        issuer_address: lines.
        languages: English, then at most one more.
        number: pattern of the certificate's number with `{decision}` and `{type}`.
        fields: values that are the same for every batch.
        attributes: field and the columns of the batch that it is read from.
        results: field and the test whose result it states.
        statements: type, language and wording that replaces the one of regenqc.
        remarks: on every certificate.
    """

    issuer_name: str
    issuer_address: tuple[str, ...]
    languages: tuple[str, ...]
    number: str
    fields: Mapping[str, str]
    attributes: Mapping[str, tuple[str, ...]]
    results: Mapping[str, str]
    statements: Mapping[str, Mapping[str, str]]
    remarks: str


def load_profile(path: Path) -> Profile:
    """Return the profile of a file.

    Raises:
        SpecificationError: `RQC-V030`, it cannot be read; `RQC-V031`, every fault of the document.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise profile_error(
            "RQC-V030",
            "The certificate profile cannot be read.",
            where=str(path),
            got=error,
            action="Name a file in UTF-8.",
        ) from error
    return parse_profile(text, where=str(path))


def parse_profile(text: str, *, where: str = "profile") -> Profile:
    r"""Return the profile that a text states.

    Raises:
        SpecificationError: `RQC-V030`, it is no TOML; `RQC-V031`, every fault of the document.

    Example:
        >>> parse_profile('schema = "regenqc.certificate-profile/1"\n[issuer]\nname = "Maker"\n').languages
        ('en',)
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise profile_error("RQC-V030", "The certificate profile is no TOML.", where=where, got=error) from error
    faults = [
        Fault(code="RQC-V031", what=what, where=f"{where} {place}".strip(), got=got, expected=expected, action=
              "Correct the profile.")
        for what, place, got, expected in _faults(document)
    ]  # fmt: skip
    if faults:
        raise SpecificationError(*faults)
    issuer = document["issuer"]
    given = {name: _columns(value) for name, value in document.get("attributes", {}).items()}
    return Profile(
        issuer_name=issuer["name"],
        issuer_address=tuple(issuer.get("address", ())),
        languages=tuple(document.get("languages", ("en",))),
        number=document.get("number", _NUMBER),
        fields=document.get("fields", {}),
        attributes=given,
        results=document.get("results", {}),
        statements=document.get("statements", {}),
        remarks=document.get("remarks", ""),
    )


def _columns(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _faults(document: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    if document.get("schema") != PROFILE_SCHEMA:
        yield (
            "The schema is not the one of a certificate profile.",
            "schema",
            repr(document.get("schema")),
            PROFILE_SCHEMA,
        )
    for key in document.keys() - _KEYS:
        yield "Unknown key.", key, key, ", ".join(sorted(_KEYS))
    for name in _TABLES:
        if not isinstance(document.get(name, {}), dict):
            yield "A table is expected.", name, repr(document[name]), f"[{name}]"
            return
    issuer = document.get("issuer", {})
    if not _is_text(issuer.get("name")):
        yield "The issuer has no name.", "issuer.name", repr(issuer.get("name")), "a text"
    if not all(_is_text(line) for line in _listed(issuer.get("address", []))) or issuer.keys() - {"name", "address"}:
        yield "The issuer is not understood.", "issuer", repr(issuer), "name, and address as a list of texts"
    languages = document.get("languages", ["en"])
    others = languages[1:] if isinstance(languages, list) else []
    if (
        not isinstance(languages, list)
        or languages[:1] != ["en"]
        or len(others) > 1
        or not set(others) <= set(LANGUAGES[1:])
    ):
        yield "The languages are not understood.", "languages", repr(languages), 'English, then one of "zh", "ja", "ko"'
    yield from _number_faults(document.get("number", _NUMBER))
    if not isinstance(document.get("remarks", ""), str):
        yield "The remarks are no text.", "remarks", repr(document["remarks"]), "a text"
    for table in ("fields", "attributes", "results"):
        for name, value in document.get(table, {}).items():
            if name not in known_fields():
                yield "Unknown field.", f"{table}.{name}", name, ", ".join(known_fields())
            if name == "batch_number" or (table == "fields" and name in _OF_A_BATCH):
                yield "This field is stated by the batch alone.", f"{table}.{name}", repr(value), "nothing here"
            good = _is_text(value) or (
                table == "attributes" and bool(_listed(value)) and all(_is_text(part) for part in _listed(value))
            )
            if not good:
                yield "The value is not understood.", f"{table}.{name}", repr(value), "a text"
    for name, wording in document.get("statements", {}).items():
        if name not in known_types():
            yield "Unknown type of certificate.", f"statements.{name}", name, ", ".join(known_types())
        if not isinstance(wording, dict) or not all(
            language in LANGUAGES and _is_text(body) for language, body in wording.items()
        ):
            yield "The statement is not understood.", f"statements.{name}", repr(wording), "text by language"


def _number_faults(number: Any) -> Iterator[tuple[str, str, str, str]]:
    expected = "a pattern with {decision} and {type}"
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(number) if name is not None}
    except (ValueError, TypeError, AttributeError):
        names = set()
    if not {"decision", "type"} <= names or names - {"decision", "type"}:
        yield "Certificates would not be numbered apart.", "number", repr(number), expected


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]
