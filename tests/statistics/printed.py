"""Compare with a figure as it is printed.

Oracles carry a mark: [V] the figure is printed in a published source, [C] it was computed from the stated formula.
"""

from __future__ import annotations

__all__ = ["as_printed"]


def as_printed(value: float, printed: str) -> str:
    """Return a value with as many decimals as the printed figure, in its style (`.1234`, `29,958`, `10.9 %`)."""
    number = printed.replace(",", "").removesuffix("%").strip()
    decimals = len(number.partition(".")[2])
    scaled = value * 100 if printed.endswith("%") else value
    grouped = "," if "," in printed else ""
    text = f"{scaled:{grouped}.{decimals}f}"
    if number.startswith((".", "-.")):
        text = text.replace("0.", ".", 1)
    return text + printed[len(printed.rstrip(" %")) :]
