"""EPC URIs: the older spelling of GS1 keys, in which the length of the company prefix is visible.

EPC Tag Data Standard, section 6. The way back from a GS1 key to an EPC URI needs the length of the company prefix, which a
key does not show; so this only reads.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from regenqc.custody.identifiers.application_identifiers import check_element
from regenqc.custody.identifiers.check_characters import gs1_check_digit
from regenqc.custody.identifiers.fault import wrong_identifier
from regenqc.custody.identifiers.gs1 import Gs1Identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["parse_epc"]

_URI: Final = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):([0-9]{6,12})\.(.*)")


def parse_epc(uri: str) -> Gs1Identifier:
    """Read an EPC pure identity, class or identity pattern URI.

    Raises:
        DataError: `RQC-C030` for a scheme that is not known here, or parts that do not fit.

    Example:
        >>> parse_epc("urn:epc:id:sgtin:0614141.107346.2018").uri
        'https://id.gs1.org/01/10614141073464/21/2018'
        >>> parse_epc("urn:epc:class:lgtin:4012345.012345.998877").uri
        'https://id.gs1.org/01/04012345123456/10/998877'
    """
    match = _URI.fullmatch(uri)
    reader = _SCHEMES.get(match[2]) if match else None
    if match is None or reader is None:
        raise wrong_identifier(
            "This is no EPC URI of a known scheme.",
            got=uri,
            expected="urn:epc:id:sgtin:… or another of " + ", ".join(_SCHEMES),
        )
    pattern = match[1] == "idpat"
    rest = match[4]
    if pattern:
        if not rest.endswith(".*"):
            raise wrong_identifier("This identity pattern is not one of a class.", got=uri, expected="… .*")
        rest = rest.removesuffix(".*") + "."
    try:
        key, *qualifiers = reader(match[3], rest)
    except ValueError:
        raise wrong_identifier("The parts of the EPC URI do not fit its scheme.", got=uri, expected=match[2]) from None
    named = tuple((code, unquote(value)) for code, value in qualifiers if value or not pattern)
    for code, value in (key, *named):
        check_element(code, value)
    return Gs1Identifier(key=key, qualifiers=named)


_Elements = tuple[tuple[str, str], ...]


def _checked(digits: str, length: int) -> str:
    if len(digits) != length - 1 or not digits.isdigit():
        raise ValueError(digits)
    return digits + gs1_check_digit(digits)


def _gtin(prefix: str, item: str) -> str:
    return _checked(item[:1] + prefix + item[1:], 14)


def _item(code: str) -> Callable[[str, str], _Elements]:
    def read(prefix: str, rest: str) -> _Elements:
        item, serial = rest.split(".", 1)
        return ("01", _gtin(prefix, item)), (code, serial)

    return read


def _serial_shipping_container(prefix: str, rest: str) -> _Elements:
    return (("00", _checked(rest[:1] + prefix + rest[1:], 18)),)


def _location(prefix: str, rest: str) -> _Elements:
    place, extension = rest.split(".", 1)
    key = ("414", _checked(prefix + place, 13))
    return (key,) if extension == "0" else (key, ("254", extension))


def _party(prefix: str, rest: str) -> _Elements:
    return (("417", _checked(prefix + rest, 13)),)


def _returnable_asset(prefix: str, rest: str) -> _Elements:
    kind, serial = rest.split(".", 1)
    return (("8003", "0" + _checked(prefix + kind, 13) + unquote(serial)),)


def _individual_asset(prefix: str, rest: str) -> _Elements:
    return (("8004", prefix + unquote(rest)),)


def _service(code: str) -> Callable[[str, str], _Elements]:
    def read(prefix: str, rest: str) -> _Elements:
        return ((code, _checked(prefix + rest, 18)),)

    return read


def _document(code: str) -> Callable[[str, str], _Elements]:
    def read(prefix: str, rest: str) -> _Elements:
        kind, serial = rest.split(".", 1)
        return ((code, _checked(prefix + kind, 13) + unquote(serial)),)

    return read


def _component(prefix: str, rest: str) -> _Elements:
    reference, serial = rest.rsplit(".", 1)
    return ("8010", prefix + unquote(reference)), ("8011", serial)


def _consignment(prefix: str, rest: str) -> _Elements:
    return (("401", prefix + unquote(rest)),)


def _shipment(prefix: str, rest: str) -> _Elements:
    return (("402", _checked(prefix + rest, 17)),)


def _pieces(prefix: str, rest: str) -> _Elements:
    item, piece, total, serial = rest.split(".", 3)
    return ("8006", _gtin(prefix, item) + piece + total), ("21", serial)


_SCHEMES: Final[Mapping[str, Callable[[str, str], _Elements]]] = MappingProxyType(
    {
        "sgtin": _item("21"),
        "lgtin": _item("10"),
        "upui": _item("235"),
        "sscc": _serial_shipping_container,
        "sgln": _location,
        "pgln": _party,
        "grai": _returnable_asset,
        "giai": _individual_asset,
        "gsrn": _service("8018"),
        "gsrnp": _service("8017"),
        "gdti": _document("253"),
        "sgcn": _document("255"),
        "cpi": _component,
        "ginc": _consignment,
        "gsin": _shipment,
        "itip": _pieces,
    }
)
