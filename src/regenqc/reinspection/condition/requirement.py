"""What a product permits on its way: limits and minutes from its own label or specification, each with source and mark."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.vocabulary import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CONDITION_SCHEMA", "ChannelRequirement", "ConditionRequirements", "parse_condition"]

CONDITION_SCHEMA: Final = "regenqc.condition/1"
_NUMBERS: Final = ("low", "high", "longest_minutes", "total_minutes", "gap_minutes")
_TEXTS: Final = ("name", "unit", "citation", "mark")
_TOP: Final = ("schema", "id", "version", "title", "channel")
_KELVIN_AT_FREEZING: Final = Fraction("273.15")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRequirement:
    """State what is permitted of one channel; `None` is not set, and what is not set never conforms.

    Args:
        name: of the channel.
        unit: of `low` and `high`.
        low: lowest permitted value; `None` for no limit on this side.
        high: highest permitted value.
        longest_minutes: longest permitted excursion; 0 for none at all.
        total_minutes: permitted time outside, over the whole way.
        gap_minutes: longest permitted silence of the logger.
        citation: where the figures stand.
        mark: how far that source was checked.
    """

    name: str
    unit: str
    low: Decimal | None
    high: Decimal | None
    longest_minutes: Decimal | None
    total_minutes: Decimal | None
    gap_minutes: Decimal | None
    citation: str
    mark: Mark

    def limits_in(self, unit: str) -> tuple[float, float] | None:
        """Return both limits as doubles in the unit of the readings, `None` when that unit is another quantity.

        The limit is converted, exactly, and not the readings. A side without limit is infinite.

        Example:
            >>> requirement = ChannelRequirement(name="temperature", unit="°C", low=None, high=Decimal(-120),
            ...     longest_minutes=None, total_minutes=None, gap_minutes=None, citation="", mark=Mark.VERIFIED)
            >>> requirement.limits_in("°F"), requirement.limits_in("g")
            ((-inf, -184.0), None)
        """
        bounds = []
        for limit, none in ((self.low, float("-inf")), (self.high, float("inf"))):
            if limit is None:
                bounds.append(none)
                continue
            converted = Fraction(limit) if unit == self.unit else _converted(Fraction(limit), self.unit, unit)
            if converted is None:
                return None
            bounds.append(float(converted))
        if (
            unit != self.unit
            and self.low is None
            and self.high is None
            and _converted(Fraction(0), self.unit, unit) is None
        ):
            return None
        return bounds[0], bounds[1]

    @property
    def has_limit(self) -> bool:
        """Return whether anything is a limit at all."""
        return self.low is not None or self.high is not None


def _converted(value: Fraction, unit: str, other: str) -> Fraction | None:
    """Return a temperature in another unit, `None` when one of them is no unit of temperature."""
    if not {unit, other} <= {"°C", "°F", "K"}:
        return None
    celsius = value - _KELVIN_AT_FREEZING if unit == "K" else (value - 32) * Fraction(5, 9) if unit == "°F" else value
    if other == "K":
        return celsius + _KELVIN_AT_FREEZING
    return celsius * Fraction(9, 5) + 32 if other == "°F" else celsius


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRequirements:
    """Hold what a product permits on its way.

    Args:
        id: of the file.
        version: of it.
        title: for people.
        channels: by name.
    """

    id: str
    version: str
    title: str
    channels: Mapping[str, ChannelRequirement]


def parse_condition(text: str, *, where: str = "condition.toml") -> ConditionRequirements:
    """Return what a file states about the way of a product.

    Args:
        text: of the file, TOML; figures are texts, because their digits are significant.
        where: its name, for messages.

    Raises:
        SpecificationError: `RQC-H201`, with every fault of the file.

    Example:
        >>> found = parse_condition('''
        ... schema = "regenqc.condition/1"
        ... id = "example/synthetic"
        ... version = "1"
        ... title = "Synthetic"
        ... [[channel]]
        ... name = "temperature"
        ... unit = "°C"
        ... high = "-120"
        ... citation = "label of the product"
        ... mark = "unverified"
        ... ''')
        >>> found.channels["temperature"].high, found.channels["temperature"].gap_minutes
        (Decimal('-120'), None)
    """
    try:
        value: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(_fault(where, str(error), "a TOML file")) from error
    faults = list(_faults(value, where))
    if faults:
        raise SpecificationError(*faults)
    channels = {
        entry["name"]: ChannelRequirement(
            name=entry["name"],
            unit=entry["unit"],
            citation=entry["citation"],
            mark=Mark(entry["mark"]),
            **{name: Decimal(entry[name]) if name in entry else None for name in _NUMBERS},
        )
        for entry in value["channel"]
    }
    return ConditionRequirements(id=value["id"], version=value["version"], title=value["title"], channels=channels)


def _faults(value: Mapping[str, Any], where: str) -> Iterator[Fault]:
    yield from _unknown(value, _TOP, where)
    if value.get("schema") != CONDITION_SCHEMA:
        yield _fault(f"{where} schema", str(value.get("schema", "nothing")), CONDITION_SCHEMA)
    for name in ("id", "version", "title"):
        if not isinstance(value.get(name), str) or not value[name]:
            yield _fault(f"{where} {name}", repr(value.get(name)), "text")
    entries = value.get("channel")
    if not isinstance(entries, list) or not entries:
        yield _fault(f"{where} channel", repr(entries), "at least one [[channel]]")
        return
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        here = f"{where} channel[{position}]"
        yield from _unknown(entry, (*_TEXTS, *_NUMBERS), here)
        yield from _channel_faults(entry, here, seen)


def _channel_faults(entry: Mapping[str, Any], here: str, seen: set[str]) -> Iterator[Fault]:
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name]:
            yield _fault(f"{here}.{name}", repr(entry.get(name)), "text")
    if entry.get("mark") not in {mark.value for mark in Mark}:
        yield _fault(f"{here}.mark", repr(entry.get("mark")), ", ".join(mark.value for mark in Mark))
    if entry.get("name") in seen:
        yield _fault(f"{here}.name", repr(entry.get("name")), "each channel once")
    seen.add(str(entry.get("name")))
    numbers: dict[str, Decimal] = {}
    for name in _NUMBERS:
        if name not in entry:
            continue
        number = _number(entry[name])
        if number is None or (name.endswith("_minutes") and number < 0):
            yield _fault(f"{here}.{name}", repr(entry[name]), "a decimal number as text")
        else:
            numbers[name] = number
    if {"low", "high"} <= numbers.keys() and numbers["low"] > numbers["high"]:
        yield _fault(f"{here}.low", str(numbers["low"]), f"at most {numbers['high']}")


def _number(stated: object) -> Decimal | None:
    if not isinstance(stated, str):
        return None
    try:
        number = Decimal(stated)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _unknown(value: object, known: tuple[str, ...], where: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _fault(where, repr(value), "a table")
        return
    for name in value:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield _fault(f"{where} {name}", name, near[0] if near else ", ".join(known))


def _fault(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-H201",
        what="The file with what a product permits on its way is not valid.",
        where=where,
        got=got,
        expected=expected,
        action="Correct the file.",
    )
