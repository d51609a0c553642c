"""What a reported value says, in which unit, and which values a limit lets through; all of it exact.

`reported` reads texts, `units` knows the closed dictionary of units, `limits` turns limits into exact intervals, and
`compiled_limits` these into doubles.
"""

from regenqc.measurement.compiled_limits import CompiledInterval, compile_interval, compile_limit
from regenqc.measurement.limits import (
    Bound,
    ExactInterval,
    Limit,
    Rounding,
    conforming_interval,
    make_limit,
    round_reported,
)
from regenqc.measurement.reported import (
    DEFAULT_LOCALE,
    PLAIN_NUMBER,
    SIGNIFICANT_DIGITS,
    WORDS,
    Form,
    NumberLocale,
    Reported,
    fold_text,
    fold_word,
    read_reported,
)
from regenqc.measurement.units import (
    NO_UNIT,
    UNITS,
    Unit,
    closest_spellings,
    conversion_factor,
    find_unit,
    unit_code,
)

__all__ = [
    "DEFAULT_LOCALE",
    "NO_UNIT",
    "PLAIN_NUMBER",
    "SIGNIFICANT_DIGITS",
    "UNITS",
    "WORDS",
    "Bound",
    "CompiledInterval",
    "ExactInterval",
    "Form",
    "Limit",
    "NumberLocale",
    "Reported",
    "Rounding",
    "Unit",
    "closest_spellings",
    "compile_interval",
    "compile_limit",
    "conforming_interval",
    "conversion_factor",
    "find_unit",
    "fold_text",
    "fold_word",
    "make_limit",
    "read_reported",
    "round_reported",
    "unit_code",
]
