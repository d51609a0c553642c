"""The closed dictionary of units: what is mapped is mapped on purpose, everything else is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from itertools import permutations, product

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import DataError, InternalError
from regenqc.measurement import NO_UNIT, UNITS, closest_spellings, conversion_factor, find_unit, fold_text, unit_code
from regenqc.measurement.unit_dictionary import BASE_UNITS
from regenqc.measurement.units import _fold_unit, _registry

from .strategies import UNIT_PAIRS

# ---- SPELLINGS ----

MAPPED = [
    # traps of open unit parsers that are mapped on purpose
    ("pH", "pH", "acidity"),
    ("[pH]", "pH", "acidity"),
    ("EU/mL", "EU/mL", "endotoxin concentration"),
    ("mOsm/kg", "mOsm/kg", "osmolality"),
    ("mosm/kg", "mOsm/kg", "osmolality"),
    ("cells", "cells", "cells"),
    ("copies", "copies", "copies"),
    ("CFU", "CFU", "colony-forming units"),
    ("IU", "IU", "international units"),
    ("percent", "%", "percentage"),
    ("%", "%", "percentage"),
    ("％", "%", "percentage"),
    ("ppm", "ppm", "parts per million"),
    ("ng/mg", "ng/mg", "mass per mass of product"),
    ("10*6/mL", "10^6/mL", "count concentration, items not stated"),
    ("10**6/mL", "10^6/mL", "count concentration, items not stated"),
    ("1e6/mL", "10^6/mL", "count concentration, items not stated"),
    ("x10^6/mL", "10^6/mL", "count concentration, items not stated"),
    ("10*9/L", "10^9/L", "count concentration, items not stated"),
    ("10*3/uL", "10^3/uL", "count concentration, items not stated"),
    ("/uL", "/uL", "count concentration, items not stated"),
    ("/mm3", "/uL", "count concentration, items not stated"),
    ("mg/dL", "mg/dL", "mass concentration"),
    ("Cel", "degC", "temperature"),
    ("℃", "degC", "temperature"),
    ("cP", "mPa.s", "viscosity"),
    ("mPa.s", "mPa.s", "viscosity"),
    ("{CFU}/mL", "CFU/mL", "colony-forming unit concentration"),
    ("[CFU]/mL", "CFU/mL", "colony-forming unit concentration"),
    ("{copies}/mL", "copies/mL", "copy concentration"),
    ("{cells}/uL", "cells/uL", "cell concentration"),
    ("[PFU]/mL", "PFU/mL", "plaque-forming unit concentration"),
    ("[TCID_50]/mL", "TCID50/mL", "infective dose concentration"),
    ("[IU]/L", "IU/L", "international unit concentration"),
    ("[iU]/L", "IU/L", "international unit concentration"),
    ("[NTU]", "NTU", "turbidity"),
    ("kDa", "kDa", "molecular mass"),
    ("h", "h", "time"),
    # spellings of laboratory exports
    ("µg/mL", "ug/mL", "mass concentration"),
    ("μg/mL", "ug/mL", "mass concentration"),
    ("µL", "uL", "volume"),
    ("cells/μL", "cells/uL", "cell concentration"),
    ("mmol/l", "mmol/L", "amount concentration"),
    ("cells/ml", "cells/mL", "cell concentration"),
    ("EU/ml", "EU/mL", "endotoxin concentration"),
    ("ＥＵ／ｍＬ", "EU/mL", "endotoxin concentration"),
    (" EU/mL ", "EU/mL", "endotoxin concentration"),
    ("GC/mL", "GC/mL", "genome copy concentration"),
    ("vg/mL", "vg/mL", "vector genome concentration"),
    ("copies/ug DNA", "copies/ug", "copies per mass of DNA"),
    ("beads/3 x 10^6 cells", "beads/3x10^6 cells", "beads per cells"),
    ("beads/3×10⁶ cells", "beads/3x10^6 cells", "beads per cells"),
    ("beads/3E6 cells", "beads/3x10^6 cells", "beads per cells"),
    ("cells/1e6 cells", "cells/10^6 cells", "cell fraction"),
    ("CFU/100mL", "CFU/100 mL", "colony-forming unit concentration"),
    ("", "", "number"),
    ("  ", "", "number"),
]


@pytest.mark.parametrize(("text", "symbol", "kind"), MAPPED, ids=[f"{text!r} is {kind}" for text, _, kind in MAPPED])
def test_a_listed_spelling_is_its_unit(text, symbol, kind):
    unit = find_unit(text)

    assert unit is not None
    assert (unit.symbol, unit.kind) == (symbol, kind)


REFUSED = [
    ("units", "micronit to pint"),
    ("unit", "micronit to pint"),
    ("eu", "entropy unit to pint"),
    ("eu/ml", "no case folding"),
    ("MG", "megagauss to pint"),
    ("MG/ML", "no case folding"),
    ("ML", "megalitre"),
    ("u", "atomic mass unit"),
    ("a", "year"),
    ("U", "which enzyme"),
    ("U/mL", "which enzyme"),
    ("h/d", "a ratio of times"),
    ("M", "molar or million"),
    ("C", "degree or coulomb"),
    ("[EU]/mL", "Ehrlich unit in UCUM"),
    ("{CFU}", "a bare annotation"),
    ("{ratio}", "a bare annotation"),
    ("{spots}/10*6", "of what"),
    ("k[iU]/L", "a prefix on an arbitrary unit"),
    ("kEU/mL", "a prefix on an arbitrary unit"),
    ("meq/L", "depends on the valence"),
    ("10E6 cells/mL", "ten million as written, one million as often meant"),
    ("10E6/mL", "ten million as written, one million as often meant"),
    ("106 cells/mL", "a lost superscript"),
    ("10 6 cells/mL", "a lost caret"),
    ("(x10^6 cells/mL", "an open bracket"),
    ("billion cells", "10^9 or 10^12"),
    ("mille/mm3", "a thousand in French, easily read as a million"),
    ("10^6", "a million of what"),
    ("million", "a million of what"),
    ("ng/mL EU", "two units"),
    ("EU/mL/h", "not listed"),
    ("1", "a number is not a unit"),
    ("EU/mL\n", "a line break"),
    ("EU /mL", "a blank inside"),
    ("x" * 10**6, "far too long"),
    ("\ud800", "not a character"),
]


@pytest.mark.parametrize("text", [case[0] for case in REFUSED], ids=[f"{t[:20]!r}: {why}" for t, why in REFUSED])
def test_an_unlisted_spelling_is_refused(text):
    assert find_unit(text) is None


MILLION = ["10^6", "10*6", "10**6", "10⁶", "1e6", "1E6", "1E+06", "E6", "million"]
DECORATIONS = ["{}", "x{}", "x {}", "×{}", "× {}", "({})", "(x{})", "(x {})", "(×{})"]
POWERS = [decoration.format(power) for power, decoration in product(MILLION, DECORATIONS)]


@pytest.mark.parametrize("power", POWERS)
def test_every_way_to_write_a_million_is_the_same_unit(power):
    assert find_unit(f"{power} cells/mL") is find_unit("10^6 cells/mL")
    assert find_unit(f"ng/{power} cells") is find_unit("ng/10^6 cells")


def test_every_listed_spelling_finds_its_own_unit():
    assert [(unit.symbol, text) for unit in UNITS for text in unit.spellings if find_unit(text) is not unit] == []


def test_no_spelling_is_listed_twice():
    spellings = [_fold_unit(text) for unit in UNITS for text in dict.fromkeys(map(_fold_unit, unit.spellings))]

    assert len(spellings) == len(set(spellings))


def test_every_symbol_is_its_own_canonical_form():
    assert [unit.symbol for unit in UNITS if _fold_unit(unit.symbol) != unit.symbol] == []


def test_no_slip_of_case_leads_to_another_unit_of_the_same_kind():
    by_case: dict[tuple[str, str], set[str]] = {}
    for unit in UNITS:
        for text in unit.spellings:
            by_case.setdefault((unit.kind, text.casefold()), set()).add(unit.symbol)

    assert [symbols for symbols in by_case.values() if len(symbols) > 1] == []


@given(st.text(max_size=80))
def test_any_text_is_a_unit_or_none_and_alike_after_folding(text):
    assert find_unit(text) is find_unit(fold_text(text))


def test_unit_codes_are_positions():
    assert [unit_code(unit.symbol) for unit in UNITS] == list(range(len(UNITS)))
    assert UNITS[0] is NO_UNIT is find_unit("")


def test_a_symbol_that_does_not_exist_has_no_code():
    with pytest.raises(InternalError, match="RQC-X061"):
        unit_code("eu/ml")


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("eu/ml", "EU/mL"), ("MG/ML", "mg/mL"), ("10E6 cells/mL", "10^6 cells/mL"), ("copies per mL", "copies/mL")],
)
def test_a_refused_spelling_is_answered_with_near_ones(text, suggestion):
    assert suggestion in closest_spellings(text)


@pytest.mark.parametrize("text", ["", "qqqqqqqq", "x" * 10**6, "\ud800"])
def test_nothing_is_suggested_where_nothing_is_near(text):
    assert closest_spellings(text) == ()


# ---- KINDS AND FACTORS ----


def test_kinds_are_equal_exactly_where_dimensions_are():
    registry = _registry()
    dimensions = {
        unit.symbol: dict(registry.parse_expression(unit.definition or "1 gram / gram").dimensionality)
        for unit in UNITS
    }

    disagreeing = [
        (a.symbol, b.symbol)
        for a, b in product(UNITS, UNITS)
        if (a.kind == b.kind) != (dimensions[a.symbol] == dimensions[b.symbol])
    ]
    assert disagreeing == []


def test_only_the_missing_unit_is_dimensionless():
    registry = _registry()

    assert [unit.symbol for unit in UNITS[1:] if registry.parse_expression(unit.definition).dimensionless] == []


def test_the_registry_knows_the_base_units_and_nothing_else():
    registry = _registry()

    assert {name for name, _ in BASE_UNITS} == set(dir(registry)) & set(registry._units)
    assert set(registry._units) == {name for name, _ in BASE_UNITS}


def test_every_base_unit_is_used():
    definitions = " ".join(unit.definition for unit in UNITS)

    assert [name for name, _ in BASE_UNITS if name not in definitions] == []


def test_factors_are_exact_fractions_and_inverse_to_one_another():
    for source, target in UNIT_PAIRS:
        factor = conversion_factor(source, target)
        assert type(factor) is Fraction
        assert factor > 0
        assert factor * conversion_factor(target, source) == 1


def test_factors_of_two_steps_multiply():
    for (a, b), c in product(UNIT_PAIRS, UNITS):
        if a.kind == c.kind:
            assert conversion_factor(a, b) * conversion_factor(b, c) == conversion_factor(a, c)


FACTORS = [
    ("mg/mL", "g/L", "1"),
    ("ug/mL", "mg/mL", "1/1000"),
    ("mg/dL", "mg/mL", "1/100"),
    ("g/dL", "g/L", "10"),
    ("ng/uL", "ug/mL", "1"),
    ("pg/mL", "ng/L", "1"),
    ("ng/mL", "ug/L", "1"),
    ("kg", "g", "1000"),
    ("pg", "ug", "1/1000000"),
    ("pg/cell", "ng/10^6 cells", "1000"),
    ("fg/cell", "ng/10^6 cells", "1"),
    ("ug/mg", "ng/mg", "1000"),
    ("uL", "mL", "1/1000"),
    ("dL", "L", "1/10"),
    ("cells/uL", "cells/mL", "1000"),
    ("10^6 cells/mL", "cells/uL", "1000"),
    ("10^6 cells/mL", "10^9 cells/L", "1"),
    ("10^6 cells/L", "cells/mL", "1000"),
    ("10^9 cells", "10^6 cells", "1000"),
    ("10^6 cells/kg", "cells/kg", "1000000"),
    ("10^8 cells/dose", "10^6 cells/dose", "100"),
    ("10^6/mL", "10^3/uL", "1"),
    ("cells/10^4 cells", "cells/10^6 cells", "100"),
    ("cells/10^5 cells", "cells/10^6 cells", "10"),
    ("cells/10^9 cells", "cells/10^6 cells", "1/1000"),
    ("colonies/10^5 cells", "colonies/10^6 cells", "10"),
    ("beads/3x10^6 cells", "beads/10^6 cells", "1/3"),
    ("spots/10^5 cells", "spots/10^6 cells", "10"),
    ("CFU/mL", "CFU/100 mL", "100"),
    ("CFU/10 mL", "CFU/mL", "1/10"),
    ("CFU/L", "CFU/mL", "1/1000"),
    ("copies/uL", "copies/mL", "1000"),
    ("copies/ng", "copies/ug", "1000"),
    ("10^12 vg/mL", "vg/mL", "1000000000000"),
    ("10^8 TU/mL", "10^6 TU/mL", "100"),
    ("10^9 particles/mL", "particles/mL", "1000000000"),
    ("IU/L", "IU/mL", "1/1000"),
    ("mmol/L", "umol/L", "1000"),
    ("nmol/L", "mol/L", "1/1000000000"),
    ("Osm/kg", "mOsm/kg", "1000"),
    ("Osm/L", "mOsm/L", "1000"),
    ("mS/cm", "uS/cm", "1000"),
    ("kDa", "Da", "1000"),
    ("d", "h", "24"),
    ("h", "min", "60"),
    ("min", "s", "60"),
    ("um", "mm", "1/1000"),
    ("cm", "nm", "10000000"),
]


@pytest.mark.parametrize(("source", "target", "factor"), FACTORS, ids=[f"{a} to {b} is {f}" for a, b, f in FACTORS])
def test_a_factor_is_the_one_in_the_textbook(source, target, factor):
    assert conversion_factor(find_unit(source), find_unit(target)) == Fraction(factor)


PREFIXES = {"k": 3, "": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
STEMS = ["g", "g/L", "g/mL", "g/dose", "g/cell", "g/mg", "g/10^6 cells", "L", "mol/L", "Osm/kg"]
PREFIXED = [(prefix + stem, stem, exponent) for stem in STEMS for prefix, exponent in PREFIXES.items()]


@pytest.mark.parametrize("stem", STEMS)
def test_metric_prefixes_mean_what_they_mean_everywhere(stem):
    units = [(find_unit(text), exponent) for text, other, exponent in PREFIXED if other == stem]
    units = [(unit, exponent) for unit, exponent in units if unit is not None]

    assert len(units) >= 2
    for (a, exponent_a), (b, exponent_b) in product(units, units):
        assert conversion_factor(a, b) == Fraction(10) ** (exponent_a - exponent_b)


POWER_UNITS = [unit.symbol for unit in UNITS if unit.symbol.startswith("10^")]


@pytest.mark.parametrize("symbol", POWER_UNITS)
def test_a_power_of_ten_before_a_unit_is_its_factor(symbol):
    exponent, counted = re.fullmatch(r"10\^([0-9]+) ?(.+)", symbol).groups()

    assert conversion_factor(find_unit(symbol), find_unit(counted)) == Fraction(10) ** int(exponent)


def test_no_unit_that_converts_is_left_without_a_test_of_its_factor():
    tested = {symbol for source, target, _ in FACTORS for symbol in (source, target)}
    tested |= (
        {text for text, _, _ in PREFIXED}
        | set(POWER_UNITS)
        | {text.split("^")[1].lstrip("0123456789 ") for text in POWER_UNITS}
    )
    kinds = Counter(unit.kind for unit in UNITS)

    assert [unit.symbol for unit in UNITS if kinds[unit.kind] > 1 and unit.symbol not in tested] == []


NEVER = [
    ("%", "ppm"),
    ("%", ""),
    ("ppm", "ng/mg"),
    ("IU/mL", "EU/mL"),
    ("CFU/mL", "copies/mL"),
    ("CFU/mL", "cells/mL"),
    ("copies/mL", "GC/mL"),
    ("GC/mL", "vg/mL"),
    ("vg/mL", "TU/mL"),
    ("TU/mL", "PFU/mL"),
    ("PFU/mL", "TCID50/mL"),
    ("copies/cell", "copies/transduced cell"),
    ("copies/cell", "copies/diploid genome"),
    ("copies/diploid genome", "copies/haploid genome"),
    ("EU/kg", "EU/mg"),
    ("EU/kg", "EU/kg/h"),
    ("EU/mL", "EU/dose"),
    ("mOsm/kg", "mOsm/L"),
    ("kDa", "kg"),
    ("cells/mL", "10^6/mL"),
    ("cells/10^6 cells", "%"),
    ("beads/10^6 cells", "cells/10^6 cells"),
    ("particles/mL", "cells/mL"),
    ("MOI", ""),
    ("x-fold", ""),
    ("pH", ""),
    ("colonies", "CFU"),
    ("mL/kg", "mL"),
]


@pytest.mark.parametrize(("source", "target"), NEVER, ids=[f"{a or 'a number'} to {b or 'a number'}" for a, b in NEVER])
def test_no_factor_leads_from_one_kind_to_another(source, target):
    with pytest.raises(DataError) as caught:
        conversion_factor(find_unit(source), find_unit(target))

    assert caught.value.code == "RQC-D060"


# ---- WHY THE DICTIONARY IS CLOSED ----

ACCEPTED_BY_PINT = ["pH", "EU/mL", "units", "unit", "eu", "MG", "ML", "u", "a", "U", "h/d", "C", "M"]


def test_an_open_registry_would_read_traps_as_nonsense():
    registry = pint.UnitRegistry()
    readings = {text: str(registry.parse_units(text)) for text in ACCEPTED_BY_PINT}

    assert readings["pH"] == "picohenry"
    assert readings["EU/mL"] == "exaenzyme_unit / milliliter"
    assert readings["MG"] == "megagauss"
    assert "micronit" in readings["units"]
    assert registry.Quantity(1, "percent").to("ppm").magnitude == pytest.approx(10_000)
    assert [text for text in ACCEPTED_BY_PINT if find_unit(text) is not None] == ["pH", "EU/mL"]


# ---- COST ----


def test_pint_computes_the_factors_once_and_what_it_found_is_kept(tmp_path):
    program = f"""
import sys, pathlib
from regenqc import kept
kept._folders = lambda: [pathlib.Path({str(tmp_path)!r})]
from regenqc.measurement import find_unit, conversion_factor
assert conversion_factor(find_unit("mg/mL"), find_unit("mg/ml")) == 1
print("pint" in sys.modules)
print(conversion_factor(find_unit("mg/mL"), find_unit("ug/mL")), "pint" in sys.modules)
"""
    shown = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"1000", b"1001"))
    shown.append(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )

    assert shown == [["False", "1000", "True"], ["False", "1000", "False"], ["False", "1000", "True"]]


def test_every_factor_is_what_pint_says_of_the_two_units_together():
    registry = _registry()
    for source, target in permutations(UNITS, 2):
        if source.kind == target.kind:
            ratio = registry.parse_expression(source.definition) / registry.parse_expression(target.definition)
            assert conversion_factor(source, target) == Fraction(ratio.to_root_units().magnitude)
            assert getattr(ratio, "dimensionless", True)
