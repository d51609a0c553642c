"""Tables of a plan, and how their figures are written.

Counts are whole, amounts are rounded up to four significant digits, shares are written to three. The values beside the
texts are not rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Plan",
    "PlanCell",
    "PlanRow",
    "PlanTable",
    "amount_cell",
    "amount_text",
    "count_cell",
    "occurrence_text",
    "one_in_text",
    "percent_text",
    "share_cell",
    "steps_around",
    "with_asked",
]

_NEVER: Final = "never"
_LARGEST_STEP: Final = 0.5
_LONGEST_WHOLE: Final = 10**15
_COUNTED_UNITS: Final = frozenset({"bag", "cell", "container", "dose", "dose-equivalent", "syringe", "vial"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCell:
    """Hold one figure of a table.

    Args:
        value: the figure, unrounded; `None` where no amount is enough.
        text: the figure as printed.
        asked: whether it is the answer.
    """

    value: float | None
    text: str
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """Hold one row of a table: what it is about, and a figure for each column."""

    title: str
    asked: bool
    cells: tuple[PlanCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTable:
    """Hold a table of a plan.

    Args:
        title: what the figures are.
        row_title: what the rows are about.
        columns: title of each column.
        rows: in order.
    """

    title: str
    row_title: str
    columns: tuple[str, ...]
    rows: tuple[PlanRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Hold the answer to one question before testing.

    Args:
        answer: in a sentence.
        required: the figure of the answer, unrounded unless it is a count.
        unit: of the figure.
        asked: what was asked, by name.
        tables: the figures around the answer.
        notes: what the answer takes for granted, in sentences.
        formula: by which it was found.
        source: of the formula.
    """

    answer: str
    required: float
    unit: str
    asked: Mapping[str, float | str]
    tables: tuple[PlanTable, ...]
    notes: tuple[str, ...]
    formula: str
    source: str


def percent_text(share: float) -> str:
    """Return a share in percent, to three significant digits or as many as nines at its front need.

    Example:
        >>> percent_text(0.1391), percent_text(0.95), percent_text(1e-5), percent_text(0.9999)
        ('13.9 %', '95 %', '0.001 %', '99.99 %')
    """
    percent = Decimal(repr(float(share))) * 100
    # 99.99 must not be printed as 100.
    digits = max(3, (100 - percent).adjusted() * -1 + 3) if Decimal(90) < percent < Decimal(100) else 3
    return f"{_plain(percent, digits, ROUND_HALF_UP)} %"


def amount_text(amount: float, unit: str = "") -> str:
    """Return an amount rounded up to four significant digits, with its unit; whole numbers keep all their digits.

    Example:
        >>> amount_text(299.5732, "mL"), amount_text(100000.0), amount_text(2.9957, "dose"), amount_text(1.0, "dose")
        ('299.6 mL', '100,000', '2.996 doses', '1 dose')
    """
    text = _rounded(amount, ROUND_CEILING)
    plural = "s" if unit in _COUNTED_UNITS and text != "1" else ""
    return f"{text} {unit}{plural}".rstrip()


def one_in_text(rate: float) -> str:
    """Return how many there are for one event, rounded down, so that the rate said is not below the one meant.

    Example:
        >>> one_in_text(1e-5), one_in_text(3e-5)
        ('100,000', '33,330')
    """
    return _rounded(1 / rate, ROUND_FLOOR)


def occurrence_text(concentration: float, unit: str) -> str:
    """Return a concentration as one event in so many units.

    Example:
        >>> occurrence_text(0.01, "mL"), occurrence_text(1.0, "dose"), occurrence_text(0.5, "dose")
        ('1 in 100 mL', '1 per dose', '1 in 2 doses')
    """
    size = one_in_text(concentration)
    return f"1 per {unit}" if size == "1" else f"1 in {size} {unit}{'s' if unit in _COUNTED_UNITS else ''}"


def _rounded(amount: float, rounding: str) -> str:
    # What a double adds to a decimal is no reason to round up: 1 / 1e-5 is 99999.99999999999.
    exact = Context(prec=12).create_decimal_from_float(amount)
    if exact == exact.to_integral_value() and exact < _LONGEST_WHOLE:
        return f"{exact:,.0f}"
    return _plain(exact, 4, rounding)


def _plain(number: Decimal, digits: int, rounding: str, *, keep_zeros: bool = False) -> str:
    rounded = Context(prec=digits, rounding=rounding).plus(number)
    rounded = rounded if keep_zeros else rounded.normalize()
    return f"{rounded:,f}" if -7 < rounded.adjusted() < 15 else f"{rounded:E}"


def with_asked(grid: Iterable[float], asked: float) -> tuple[float, ...]:
    """Return the values of a grid and the one asked, in order.

    Example:
        >>> with_asked((0.9, 0.95), 0.92)
        (0.9, 0.92, 0.95)
    """
    return tuple(sorted({*grid, asked}))


def steps_around(asked: float) -> tuple[float, ...]:
    """Return the share asked and three steps of 1, 2, 5 on either side of it, none of them above one half.

    Example:
        >>> steps_around(0.1)
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    """
    decade = math.floor(math.log10(asked))
    steps = [float(f"{digit}e{power}") for power in range(decade - 2, decade + 3) for digit in (1, 2, 5)]
    below = [step for step in steps if step < asked][-3:]
    above = [step for step in steps if asked < step <= _LARGEST_STEP][:3]
    return (*below, asked, *above)


def count_cell(value: float, *, asked: bool) -> PlanCell:
    """Return the cell of a count.

    Example:
        >>> count_cell(299574.0, asked=True)
        PlanCell(value=299574.0, text='299,574', asked=True)
    """
    finite = math.isfinite(value)
    return PlanCell(value=value if finite else None, text=f"{value:,.0f}" if finite else _NEVER, asked=asked)


def share_cell(value: float, *, asked: bool) -> PlanCell:
    """Return the cell of a share.

    Example:
        >>> share_cell(math.inf, asked=False)
        PlanCell(value=None, text='never', asked=False)
        >>> share_cell(0.0950339, asked=False).text
        '9.50 %'
    """
    finite = math.isfinite(value)
    # In a column the last zero is kept: 9.50 % under 14.2 %.
    text = f"{_plain(Decimal(repr(float(value))) * 100, 3, ROUND_HALF_UP, keep_zeros=True)} %" if finite else _NEVER
    return PlanCell(value=value if finite else None, text=text, asked=asked)


def amount_cell(value: float, unit: str, *, asked: bool) -> PlanCell:
    """Return the cell of an amount.

    Example:
        >>> amount_cell(299.5732, "mL", asked=True).text
        '299.6 mL'
    """
    return PlanCell(value=value, text=amount_text(value, unit), asked=asked)
