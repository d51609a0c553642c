"""Compare the hospital's value of a lot with the manufacturer's: equivalence by confidence interval, not by points.

Two values agree when the whole confidence interval of their difference lies within the margin, they disagree when it lies
wholly outside, and otherwise the measurements are too uncertain to tell. Two points that happen to lie close together show
nothing, and two that lie apart may be two readings of one truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from regenqc.errors import Fault, UsageError
from regenqc.measurement.differences import difference_interval
from regenqc.vocabulary import Verdict

__all__ = ["Compared", "Margin", "compare_values"]


@dataclass(frozen=True, slots=True)
class Margin:
    """State by how much two values may differ.

    Args:
        amount: in the unit of the values; as a share of the manufacturer's value where `relative`.
        relative: the margin is a share.
    """

    amount: float
    relative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Hold how two values compare.

    Args:
        verdict: `conforms`, `inconclusive` or `fails`.
        difference: hospital minus manufacturer; as a share of the manufacturer's value for a relative margin.
        interval: confidence interval of the difference; `None` where an uncertainty is not stated.
        explanation: one sentence for a reviewer.
    """

    verdict: Verdict
    difference: float
    interval: tuple[float, float] | None
    explanation: str


def compare_values(
    manufacturer: float,
    hospital: float,
    *,
    margin: Margin | None,
    manufacturer_uncertainty: float | None,
    hospital_uncertainty: float | None,
    confidence: float = 0.90,
) -> Compared:
    """Return how the hospital's value compares with the manufacturer's.

    Args:
        manufacturer: value on the certificate.
        hospital: value of the re-test, in the same unit.
        margin: by how much they may differ; `None` where the sponsor has set none, so that nothing conforms.
        manufacturer_uncertainty: standard uncertainty, in that unit; `None` where it is not stated.
        hospital_uncertainty: the same of the hospital.
        confidence: of the two-sided interval; 0.90 is two one-sided tests at 5 %.

    Raises:
        UsageError: `RQC-H501`, a number is not finite, an uncertainty or the margin is negative, the confidence is no
            probability, or a relative margin meets a manufacturer's value of zero.

    Example:
        >>> found = compare_values(91.0, 84.0, margin=Margin(10.0), manufacturer_uncertainty=1.5, hospital_uncertainty=1.5)
        >>> found.verdict.word, found.difference
        ('inconclusive', -7.0)
    """
    uncertainties = (manufacturer_uncertainty, hospital_uncertainty)
    _check(manufacturer, hospital, margin, uncertainties, confidence)
    relative = margin is not None and margin.relative
    difference = (hospital - manufacturer) / manufacturer if relative else hospital - manufacturer
    if margin is None:
        return Compared(
            verdict=Verdict.INCONCLUSIVE,
            difference=difference,
            interval=None,
            explanation="The sponsor has set no margin of agreement.",
        )
    if manufacturer_uncertainty is None or hospital_uncertainty is None:
        whose = "manufacturer" if manufacturer_uncertainty is None else "hospital"
        return Compared(
            verdict=Verdict.INCONCLUSIVE,
            difference=difference,
            interval=None,
            explanation=f"The {whose} states no uncertainty, so that points alone would be compared.",
        )
    _, low, high = difference_interval(
        hospital,
        manufacturer,
        uncertainty=hospital_uncertainty,
        reference_uncertainty=manufacturer_uncertainty,
        confidence=confidence,
        relative=relative,
    )
    if -margin.amount <= low and high <= margin.amount:
        verdict, word = Verdict.CONFORMS, "lies within"
    elif low > margin.amount or high < -margin.amount:
        verdict, word = Verdict.FAILS, "lies outside"
    else:
        verdict, word = Verdict.INCONCLUSIVE, "reaches beyond"
    scale, sign = (100.0, " %") if relative else (1.0, "")
    return Compared(
        verdict=verdict,
        difference=difference,
        interval=(low, high),
        explanation=(
            f"Hospital {hospital:g} against manufacturer {manufacturer:g}: the {confidence:.0%} interval of the difference, "
            f"{low * scale:.3g}{sign} to {high * scale:.3g}{sign}, {word} ±{margin.amount * scale:g}{sign}."
        ),
    )


def _check(
    manufacturer: float,
    hospital: float,
    margin: Margin | None,
    uncertainties: tuple[float | None, ...],
    confidence: float,
) -> None:
    stated = [each for each in uncertainties if each is not None]
    amount = margin.amount if margin is not None else 0.0
    wrong = (
        not all(map(isfinite, (manufacturer, hospital, amount, *stated)))
        or amount < 0
        or any(each < 0 for each in stated)
        or not 0 < confidence < 1
        or (margin is not None and margin.relative and manufacturer == 0)
    )
    if wrong:
        raise UsageError(
            Fault(
                code="RQC-H501",
                what="These values cannot be compared.",
                got=f"{manufacturer} and {hospital}, uncertainties {uncertainties}, margin {margin}, confidence {confidence}",
                expected="finite numbers, no negative uncertainty or margin, a confidence between 0 and 1, and no share of zero",
            )
        )
