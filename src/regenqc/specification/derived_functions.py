"""The functions that may produce a derived result: inputs, units, directions, formula and source of each.

This is the whole declaration; what is computed from it stands in `regenqc.evaluation.derivation`. A censored input stays
censored by the direction of its input: where the value rises with it, `< a` gives at most f(a), where it falls, at least.

An upper bound says what can be there at most, and nothing about how little: it is written `≤ bound`, so that it conforms or
leaves a limit open, and never fails one. Where something was detected, the lower bound of the same confidence stands beside it
as a result of its own: what is there at least, and that fails a limit which it exceeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONFIDENCE", "DERIVED_INPUTS", "FUNCTIONS", "DerivedFunction", "Direction", "Input", "Reading", "Rule"]

# Of every bound, one-sided.
CONFIDENCE: Final = Fraction(95, 100)


class Rule(Enum):
    """How a value is computed, and so how exact it is."""

    PRODUCT = "the product of the inputs that rise, divided by those that fall; exact"
    TOTAL = "the sum of every result of the only input; exact"
    DIFFERENCE = "the difference of two inputs in percent of the second; exact"
    STATISTIC = "a statistic, rounded to 12 digits in the direction that is worse for the batch"


class Direction(Enum):
    """How the value changes with an input."""

    RISES = 1
    FALLS = -1
    NEITHER = 0


class Reading(Enum):
    """How a reported text becomes a number."""

    QUANTITY = "a number in a unit"
    COUNT = "a whole number; words that report an absence are 0, words that report a presence at least 1"
    METAPHASES = "the metaphases of a karyotype of one cell line, or their number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a derived function.

    Args:
        name: as in the specification.
        unit: unit in which it enters; `None` for any unit, of one kind for all inputs of the function that say so.
        direction: whether the value rises or falls with it.
        reading: how its text is read.
        at_least: smaller inputs count as this one.
        at_most: a larger input cannot be; in `unit`.
        above_zero: whether zero cannot be.
        also: units of other kinds that it may be reported in, with what one of them is in `unit`.
        may_be_constant: whether a specification may state it as a number of its own.
        every_result: whether all results enter together; of other inputs each result gives a value of its own.
        unless_below: input that makes this one needless where that is reported as less than something.
        not_detected_below: input that bounds a result that is not detected and states no detection limit of its own.
    """

    name: str
    unit: str | None
    direction: Direction = Direction.RISES
    reading: Reading = Reading.QUANTITY
    at_least: int = 0
    at_most: int | None = None
    above_zero: bool = False
    also: tuple[tuple[str, Fraction], ...] = ()
    may_be_constant: bool = False
    every_result: bool = False
    unless_below: str = ""
    not_detected_below: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedFunction:
    """A function of named inputs.

    Args:
        rule: how it is computed.
        inputs: in the order in which faults are looked for.
        unit: unit of the value.
        formula: in words of the inputs.
        source: where the formula comes from.
        factor: of a product, or of the product that a statistic never falls below.
        worse_up: of a statistic, whether larger is worse for a batch, so that it is rounded up.
        never_below: inputs whose product the value never falls below.
        is_bound: whether a statistic is an upper bound on what is really there, so that it is written as at most that.
        lower_bound: formula of what then stands beside it where something was detected: what is there at least.
    """

    rule: Rule
    inputs: tuple[Input, ...]
    unit: str
    formula: str
    source: str
    factor: Fraction = Fraction(1)
    worse_up: bool = True
    never_below: tuple[str, ...] = ()
    is_bound: bool = False
    lower_bound: str = ""

    def input(self, name: str) -> Input:
        """Return the input of this name.

        Example:
            >>> FUNCTIONS["dose_per_kg"].input("weight").unit
            'kg'
        """
        return next(entry for entry in self.inputs if entry.name == name)


_FALLS: Final = Direction.FALLS
_CELLS_PER_MILLION: Final = (("cells/10^6 cells", Fraction(1, 10_000)),)
_EFFICIENCY: Final = Input(
    name="efficiency", unit="%", direction=_FALLS, at_most=100, above_zero=True, may_be_constant=True
)
_DETECTION_LIMIT: Final = Input(
    name="detection_limit", unit="%", at_most=100, above_zero=True, also=_CELLS_PER_MILLION, may_be_constant=True
)
_DOSE: Final = Input(name="dose", unit="cells", above_zero=True, may_be_constant=True)

FUNCTIONS: Final[Mapping[str, DerivedFunction]] = {
    "endotoxin_per_kg_hour": DerivedFunction(
        rule=Rule.PRODUCT,
        inputs=(
            Input(name="concentration", unit="EU/mL"),
            # Nothing given carries nothing; a volume of zero is no dose, and shows nothing about one.
            Input(name="volume", unit="mL", above_zero=True),
            Input(name="weight", unit="kg", direction=_FALLS),
            # A dose given within less than an hour counts as given in one hour.
            Input(name="duration", unit="h", direction=_FALLS, at_least=1),
        ),
        unit="EU/kg/h",
        formula="concentration × volume / weight / duration, a duration under 1 h being 1 h",
        source="USP <85>: limit K per kg and hour, whole dose within one hour where it is shorter",
    ),
    "dose_per_kg": DerivedFunction(
        rule=Rule.PRODUCT,
        inputs=(Input(name="dose", unit="cells"), Input(name="weight", unit="kg", direction=_FALLS)),
        unit="cells/kg",
        formula="dose / weight",
        source="definition",
    ),
    "viable_cell_dose": DerivedFunction(
        rule=Rule.PRODUCT,
        inputs=(
            Input(name="concentration", unit="cells/mL"),
            Input(name="volume", unit="mL"),
            Input(name="viability", unit="%"),
        ),
        unit="cells",
        formula="concentration × volume × viability",
        source="definition",
        factor=Fraction(1, 100),
    ),
    "recovery": DerivedFunction(
        rule=Rule.PRODUCT,
        inputs=(Input(name="after", unit=None), Input(name="before", unit=None, direction=_FALLS)),
        unit="%",
        formula="100 % × after / before",
        source="definition",
        factor=Fraction(100),
    ),
    "tested_share": DerivedFunction(
        rule=Rule.PRODUCT,
        inputs=(Input(name="tested", unit=None), Input(name="total", unit=None, direction=_FALLS)),
        unit="%",
        formula="100 % × tested / total",
        source="definition",
        factor=Fraction(100),
    ),
    "out_of_storage_time": DerivedFunction(
        rule=Rule.TOTAL,
        inputs=(Input(name="interval", unit="min", every_result=True),),
        unit="min",
        formula="sum of interval over every result",
        source="definition",
    ),
    "relative_difference": DerivedFunction(
        rule=Rule.DIFFERENCE,
        inputs=(
            Input(name="result", unit=None, direction=Direction.NEITHER),
            Input(name="reference", unit=None, direction=Direction.NEITHER),
        ),
        unit="%",
        formula="100 % × |result - reference| / reference",
        source="definition",
    ),
    "population_doublings": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(name="harvested", unit="cells", above_zero=True),
            Input(name="seeded", unit="cells", direction=_FALLS, above_zero=True),
        ),
        unit="population doublings",
        formula="log2(harvested / seeded)",
        source="definition",
    ),
    "residual_cells_per_dose": DerivedFunction(
        rule=Rule.PRODUCT,
        inputs=(Input(name="fraction", unit="%"), Input(name="dose", unit="cells", above_zero=True)),
        unit="cells",
        formula="fraction × dose",
        source="definition",
        factor=Fraction(1, 100),
    ),
    "residual_cells_bound_by_count": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(
                name="positives",
                unit="cells",
                reading=Reading.COUNT,
                also=(("colonies", Fraction(1)), ("", Fraction(1))),
            ),
            Input(name="examined", unit="cells", direction=_FALLS, reading=Reading.COUNT, above_zero=True),
            _EFFICIENCY,
            _DETECTION_LIMIT,
            _DOSE,
        ),
        unit="cells",
        formula="max(upper 95 % bound of positives among examined / efficiency, detection_limit) × dose",
        source="one-sided bound of Clopper and Pearson 1934, Biometrika 26:404",
        factor=Fraction(1, 100),
        never_below=("detection_limit", "dose"),
        is_bound=True,
        lower_bound="lower 95 % bound of positives among examined / efficiency × dose",
    ),
    "residual_cells_bound_by_fraction": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(
                name="fraction", unit="%", at_most=100, also=_CELLS_PER_MILLION, not_detected_below="detection_limit"
            ),
            Input(name="uncertainty", unit="%", also=_CELLS_PER_MILLION, may_be_constant=True, unless_below="fraction"),
            _DETECTION_LIMIT,
            _DOSE,
        ),
        unit="cells",
        formula="max(fraction + 1.6449 × uncertainty, detection_limit) × dose",
        source="one-sided 95 % bound of a normal distribution about the result, as in JCGM 106:2012",
        factor=Fraction(1, 100),
        never_below=("detection_limit", "dose"),
        is_bound=True,
        lower_bound="(fraction - 1.6449 × uncertainty) × dose",
    ),
    "virus_detection_probability": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(name="amount", unit=None),
            Input(name="dose", unit=None, direction=_FALLS, above_zero=True, may_be_constant=True),
            Input(name="efficiency", unit="%", at_most=100, may_be_constant=True),
        ),
        unit="%",
        formula="1 - exp(-amount / dose × efficiency), for one replication-competent virus per dose",
        source="Poisson distribution",
        worse_up=False,
    ),
    "virus_upper_bound_per_dose": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(name="positives", unit="", reading=Reading.COUNT),
            Input(name="amount", unit=None, direction=_FALLS, above_zero=True),
            Input(name="dose", unit=None, above_zero=True, may_be_constant=True),
            _EFFICIENCY,
        ),
        unit="",
        formula="upper 95 % bound of the mean of positives × dose / amount / efficiency",
        source="one-sided bound of Garwood 1936, Biometrika 28:437",
        is_bound=True,
        lower_bound="lower 95 % bound of the mean of positives × dose / amount / efficiency",
    ),
    "excluded_mosaicism": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(name="karyotype", unit="metaphases", direction=_FALLS, reading=Reading.METAPHASES, above_zero=True),
        ),
        unit="%",
        formula="1 - 0.05^(1 / metaphases)",
        source="Hook 1977, Am J Hum Genet 29:94, at 95 % confidence",
        is_bound=True,
    ),
    "contamination_detection_probability": DerivedFunction(
        rule=Rule.STATISTIC,
        inputs=(
            Input(name="containers", unit="", reading=Reading.COUNT),
            Input(name="contaminated", unit="%", at_most=100, may_be_constant=True),
        ),
        unit="%",
        formula="1 - (1 - contaminated)^containers",
        source="binomial distribution; containers drawn from a lot that is not endless are more likely to meet one",
        worse_up=False,
    ),
}

DERIVED_INPUTS: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(entry.name for entry in function.inputs) for name, function in FUNCTIONS.items()
}
