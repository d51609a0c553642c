"""The closed dictionary of units; whatever is not spelled here is not a unit.

Open unit parsing is unsafe for release: pint on its own reads `EU/mL` as exa-enzyme-units, `pH` as picohenry and `MG` as
megagauss, and UCUM tools convert IU into endotoxin units one to one. Here every spelling is listed, case matters, and
factors exist only between units of one kind of quantity.

Not in the dictionary, on purpose: `10E6 cells` (10^7 as written, 10^6 as often meant: a factor of ten in a dose), `billion`
(10^9 or 10^12), `U` (which enzyme?), `M` and `C` (molar or million, degree or coulomb), `[EU]` (Ehrlich units in UCUM).
`GC/mL` (genome copies), `copies/mL` and `vg/mL` are three kinds: which molecule is counted is not a matter of spelling.
A laboratory that writes otherwise says what it means in its profile.

pint computes the factors, exactly, in a registry that knows only the base units below. It does so once for a dictionary and
a version of pint; what it found is kept, because its import takes longer than most runs.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import DataError, Fault, InternalError
from regenqc.kept import fingerprint, read_kept, write_kept
from regenqc.measurement.reported import fold_text
from regenqc.measurement.unit_dictionary import BASE_UNITS, DICTIONARY

if TYPE_CHECKING:
    import pint

__all__ = [
    "NO_UNIT",
    "UNITS",
    "Unit",
    "closest_spellings",
    "conversion_factor",
    "find_unit",
    "unit_code",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of the dictionary.

    Args:
        symbol: the canonical spelling, used in every output.
        kind: the kind of quantity in words; only units of one kind convert into one another.
        definition: the unit as an expression over the base units of the closed registry.
        spellings: the texts that mean exactly this unit, the symbol first; `find_unit` says what is folded before they are
            compared.
    """

    symbol: str
    kind: str
    definition: str
    spellings: tuple[str, ...]


# Powers of ten stand at the start or after a stroke: `x10^6`, `(×10⁶)`, `10*6`, `1e+06`, `E6`, `million` are `10^6`.
_POWER: Final = re.compile(
    r"(?P<lead>^|/)(?:(?P<three>3) ?(?=[x×]))?(?P<open>\()?(?:[x×] ?)?"
    r"(?:10(?:\^|\*\*?)(?P<plain>[1-9][0-9]?)|10(?P<raised>[¹²³⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹]?)"
    r"|(?:1[eE]|E)\+?0?(?P<short>[1-9][0-9]?)|(?P<word>thousand|million)\b)"
    r"(?(open)\)) ?(?P<counted>(?=[A-Za-z]))?"
)
_THREE_SHORT: Final = re.compile("/3[eE]")
_LOWERED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER_WORDS: Final = {"thousand": "3", "million": "6"}
_LITRE: Final = re.compile("(?<![A-Za-z])([dmu]?)l(?![A-Za-z])")
_MICRO: Final = str.maketrans("µμ", "uu")
_LONGEST_SPELLING: Final = 60


def _write_power(match: re.Match[str]) -> str:
    raised, word = match["raised"], match["word"]
    exponent = match["plain"] or match["short"] or (raised.translate(_LOWERED) if raised else _POWER_WORDS[word])
    times = "3x" if match["three"] else ""
    return f"{match['lead']}{times}10^{exponent}{' ' if match['counted'] is not None else ''}"


def _fold_unit(text: str) -> str:
    """Return `text` with one form for micro signs, litres and powers of ten; nothing else is taken to be alike."""
    folded = fold_text(text).translate(_MICRO)
    if len(folded) > _LONGEST_SPELLING:
        return ""
    folded = _LITRE.sub(r"\1L", _THREE_SHORT.sub("/3x1e", folded))
    return _POWER.sub(_write_power, folded)


def _build_units() -> tuple[Unit, ...]:
    units = []
    for kind, entries in DICTIONARY.items():
        for symbol, definition, *others in entries:
            spellings = [symbol, *others]
            spellings += [text.replace("cells/", "cell/") for text in spellings if "cells/" in text]
            units.append(Unit(symbol, kind, definition, tuple(spellings)))
    return tuple(units)


UNITS: Final[tuple[Unit, ...]] = _build_units()
NO_UNIT: Final[Unit] = UNITS[0]

_CODES: Final[dict[str, int]] = {unit.symbol: code for code, unit in enumerate(UNITS)}
_BY_SPELLING: Final[dict[str, Unit]] = {_fold_unit(spelling): unit for unit in UNITS for spelling in unit.spellings}


def find_unit(text: str) -> Unit | None:
    """Return the unit that `text` spells, or None when the dictionary does not have it; never raises.

    Blanks and full-width forms, the two micro signs, `L` and `l` for litres and the ways to write a power of ten are
    folded. Case is not.

    Example:
        >>> find_unit(" (x10^6) cells/ml").symbol, find_unit("eu/ml"), find_unit("").kind
        ('10^6 cells/mL', None, 'number')
    """
    unit = _BY_SPELLING.get(text)
    if unit is not None:
        return unit
    folded = _fold_unit(text)
    if folded:
        return _BY_SPELLING.get(folded)
    return NO_UNIT if not fold_text(text) else None


def unit_code(symbol: str) -> int:
    """Return the position of the unit with this canonical symbol in `UNITS`.

    Raises:
        InternalError: no unit has this symbol; reported texts go through `find_unit` first.

    Example:
        >>> unit_code("")
        0
    """
    code = _CODES.get(symbol)
    if code is None:
        raise InternalError(
            Fault(code="RQC-X061", what="No unit has this symbol.", got=symbol, expected="a canonical symbol")
        )
    return code


def closest_spellings(text: str) -> tuple[str, ...]:
    """Return up to three canonical symbols that `text` may have been meant for, for messages only; never a conversion.

    Example:
        >>> closest_spellings("eu/ml")[0]
        'EU/mL'
    """
    wanted = _fold_unit(fold_text(text[:500])[:_LONGEST_SPELLING])
    same = [unit.symbol for spelling, unit in _BY_SPELLING.items() if spelling.casefold() == wanted.casefold()]
    similar = [_BY_SPELLING[spelling].symbol for spelling in difflib.get_close_matches(wanted, _BY_SPELLING, n=9)]
    return tuple(dict.fromkeys(symbol for symbol in same + similar if symbol))[:3]


def conversion_factor(source: Unit, target: Unit) -> Fraction:
    """Return the exact factor: value in `target` = value in `source` * factor.

    Raises:
        DataError: the units measure different kinds of quantity.

    Example:
        >>> conversion_factor(find_unit("ug/mL"), find_unit("g/L"))
        Fraction(1, 1000)
    """
    if source.symbol == target.symbol:
        return Fraction(1)
    if source.kind != target.kind:
        raise DataError(
            Fault(
                code="RQC-D060",
                what=f"No factor leads from {source.kind} to {target.kind}.",
                got=source.symbol or "no unit",
                expected=f"a unit of {target.kind}, e.g. {target.symbol or 'none'}",
                action="Report the result in such a unit, or correct the unit of the limit.",
            )
        )
    return _factor(source.definition, target.definition)


@cache
def _scales() -> dict[str, Fraction]:
    """Return for each definition the value of one such unit in base units."""
    from importlib.metadata import version  # noqa: PLC0415 - most small runs convert nothing

    dependencies: list[str | bytes] = [
        repr(BASE_UNITS),
        repr(DICTIONARY),
        Path(__file__).read_bytes(),
        version("pint"),
        sys.version,
    ]
    name = f"units-{fingerprint(dependencies)}.json"
    kept = read_kept(name)
    if kept is None:
        registry = _registry()
        definitions = dict.fromkeys(unit.definition for unit in UNITS)
        scales = {
            text: str(Fraction(registry.parse_expression(text).to_root_units().magnitude)) for text in definitions
        }
        kept = json.dumps(scales).encode()
        write_kept(name, kept)
    return {definition: Fraction(text) for definition, text in json.loads(kept).items()}


def _registry() -> pint.UnitRegistry[Any]:
    import pint  # noqa: PLC0415  (170 ms, and most runs never convert)

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, non_int_type=Fraction)
    for name, dimension in BASE_UNITS:
        registry.define(f"{name} = [{re.sub('[^a-z]+', '_', dimension)}]")
    return registry


@cache
def _factor(source: str, target: str) -> Fraction:
    scales = _scales()
    return scales[source] / scales[target]
