"""Values, limits and units as laboratories and specifications write them, and the slow exact oracle that judges them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from regenqc.errors import SpecificationError
from regenqc.measurement import (
    UNITS,
    ExactInterval,
    Limit,
    Rounding,
    conforming_interval,
    conversion_factor,
    make_limit,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

DIGITS = 15

UNIT_PAIRS = [(source, target) for source in UNITS for target in UNITS if source.kind == target.kind]


def floor_log10(magnitude: Fraction) -> int:
    """Return the exponent of the first significant digit of a positive number."""
    exponent = len(str(magnitude.numerator)) - len(str(magnitude.denominator))
    return exponent if magnitude >= Fraction(10) ** exponent else exponent - 1


def half_up(value: Fraction, place: int) -> Fraction:
    """Round to the power of ten `place`, half away from zero, by integer arithmetic only."""
    step = Fraction(10) ** place
    steps = (abs(value) / step + Fraction(1, 2)) // 1
    return step * steps * (1 if value >= 0 else -1)


def rounded(value: Fraction, *, limit_value: Decimal, rounding: Rounding) -> Fraction:
    """Apply the rounding rule to an exact value in the limit's unit; the oracle, written apart from the code under test."""
    if rounding is Rounding.NONE or not value:
        return value
    _, digits, exponent = limit_value.as_tuple()
    assert isinstance(exponent, int)
    if rounding is Rounding.USP:
        return half_up(value, exponent)
    return half_up(value, floor_log10(abs(value)) - len(digits) + 1)


def conforms(value: Decimal, limit: Limit, *, rounding: Rounding, factor: Fraction) -> bool:
    """Convert exactly, round, then compare: what a reviewer with paper and time would do."""
    converted = Fraction(value) * factor
    if limit.minimum is not None:
        compared = rounded(converted, limit_value=limit.minimum, rounding=rounding)
        minimum = Fraction(limit.minimum)
        if compared < minimum or (limit.minimum_exclusive and compared == minimum):
            return False
    if limit.maximum is not None:
        compared = rounded(converted, limit_value=limit.maximum, rounding=rounding)
        maximum = Fraction(limit.maximum)
        if compared > maximum or (limit.maximum_exclusive and compared == maximum):
            return False
    return True


def reportable(value: Fraction, digits: int, offset: int = 0) -> Decimal:
    """Return the decimal of `digits` significant digits at or just below `value` in magnitude, moved by `offset` last digits."""
    if not value:
        return Decimal((1 if offset < 0 else 0, (abs(offset),), -digits)) if offset else Decimal(0)
    place = floor_log10(abs(value)) - digits + 1
    coefficient = int(abs(value) / Fraction(10) ** place) + offset
    if not coefficient:
        return Decimal(0)
    sign = (value < 0) != (coefficient < 0)
    written = Decimal((int(sign), tuple(int(digit) for digit in str(abs(coefficient))), place))
    if len(written.as_tuple().digits) > DIGITS:  # the offset carried into one digit more
        return reportable(value, digits - 1)
    return written


def adversarial(interval: ExactInterval, limit: Limit, factor: Fraction, random: random.Random) -> Iterator[Decimal]:
    """Yield values at, one digit beside and half a digit beside every number that could matter."""
    points = [Fraction(number) / factor for number in (limit.minimum, limit.maximum) if number is not None]
    points += [bound.value for bound in (interval.lower, interval.upper) if bound is not None]
    for point in points:
        for offset in (-1, 0, 1):
            yield reportable(point, DIGITS, offset)
        digits = random.randint(1, DIGITS - 1)
        yield reportable(point, digits)
        yield reportable(point, digits, random.choice((-1, 1)))
    yield -reportable(points[0], DIGITS)
    yield reportable(random.choice(points) * Fraction(random.randint(1, 10**6), 10**6), random.randint(1, DIGITS))


def random_number(random: random.Random) -> Decimal:
    """Return a limit number as people write them, now and then an ugly one."""
    digits = random.choice((1, 1, 2, 2, 3, 4, random.randint(1, DIGITS)))
    shape = random.random()
    if shape < 0.1:
        coefficient = 0
    elif shape < 0.3:
        coefficient = 10 ** (digits - 1)
    elif shape < 0.4:
        coefficient = 10**digits - 1
    else:
        coefficient = random.randrange(10 ** (digits - 1), 10**digits)
    exponent = random.choice((0, -1, -2, -3, -random.randint(0, 12), random.randint(-200, 0)))
    return Decimal((int(random.random() < 0.15 and coefficient != 0), tuple(map(int, str(coefficient))), exponent))


def random_case(random: random.Random) -> tuple[Limit, Rounding, Fraction, ExactInterval]:
    """Return a limit that can be met, a rounding rule that is defined for it, a unit factor and the exact interval."""
    while True:
        numbers = sorted(random_number(random) for _ in range(2))
        kinds = random.choice((("minimum",), ("maximum",), ("minimum", "maximum")))
        stated = {
            kind + random.choice(("", "_exclusive")): str(number)
            for kind, number in zip(kinds, numbers if len(kinds) == 2 else numbers[:1], strict=True)
        }
        source, target = random.choice(UNIT_PAIRS)
        factor = conversion_factor(source, target)
        rounding = random.choice(tuple(Rounding))
        try:
            limit = make_limit(**stated)
            return limit, rounding, factor, conforming_interval(limit, rounding=rounding, factor=factor)
        except SpecificationError:  # contradictory, or rounding undefined: refused, and tested elsewhere
            continue


cases = st.randoms(use_true_random=False).map(lambda random: (random_case(random), random))

number_like = st.text(alphabet="0123456789+-.eE<>=≤≥ %,x×^_~\n\u00a0\u3000\u2212０５．", max_size=24)
