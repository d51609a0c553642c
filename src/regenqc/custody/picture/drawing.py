"""Parts of a drawing: shapes and texts as SVG, everything escaped, nothing fetched from anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

__all__ = ["FONT", "INK", "PALE", "QUIET", "Drawing", "text_width", "trimmed"]

FONT: Final = "Inter, 'Helvetica Neue', Helvetica, 'Liberation Sans', Arial, sans-serif"
INK: Final = "#1d2733"
QUIET: Final = "#66727f"
PALE: Final = "#dfe5ea"

# Widths of characters of a sans-serif face, in parts of its size; good enough to keep texts inside boxes.
_NARROW: Final = frozenset("ijl.,:;'|!()[]ftI1 ")
_WIDE: Final = frozenset("mwMW%@—")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a text is.

    Example:
        >>> text_width("CULTURE-1", 12) < text_width("CULTURE-1", 12, bold=True)
        True
    """
    units = 0.0
    for character in text:
        if character in _NARROW:
            units += 0.32
        elif character in _WIDE or ord(character) > 0x2E80:
            units += 0.95
        elif character.isupper() or character.isdigit():
            units += 0.64
        else:
            units += 0.54
    return units * size * (1.06 if bold else 1.0)


def trimmed(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return a text that fits, its middle replaced by an ellipsis where it would not: ends tell codes apart.

    Example:
        >>> trimmed("WORKING-CELL-BANK/VIAL-0001", 12, 110)
        'WORKING…AL-0001'
    """
    if text_width(text, size, bold=bold) <= width:
        return text
    kept = len(text)
    while kept > 2:
        kept -= 1
        shorter = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if text_width(shorter, size, bold=bold) <= width:
            return shorter
    return "…"


@dataclass(slots=True)
class Drawing:
    """Collect shapes in the order in which they are painted.

    Args:
        title: of the picture, also for those who hear it read.
        description: what it shows, in one sentence.
    """

    title: str
    description: str
    parts: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str,
        stroke: str = "none",
        radius: float = 0,
        dashed: bool = False,
        hint: str = "",
        thickness: float = 1,
    ) -> None:
        """Add a rectangle; a hint appears when one points at it."""
        dash = ' stroke-dasharray="5 3"' if dashed else ""
        inner = f"<title>{escape(hint)}</title>" if hint else ""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" rx="{radius:g}" '
            f'fill="{fill}" stroke="{stroke}" stroke-width="{thickness:g}"{dash}>{inner}</rect>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12,
        fill: str = INK,
        bold: bool = False,
        anchor: str = "start",
        struck: bool = False,
        halo: bool = False,
    ) -> None:
        """Add a line of text; a halo keeps it readable where lines pass behind it."""
        weight = ' font-weight="600"' if bold else ""
        decoration = ' text-decoration="line-through"' if struck else ""
        around = ' paint-order="stroke" stroke="#ffffff" stroke-width="4" stroke-linejoin="round"' if halo else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{weight}{decoration}{around}>'
            f"{escape(text)}</text>"
        )

    def path(
        self,
        data: str,
        *,
        stroke: str,
        thickness: float = 1.4,
        dashed: bool = False,
        fill: str = "none",
        arrow: bool = False,
    ) -> None:
        """Add a path."""
        dash = ' stroke-dasharray="4 4"' if dashed else ""
        end = ' marker-end="url(#arrow)"' if arrow else ""
        self.parts.append(f'<path d="{data}" fill="{fill}" stroke="{stroke}" stroke-width="{thickness:g}"{dash}{end}/>')

    def circle(self, x: float, y: float, radius: float, *, fill: str, stroke: str = "none", hint: str = "") -> None:
        """Add a disc."""
        inner = f"<title>{escape(hint)}</title>" if hint else ""
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}" stroke="{stroke}" stroke-width="1.4">{inner}</circle>'
        )

    def svg(self, width: float, height: float) -> str:
        """Return the whole picture."""
        body = "\n".join(self.parts)
        definitions = "".join(self.definitions)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label={quoteattr(self.title)} font-family="{FONT}">\n'
            f"<title>{escape(self.title)}</title>\n<desc>{escape(self.description)}</desc>\n"
            f"<defs>{definitions}</defs>\n"
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )
