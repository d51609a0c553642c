"""Codes as URIs and URIs as codes: EPCIS names everything by a URI."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from regenqc.custody.grammar import is_code
from regenqc.custody.identifiers import is_standard, one_spelling
from regenqc.custody.identifiers.gs1 import CANONICAL_DOMAIN
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from typing import Literal

    Sort = Literal["item", "class", "place", "holder", "document", "label", "device", "event"]

__all__ = ["code_of", "uri_of"]

# None of these sorts is a name that a GS1 Digital Link uses for a key, such as `party`.


def uri_of(code: str, *, sort: Sort, base: str) -> str:
    """Return the URI of a code.

    Args:
        code: of the record.
        sort: what it names.
        base: beginning of the URIs of a site, `https://` and a domain that it owns.

    Example:
        >>> uri_of("WCB-1/V001", sort="item", base="https://maker.example")
        'https://maker.example/item/WCB-1%2FV001'
        >>> uri_of("https://id.gs1.org/00/106141412345678908", sort="item", base="https://maker.example")
        'https://id.gs1.org/00/106141412345678908'
    """
    if code.startswith(f"{CANONICAL_DOMAIN}/"):
        return code
    return f"{base}/{sort}/{quote(code, safe='')}"


def code_of(uri: str, *, base: str) -> str:
    """Return the code that a URI stands for: the reverse of `uri_of`, and the one spelling of standard identifiers.

    Args:
        uri: of an EPCIS event.
        base: beginning of the URIs that are taken apart; a URI of anybody else is its own code.

    Raises:
        DataError: `RQC-C030`, a standard identifier is wrong; `RQC-C320`, the record cannot hold the URI as a code.

    Example:
        >>> code_of("https://maker.example/item/WCB-1%2FV001", base="https://maker.example")
        'WCB-1/V001'
        >>> code_of("urn:epc:id:sscc:0614141.1234567890", base="https://maker.example")
        'https://id.gs1.org/00/106141412345678908'
    """
    if uri.startswith(f"{base}/") and uri.count("/") == base.count("/") + 2:
        code = unquote(uri.rpartition("/")[2])
    else:
        code = one_spelling(uri) if is_standard(uri) else uri
    if not is_code(code) or len(code) > 128:
        raise DataError(
            Fault(
                code="RQC-C320",
                what="The record cannot hold this identifier as a code.",
                got=uri,
                expected="at most 128 letters, digits and signs of ASCII",
            )
        )
    return code
