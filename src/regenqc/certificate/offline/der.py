"""As much of DER (ITU-T X.690) as a signature over a document needs: elements, and nothing indefinite."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Element", "NotDerError", "object_identifier", "read_element"]


class NotDerError(Exception):
    """The bytes are not the DER that was expected; caught where they are read."""


@dataclass(frozen=True, slots=True)
class Element:
    """Hold one element.

    Args:
        tag: identifier octet.
        content: content octets.
        whole: identifier, length and content octets.
    """

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list[Element]:
        """Return the elements that a constructed one holds."""
        found, rest = [], self.content
        while rest:
            element = read_element(rest)
            found.append(element)
            rest = rest[len(element.whole) :]
        return found

    def expect(self, tag: int) -> Element:
        """Return the element if it has this identifier octet.

        Raises:
            NotDerError: it has another one.
        """
        if self.tag != tag:
            raise NotDerError(f"tag {self.tag:#x} where {tag:#x} was expected")
        return self


def read_element(data: bytes) -> Element:
    r"""Return the first element of some bytes.

    Raises:
        NotDerError: there is none, its length is indefinite, padded, or longer than the bytes.

    Example:
        >>> read_element(b"\x02\x01\x05rest").content
        b'\x05'
    """
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise NotDerError("no element")
    start, length = 2, data[1]
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count or data[2] == 0:
            raise NotDerError("length")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
        if length < 0x80:
            raise NotDerError("padded length")
    if len(data) < start + length:
        raise NotDerError("truncated")
    return Element(data[0], data[start : start + length], data[: start + length])


def object_identifier(element: Element) -> str:
    r"""Return an object identifier in dotted form.

    Example:
        >>> object_identifier(read_element(b"\x06\x03\x55\x04\x03"))
        '2.5.4.3'
    """
    content = element.expect(0x06).content
    if not content:
        raise NotDerError("empty object identifier")
    arcs, value = [min(content[0] // 40, 2), content[0] - 40 * min(content[0] // 40, 2)], 0
    for octet in content[1:]:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    return ".".join(map(str, arcs))
