"""What every statistic asks of its arguments, and how it answers.

Arguments are numbers or arrays of numbers and broadcast against each other as numpy does. Numbers in give a `float` out,
an array among them gives a `float64` array. A value outside its domain is an error for the whole call: a statistic never
answers a question that has no answer. NaN in an array means "no value for this row" and gives NaN in that row; a single
NaN is refused, because nothing would tell it from an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "AMOUNT",
    "CONFIDENCE",
    "COUNT",
    "FRACTION",
    "LIMIT",
    "POSITIVE",
    "POSITIVE_COUNT",
    "POSITIVE_SHARE",
    "PROBABILITY",
    "REAL",
    "Bounds",
    "Domain",
    "FloatArray",
    "Numbers",
    "check_not_above",
    "check_shapes",
    "on_distinct",
    "shaped_as",
]

FloatArray: TypeAlias = npt.NDArray[np.float64]

# One number, or one number for each row; the first argument of a statistic says which to a type checker.
Numbers = TypeVar("Numbers", float, FloatArray)


@dataclass(frozen=True, slots=True)
class Bounds(Generic[Numbers]):
    """Hold a lower and an upper bound, both included.

    Example:
        >>> Bounds(0.0, 3.7)
        Bounds(lower=0.0, upper=3.7)
    """

    lower: Numbers
    upper: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Say which numbers an argument may be.

    Args:
        text: the domain in words, for messages.
        action: what to do about a value outside.
        minimum: smallest value.
        maximum: largest value.
        open_below: whether the smallest value itself is outside.
        open_above: whether the largest value itself is outside.
        whole: whether only whole numbers are inside.
    """

    text: str
    action: str
    minimum: float = -np.inf
    maximum: float = np.inf
    open_below: bool = False
    open_above: bool = False
    whole: bool = False

    def read(self, value: float | FloatArray, name: str, *, complete: bool = False) -> FloatArray:
        """Return the argument as an array of doubles.

        Args:
            value: as the caller gave it.
            name: of the argument, for messages.
            complete: whether NaN is refused in arrays too.

        Raises:
            UsageError: RQC-U080 when it is not numeric, or a value lies outside the domain.

        Example:
            >>> float(CONFIDENCE.read(0.95, "confidence"))
            0.95
        """
        numbers = _doubles(value, name)
        inside = numbers > self.minimum if self.open_below else numbers >= self.minimum
        inside &= numbers < self.maximum if self.open_above else numbers <= self.maximum
        if self.whole:
            inside &= numbers == np.floor(numbers)
        if not np.all(inside) and numbers.ndim and not complete:
            inside |= np.isnan(numbers)
        if not np.all(inside):
            position = int(np.argmin(inside))
            raise UsageError(
                Fault(
                    code="RQC-U080",
                    what=f"The argument {name} is outside its domain.",
                    where=f"position {position} of {numbers.size}" if numbers.ndim else "",
                    got=f"{numbers.flat[position]:.15g}",
                    expected=self.text,
                    action=self.action,
                )
            )
        return numbers


def _doubles(value: float | FloatArray, name: str) -> FloatArray:
    # Masked arrays would lose their mask, texts would be read as numbers, and a truth value is no count.
    try:
        given = np.asarray(value)
    except ValueError:
        given = np.asarray(None)
    if given.dtype.kind not in "fiu" or isinstance(value, np.ma.MaskedArray):
        kind = type(value).__name__
        raise UsageError(
            Fault(
                code="RQC-U080",
                what=f"The argument {name} is not numeric.",
                got=kind if given.dtype.kind == "O" or not given.ndim else f"{kind} of {given.dtype}",
                expected="a number or an array of numbers",
                action="Pass a float, an int or a numpy array of floats or ints; NaN marks a row without value.",
            )
        )
    return given.astype(np.float64, copy=False)


_MOST_CODES: Final = 2**62
_CHECK: Final = "Check the value."
CONFIDENCE: Final = Domain(
    text="more than 0 and less than 1, e.g. 0.95 for 95 %",
    action="Give it as a fraction; certainty cannot be had from a sample.",
    minimum=0,
    maximum=1,
    open_below=True,
    open_above=True,
)
PROBABILITY: Final = Domain(
    text="at least 0 and less than 1, e.g. 0.95 for 95 %",
    action="Give it as a fraction; no finite sample detects with certainty.",
    minimum=0,
    maximum=1,
    open_above=True,
)
FRACTION: Final = Domain(
    text="at least 0 and at most 1, e.g. 0.1 for 10 %", action="Give it as a fraction.", minimum=0, maximum=1
)
POSITIVE_SHARE: Final = Domain(
    text="more than 0 and at most 1, e.g. 0.1 for 10 %",
    action="Give it as a fraction; absence cannot be shown by testing.",
    minimum=0,
    maximum=1,
    open_below=True,
)
AMOUNT: Final = Domain(text="a finite number, 0 or more", action=_CHECK, minimum=0, open_above=True)
POSITIVE: Final = Domain(text="a finite number above 0", action=_CHECK, minimum=0, open_below=True, open_above=True)
COUNT: Final = Domain(
    text="a whole number, 0 or more",
    action="Counts are whole; give what was counted.",
    minimum=0,
    open_above=True,
    whole=True,
)
POSITIVE_COUNT: Final = Domain(
    text="a whole number, 1 or more",
    action="Counts are whole; give what was counted.",
    minimum=1,
    open_above=True,
    whole=True,
)
REAL: Final = Domain(text="a finite number", action=_CHECK, open_below=True, open_above=True)
LIMIT: Final = Domain(text="a number, or an infinity where there is no limit", action=_CHECK)


def check_shapes(**arrays: FloatArray) -> None:
    """Check that the arguments broadcast against each other.

    Raises:
        UsageError: RQC-U081 when they do not.

    Example:
        >>> check_shapes(events=np.zeros(3), trials=np.asarray(20.0))
    """
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        raise UsageError(
            Fault(
                code="RQC-U081",
                what="The arguments do not have matching shapes.",
                got=", ".join(f"{name} {array.shape}" for name, array in arrays.items()),
                expected="arrays of one shape, or single numbers",
                action="Pass one value for each row, or one value for all.",
            )
        ) from None


def check_not_above(smaller: FloatArray, larger: FloatArray, *, names: tuple[str, str]) -> None:
    """Check that one argument nowhere exceeds another, and that they broadcast.

    Raises:
        UsageError: RQC-U081 for shapes that do not match, RQC-U082 when it does exceed.

    Example:
        >>> check_not_above(np.asarray(1.0), np.asarray(20.0), names=("events", "trials"))
    """
    check_shapes(**dict(zip(names, (smaller, larger), strict=True)))
    above = smaller > larger
    if np.any(above):
        low, high = (np.broadcast_to(array, above.shape) for array in (smaller, larger))
        position = int(np.argmax(above))
        raise UsageError(
            Fault(
                code="RQC-U082",
                what=f"The argument {names[0]} is larger than {names[1]}.",
                where=f"position {position} of {above.size}" if above.ndim else "",
                got=f"{names[0]} {low.flat[position]:.15g}, {names[1]} {high.flat[position]:.15g}",
                expected=f"{names[0]} at most {names[1]}",
                action="Check which is which.",
            )
        )


def shaped_as(given: Numbers, result: FloatArray) -> Numbers:
    """Return a result as a `float` where only numbers were given, as an array otherwise.

    Example:
        >>> shaped_as(1.0, np.asarray(0.5))
        0.5
    """
    del given  # known to the type checker only
    whole = np.asarray(result)
    return cast("Numbers", whole if whole.ndim else float(whole))


def on_distinct(function: Callable[..., FloatArray], *arguments: FloatArray) -> FloatArray:
    """Return `function` of broadcast arguments, computed once for each distinct combination of values.

    For functions that cost microseconds a value and whose arguments are mostly small counts and round confidences. NaN is
    not handed on: rows with one get NaN.

    Args:
        function: of as many flat arrays as there are arguments, to one flat array.
        arguments: broadcast against each other.

    Example:
        >>> on_distinct(lambda n, p: n * p, np.asarray([2.0, 3.0, 2.0]), np.asarray(0.5))
        array([1. , 1.5, 1. ])
    """
    shape = np.broadcast_shapes(*(argument.shape for argument in arguments))
    # One argument after the other is coded, so that a pair of rows has one code exactly when all arguments agree.
    codes, combinations = np.zeros(shape, dtype=np.int64), 1
    for argument in arguments:
        if argument.size > 1:
            values, own = np.unique(argument, return_inverse=True)
            combinations *= values.size
            if combinations > _MOST_CODES:
                _, dense = np.unique(codes, return_inverse=True)
                codes, combinations = dense.reshape(shape), codes.size * values.size
            codes = codes * values.size + own.reshape(argument.shape)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    distinct = [np.broadcast_to(argument, shape).reshape(-1)[first] for argument in arguments]
    missing = np.any([np.isnan(argument) for argument in distinct], axis=0)
    values = np.full(first.shape, np.nan)
    if not np.all(missing):
        values[~missing] = function(*(argument[~missing] for argument in distinct))
    return values[inverse].reshape(shape)
