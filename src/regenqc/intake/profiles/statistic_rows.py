"""Rows that hold a mean, a deviation or a count of other rows: computed again from those, and doubted where they differ.

A statistic is right when rounding explains the difference: its own last digit, and the last digits of the results it is of.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Final

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import MAPPING_FAULT
from regenqc.intake.profiles.model import fold_name
from regenqc.measurement.reported import Form, read_reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.intake.profiles.mapping import RowMapping
    from regenqc.intake.profiles.model import Profile
    from regenqc.intake.profiles.opening import OpenedFile
    from regenqc.intake.profiles.places import Places

__all__ = ["doubted_rows", "statistic_fault"]

_KEYS: Final = ("batch_id", "test", "sample_id", "unit")
_MOST_ROWS: Final = 1_000_000
_CHUNK_ROWS: Final = 65_536
_HALF: Final = Decimal("0.5")


def doubted_rows(
    profile: Profile, mapping: RowMapping, places: Places, file: OpenedFile, *, source: str
) -> dict[int, str]:
    """Return the rows of a file, from 1, that hold a statistic which its own rows do not give, and why.

    Rows belong together that have one batch, test, sample and unit.

    Args:
        profile: declares which rows are statistics.
        mapping: of the file.
        places: of its columns.
        file: to read.
        source: for messages.

    Raises:
        DataError: more rows than a file with statistics may have.
    """
    declared = profile.document.statistic
    if not declared:
        return {}
    plain = mapping.without_statistics()
    functions = [{(places.at(entry.column), fold_name(entry.text)): entry.function} for entry in declared]
    wanted = {key: function for entry in functions for key, function in entry.items()}
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    statistics: list[tuple[int, str, tuple[str, ...], str]] = []
    row = 0
    for batch in file.read(_CHUNK_ROWS):
        mapped, _ = plain.map(batch, first_row=row + 1, only=None)
        raw = {position: batch.column(position).to_pylist() for position, _ in wanted}
        columns = {
            name: mapped[name].to_pylist() if name in mapped.schema.names else [""] * batch.num_rows
            for name in (*_KEYS, "result", MAPPING_FAULT)
        }
        for at in range(batch.num_rows):
            row += 1
            key = tuple(columns[name][at].strip() for name in _KEYS)
            found = next(
                (function for (position, text), function in wanted.items() if fold_name(raw[position][at]) == text), ""
            )
            if found:
                statistics.append((row, found, key, columns["result"][at]))
            elif columns["result"][at] or columns[MAPPING_FAULT][at]:
                groups[key].append(columns["result"][at])
        if row > _MOST_ROWS:
            raise DataError(
                Fault(
                    code="RQC-D033",
                    what="A file with rows of statistics has more rows than can be checked.",
                    where=source,
                    got=f"more than {_MOST_ROWS:,} rows",
                    action="Export without statistics, or in parts.",
                )
            )
    doubts = {row: statistic_fault(function, value, groups.get(key, [])) for row, function, key, value in statistics}
    return {row: text for row, text in doubts.items() if text}


def statistic_fault(function: str, reported: str, results: Sequence[str]) -> str:
    """Return why a reported statistic is not that of its results, or nothing.

    Args:
        function: `mean`, `sd` (of a sample), `cv` (percent), `minimum`, `maximum` or `count`.
        reported: canonical text of the statistic.
        results: canonical texts of the results.

    Example:
        >>> statistic_fault("mean", "2.05", ["2.0", "2.1"]), statistic_fault("mean", "2.2", ["2.0", "2.1"])
        ('', 'the mean is reported as 2.2, and its 2 results give 2.05')
    """
    value = read_reported(reported)
    numbers = [read_reported(text) for text in results]
    if value.form is not Form.NUMBER or value.number is None:
        return f"the {function} is reported as '{reported}', which is no number"
    if function == "count":
        count = len(results)
        return "" if value.number == count else f"the count is reported as {reported}, and there are {count} results"
    if not numbers or any(number.form is not Form.NUMBER or number.number is None for number in numbers):
        return (
            f"the {function} cannot be computed again from {len(results)} results that are all plain numbers"
            if numbers
            else f"the {function} has no results"
        )
    exact = [number.number for number in numbers if number.number is not None]
    with localcontext() as context:
        context.prec = 60
        own = _HALF.scaleb(_last_place(value.number))
        others = _HALF.scaleb(max(_last_place(number) for number in exact))
        computed = _statistic(function, exact)
        if computed is None:
            return f"the {function} cannot be computed from {len(exact)} results"
        slack = own + _amplified(function, exact, others, computed)
        if abs(computed - value.number) <= slack:
            return ""
        shown = computed.quantize(Decimal(1).scaleb(_last_place(value.number) - 1)).normalize()
    return f"the {function} is reported as {reported}, and its {len(exact)} results give {shown:f}"


def _last_place(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _statistic(function: str, numbers: Sequence[Decimal]) -> Decimal | None:
    count = len(numbers)
    if function == "minimum":
        return min(numbers)
    if function == "maximum":
        return max(numbers)
    mean = sum(numbers, Decimal(0)) / count
    if function == "mean":
        return mean
    if count < 2:
        return None
    deviation = (sum(((number - mean) ** 2 for number in numbers), Decimal(0)) / (count - 1)).sqrt()
    if function == "sd":
        return deviation
    return deviation / mean * 100 if mean else None


def _amplified(function: str, numbers: Sequence[Decimal], rounding: Decimal, computed: Decimal) -> Decimal:
    """Return by how much the statistic may move when every result moves by its rounding."""
    if function in {"minimum", "maximum", "mean"}:
        return rounding
    # The deviation is a seminorm: it moves by at most that of the movements, which is at most rounding × sqrt(n / (n - 1)).
    count = len(numbers)
    moved = rounding * (Decimal(count) / (count - 1)).sqrt()
    if function == "sd":
        return moved
    mean = abs(sum(numbers, Decimal(0)) / count)
    # Beside a mean that may be zero nothing explains a difference.
    return (moved * 100 + abs(computed) * rounding) / (mean - rounding) if mean > rounding else Decimal(0)
