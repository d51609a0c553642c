"""Canonical bytes: the one spelling of a value, which is hashed, signed, stored and read again.

A subset of the JSON Canonicalization Scheme (RFC 8785): members in sorted order, no blanks, the shortest escapes, UTF-8.
The subset leaves out what differs between programmes: no floating point numbers at all, whole numbers only within
±(2⁵³ - 1), names of members in ASCII (where the order by UTF-16 units and by bytes is the same), and text in Unicode
Normalization Form C.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from unicodedata import is_normalized

import msgspec

from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["canonical_json", "digest_of"]

_LARGEST_INTEGER: Final = 2**53 - 1
_MEMBER_NAME: Final = re.compile(r"[!-~]*")
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> bytes:
    r"""Return the canonical bytes of any value of the subset.

    Args:
        value: dictionaries with ASCII names, lists, tuples, text, whole numbers, booleans, `None`.

    Raises:
        DataError: `RQC-C001` for what the subset does not hold, `RQC-C004` for text that is not in Form C.

    Source: RFC 8785, section 3.2.

    Example:
        >>> canonical_json({"b": [1, True, None], "a": "\u20ac\n"})
        b'{"a":"\xe2\x82\xac\\n","b":[1,true,null]}'
    """
    if not _is_plain(value):
        faults = list(_faults_of(value, "$"))
        if faults:
            raise DataError(*faults)
    return _ENCODER.encode(value)


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of bytes as documents name it: `sha256:` and 64 hexadecimal digits.

    Example:
        >>> digest_of(b"")[:20]
        'sha256:e3b0c44298fc1'
    """
    return f"sha256:{sha256(data).hexdigest()}"


def _is_plain(value: Any) -> bool:
    """Return whether a value surely holds nothing but the subset; most do, and this takes a third of the time of naming faults."""
    kind = type(value)
    if kind is str:
        return value.isascii() or (value.isprintable() and is_normalized("NFC", value))
    if kind is dict:
        return all(type(name) is str and _MEMBER_NAME.fullmatch(name) for name in value) and all(
            map(_is_plain, value.values())
        )
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    return value is None or kind is bool or (kind is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER)


def _faults_of(value: Any, where: str) -> Iterator[Fault]:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            yield _not_text(where, repr(value))
            return
        if not is_normalized("NFC", value):
            yield Fault(code="RQC-C004", what="A text is not in Unicode Normalization Form C.", where=where, got=value)
    elif isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            yield _outside(where, str(value), "a whole number within ±(2⁵³ - 1), or its digits as text")
    elif isinstance(value, (list, tuple)):
        for position, entry in enumerate(value):
            yield from _faults_of(entry, f"{where}[{position}]")
    elif isinstance(value, dict):
        for name, entry in value.items():
            if not (isinstance(name, str) and _MEMBER_NAME.fullmatch(name)):
                yield _outside(where, repr(name), "a member name in ASCII")
            else:
                yield from _faults_of(entry, f"{where}.{name}")
    else:
        yield _outside(where, f"{type(value).__name__} {value!r}", "object, array, text, whole number, boolean or null")


def _not_text(where: str, got: str) -> Fault:
    return _outside(where, got, "text without lone surrogates")


def _outside(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-C001",
        what="The value has no canonical bytes.",
        where=where,
        got=got,
        expected=expected,
        action="Write quantities as decimal text.",
    )
