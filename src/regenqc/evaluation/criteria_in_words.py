"""Criteria in words: what results must conform to, each limit in the reported unit first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from regenqc.evaluation.derivation.quantity import quantity_text
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.specification.criteria import limit_as_written, read_limit
from regenqc.specification.model import Requirement

if TYPE_CHECKING:
    from regenqc.specification.model import Criterion, Karyotype, LimitText

__all__ = ["LimitWords", "criterion_text", "limit_text", "row_limit_text", "single_limit_text"]


class LimitWords(Protocol):
    """How a limit is put into words: `limit_text`, or what notes where limits stand."""

    def __call__(self, limit: LimitText, /, *, unit_code: int | None = None) -> str:
        """Return a limit in words."""


def limit_text(limit: LimitText, /, *, unit_code: int | None = None) -> str:
    """Return a limit in words, in the reported unit first where that is another one.

    Example:
        >>> from regenqc.measurement.units import unit_code
        >>> from regenqc.specification.model import LimitText
        >>> limit_text(LimitText(max="0.5", unit="ug/mL"), unit_code=unit_code("ng/mL"))
        '≤ 500 ng/mL (≤ 0.5 ug/mL)'
    """
    if unit_code is None or unit_code >= len(UNITS):
        return limit_as_written(limit)
    unit = find_unit(limit.unit)
    reported = UNITS[unit_code]
    if unit is None or reported.symbol == unit.symbol or reported.kind != unit.kind:
        return limit_as_written(limit)
    factor = conversion_factor(unit, reported)
    written = read_limit(limit)
    sides = []
    for number, exclusive, signs in (
        (written.minimum, written.minimum_exclusive, "≥>"),
        (written.maximum, written.maximum_exclusive, "≤<"),
    ):
        if number is not None:
            above, below = number.as_integer_ratio()
            converted = quantity_text("", above * factor.numerator, below * factor.denominator)
            sides.append(f"{signs[exclusive]} {converted}")
    return f"{' and '.join(sides)} {reported.symbol} ({limit_as_written(limit)})"


def criterion_text(requirement: Requirement, *, unit_code: int | None = None, in_words: LimitWords = limit_text) -> str:
    """Return what a requirement demands, in words.

    Args:
        requirement: any.
        unit_code: in which its results are reported; limits of its parts are quoted as written.
        in_words: how a limit is put into words.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> criterion_text(Requirement(id="sterility", one_of=("no growth",)))
        'no growth'
    """
    if requirement.karyotype is not None:
        return _karyotype_text(requirement.karyotype)
    if requirement.identity is not None:
        return f"equal to {requirement.identity.equals or 'the result at ' + str(requirement.identity.equals_stage)}"
    if requirement.agreement is not None:
        agreement = requirement.agreement
        amount = f"{agreement.relative} %" if agreement.relative else f"{agreement.absolute} {agreement.unit}"
        interval = f", the whole interval at {agreement.confidence} confidence" if agreement.confidence else ""
        return f"{amount} of the result at {agreement.stage}{interval}"
    if requirement.evidence is not None:
        return f"{requirement.evidence.document[1:]} stated and in date"
    if requirement.report_only:
        return "to be reported"
    if requirement.sponsor_must_set:
        return "to be set by the sponsor"
    for parts, word in ((requirement.any_of, " or "), (requirement.all_of, " and ")):
        if parts:
            return word.join(f"{part.test} {single_limit_text(part, in_words=in_words)}" for part in parts)
    if requirement.n_of_m is not None:
        listed = ", ".join(
            f"{part.test} {single_limit_text(part, in_words=in_words)}" for part in requirement.n_of_m.of
        )
        return f"at least {requirement.n_of_m.n} of: {listed}"
    text = single_limit_text(requirement, unit_code=unit_code, in_words=in_words)
    if requirement.replicates_conforming is not None:
        text = f"{requirement.replicates_conforming} of {requirement.replicates_total} replicates {text}"
    elif requirement.replicates.value in {"mean", "median"}:
        text = f"{text} for the {requirement.replicates} of the replicates"
    return text


def _karyotype_text(karyotype: Karyotype) -> str:
    sex = f", sex as {karyotype.expected_sex}" if karyotype.expected_sex else ""
    allowed = f", {' and '.join(karyotype.allow)} allowed" if karyotype.allow else ""
    return f"normal karyotype in at least {karyotype.min_metaphases} metaphases{sex}{allowed}"


def single_limit_text(criterion: Criterion, *, unit_code: int | None = None, in_words: LimitWords = limit_text) -> str:
    """Return what a single result must conform to, whatever several of them must.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> single_limit_text(Requirement(id="a", replicates="mean", limit={"min": "5", "unit": "%"}))
        '≥ 5 %'
    """
    parts = []
    if criterion.limit is not None:
        parts.append(in_words(criterion.limit, unit_code=unit_code))
    if criterion.one_of is not None:
        parts.append(" or ".join(criterion.one_of))
    if criterion.none_of is not None:
        parts.append("none of " + ", ".join(criterion.none_of))
    return " or ".join(parts)


def row_limit_text(criterion: Criterion, *, unit_code: int | None = None, in_words: LimitWords = limit_text) -> str:
    """Return what the results of a requirement, or of one of its parts, must conform to.

    Example:
        >>> from regenqc.measurement.units import unit_code
        >>> from regenqc.specification.model import Requirement
        >>> mean = Requirement(id="count", replicates="mean", limit={"min": "5", "unit": "%"})
        >>> row_limit_text(mean, unit_code=unit_code("%"))
        '≥ 5 % for the mean of the replicates'
    """
    if isinstance(criterion, Requirement):
        return criterion_text(criterion, unit_code=unit_code, in_words=in_words)
    return single_limit_text(criterion, unit_code=unit_code, in_words=in_words)
