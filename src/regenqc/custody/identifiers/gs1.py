"""GS1 keys in every form in which they arrive, and their one spelling.

A key arrives as a scanned element string (`]d2010950600013435221A1` with separators), typed with brackets
(`(01)09506000134352(21)A1`), as a GS1 Digital Link URI of any domain, or as an EPC URI (`urn:epc:id:sgtin:…`). All four become
the same `Gs1Identifier`, whose `uri` is the canonical GS1 Digital Link URI, as EPCIS 2.0 uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from regenqc.custody.identifiers.application_identifiers import APPLICATION_IDENTIFIERS, check_element
from regenqc.custody.identifiers.fault import wrong_identifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CANONICAL_DOMAIN", "Gs1Identifier", "digital_link", "parse_digital_link", "parse_element_string"]

CANONICAL_DOMAIN: Final = "https://id.gs1.org"
SEPARATOR: Final = "\x1d"

# Primary keys of a GS1 Digital Link and the qualifiers that may follow them, in their order (GS1 Digital Link: URI
# Syntax 1.3, section 4). Qualifiers that a finer one makes superfluous stand in `_SUPERFLUOUS`.
_QUALIFIERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "01": ("22", "10", "21", "235"),
        "8006": ("22", "10", "21"),
        "8010": ("8011",),
        "414": ("254",),
        "8017": ("8019",),
        "8018": ("8019",),
        **dict.fromkeys(("00", "253", "255", "401", "402", "417", "8003", "8004"), ()),
    }
)
_SUPERFLUOUS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"21": ("22", "10"), "235": ("22", "10")})
_SHORT_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gtin": "01",
        "itip": "8006",
        "cpid": "8010",
        "gln": "414",
        "party": "417",
        "gsrnp": "8017",
        "gsrn": "8018",
        "gcn": "255",
        "sscc": "00",
        "gdti": "253",
        "ginc": "401",
        "gsin": "402",
        "grai": "8003",
        "giai": "8004",
        "cpv": "22",
        "lot": "10",
        "ser": "21",
        "exp": "17",
    }
)
_BRACKETED: Final = re.compile(r"\(([0-9]{2,4})\)([^(]+)")
_SYMBOLOGY: Final = re.compile(r"\]C1|\]e[0-3]|\]d2|\]Q3|\]J1")
# GTIN-8, -12 and -13 are written with leading zeros.
_GTIN_LENGTHS: Final = (8, 12, 13)


@dataclass(frozen=True, slots=True)
class Gs1Identifier:
    """Hold the checked elements of one GS1 key.

    Args:
        key: application identifier and value of the primary key.
        qualifiers: those that belong to the key, in the order of the standard.
        attributes: further elements, such as (17) expiry, in the order in which they were given.
    """

    key: tuple[str, str]
    qualifiers: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def uri(self) -> str:
        """Return the canonical GS1 Digital Link URI of the finest level: a serial number makes lot and variant superfluous.

        Example:
            >>> parse_element_string("(01)09506000134352(10)ABC1(21)A/1(17)261231").uri
            'https://id.gs1.org/01/09506000134352/21/A%2F1'
        """
        dropped = {code for present, _ in self.qualifiers for code in _SUPERFLUOUS.get(present, ())}
        kept = [(code, value) for code, value in self.qualifiers if code not in dropped]
        return CANONICAL_DOMAIN + _path([self.key, *kept])

    @property
    def class_uri(self) -> str:
        """Return the canonical URI of the class of things: without serial number, with the lot where one is known."""
        kept = [(code, value) for code, value in self.qualifiers if code == "10"]
        return CANONICAL_DOMAIN + _path([self.key, *kept])

    def value(self, code: str) -> str:
        """Return the value of an application identifier, empty when it is not there."""
        return dict((self.key, *self.qualifiers, *self.attributes)).get(code, "")


def parse_element_string(text: str) -> Gs1Identifier:
    r"""Read a GS1 element string, typed with brackets or as a scanner sends it.

    Args:
        text: `(01)…(21)…`, or the scan with or without symbology identifier, FNC1 as `\x1d`.

    Raises:
        DataError: `RQC-C030` for an unknown application identifier, a wrong form or check digit, or no primary key.

    Source: GS1 General Specifications, section 7.8.

    Example:
        >>> parse_element_string("]d2010950600013435210ABC\x1d21X1").qualifiers
        (('10', 'ABC'), ('21', 'X1'))
    """
    if text.startswith("("):
        elements = [(match[1], match[2]) for match in _BRACKETED.finditer(text)]
        if "".join(f"({code}){value}" for code, value in elements) != text:
            raise wrong_identifier("This is no GS1 element string.", got=text, expected="(01)…(21)…")
    else:
        elements = _scanned(text)
    return _identifier(elements, text)


def parse_digital_link(uri: str) -> Gs1Identifier:
    """Read a GS1 Digital Link URI of any domain, with application identifiers or their short names.

    Raises:
        DataError: `RQC-C030`.

    Source: GS1 Digital Link: URI Syntax.

    Example:
        >>> parse_digital_link("https://example.org/shop/gtin/9506000134352/lot/ABC?exp=261231").uri
        'https://id.gs1.org/01/09506000134352/10/ABC'
    """
    match = re.fullmatch(r"https?://[^/?#\s]+((?:/[^/?#\s]*)+)(?:\?([^#\s]*))?(?:#\S*)?", uri)
    segments = match[1].rstrip("/").split("/")[1:] if match else []
    start = _first_key(segments)
    if match is None or start is None or (len(segments) - start) % 2:
        raise wrong_identifier("This is no GS1 Digital Link.", got=uri, expected=f"{CANONICAL_DOMAIN}/01/…/21/…")
    path = segments[start:]
    elements = [
        (_SHORT_NAMES.get(code, code), unquote(value)) for code, value in zip(path[::2], path[1::2], strict=True)
    ]
    for pair in filter(None, (match[2] or "").split("&")):
        name, _, value = pair.partition("=")
        code = _SHORT_NAMES.get(name, name)
        # Whoever runs the domain may add parameters of their own; those of GS1 are digits.
        if code.isdigit():
            elements.append((code, unquote(value)))
    return _identifier(elements, uri)


def digital_link(identifier: Gs1Identifier, *, domain: str = CANONICAL_DOMAIN) -> str:
    """Return the GS1 Digital Link with all elements, as a QR code carries it.

    Args:
        identifier: what it names.
        domain: `https://` and where the link leads, without a slash at the end.

    Raises:
        DataError: `RQC-C030` when the domain is no https origin.

    Example:
        >>> digital_link(parse_element_string("(01)09506000134352(10)ABC1(21)12(17)261231"), domain="https://example.org")
        'https://example.org/01/09506000134352/10/ABC1/21/12?17=261231'
    """
    if not re.fullmatch(r"https?://[^/?#\s]+(?:/[^/?#\s]+)*", domain):
        raise wrong_identifier(
            "This is no domain of a GS1 Digital Link.", got=domain, expected="https://id.example.org"
        )
    query = "&".join(f"{code}={_quoted(value)}" for code, value in identifier.attributes)
    return domain + _path([identifier.key, *identifier.qualifiers]) + (f"?{query}" if query else "")


def _first_key(segments: Sequence[str]) -> int | None:
    # A domain may have path segments of its own before the key; the last possible start is not a qualifier's.
    for position, segment in enumerate(segments[:-1]):
        if _SHORT_NAMES.get(segment, segment) in _QUALIFIERS:
            return position
    return None


def _scanned(text: str) -> list[tuple[str, str]]:
    match = _SYMBOLOGY.match(text)
    rest = text[match.end() :] if match else text
    elements: list[tuple[str, str]] = []
    while rest := rest.removeprefix(SEPARATOR):
        code = next((rest[:length] for length in (2, 3, 4) if rest[:length] in APPLICATION_IDENTIFIERS), "")
        if not code:
            raise wrong_identifier(
                "This GS1 application identifier is not known here.", got=rest[:4], expected="a listed identifier"
            )
        entry = APPLICATION_IDENTIFIERS[code]
        rest = rest[len(code) :]
        if entry.separated:
            value, _, rest = rest.partition(SEPARATOR)
        else:
            length = entry.checked or 6
            value, rest = rest[:length], rest[length:]
        elements.append((code, value))
    return elements


def _identifier(elements: Sequence[tuple[str, str]], text: str) -> Gs1Identifier:
    padded = [
        (code, value.zfill(14) if code == "01" and len(value) in _GTIN_LENGTHS else value) for code, value in elements
    ]
    codes = [code for code, _ in padded]
    keys = [code for code in codes if code in _QUALIFIERS]
    if not keys or len(set(codes)) < len(codes):
        raise wrong_identifier(
            "This names no GS1 key, or an element twice.", got=text, expected="one primary key, every element once"
        )
    for code, value in padded:
        check_element(code, value)
    key, values = keys[0], dict(padded)
    qualifiers = tuple((code, values[code]) for code in _QUALIFIERS[key] if code in values)
    used = {key, *(code for code, _ in qualifiers)}
    attributes = tuple((code, value) for code, value in padded if code not in used)
    return Gs1Identifier(key=(key, values[key]), qualifiers=qualifiers, attributes=attributes)


def _path(elements: Sequence[tuple[str, str]]) -> str:
    return "".join(f"/{code}/{_quoted(value)}" for code, value in elements)


def _quoted(value: str) -> str:
    return quote(value, safe=";=")
