"""G-banding: which mosaicism a normal karyotype excludes, and what it takes to call a clone.

A metaphase is one independent draw from the cells of the culture: with a share m of abnormal cells, the number of abnormal
metaphases among n is binomial. Metaphases that share a colony, or that come from one flask after few divisions, are not
independent; then the figures here promise too much, and the laboratory must say how many independent draws it counted.

A karyotype sees only what banding resolves: a normal result excludes no change below 5 to 10 megabases, whatever n.

Every function is a binomial one under the names of the cytogeneticist. Arguments, arrays and NaN: see
`regenqc.statistics.domain`.
"""

from __future__ import annotations

from regenqc.statistics.binomial import (
    detection_probability,
    smallest_proportion_detected,
    trials_needed,
    zero_event_upper_bound,
)
from regenqc.statistics.domain import COUNT, FRACTION, POSITIVE_COUNT, PROBABILITY, Numbers

__all__ = [
    "clone_call_power",
    "excluded_mosaicism",
    "metaphases_needed",
    "metaphases_needed_to_call",
    "smallest_mosaicism_called",
]


def excluded_mosaicism(metaphases: Numbers, *, confidence: Numbers | float) -> Numbers:
    """Return the share of abnormal cells that n normal metaphases exclude: 1 - (1 - confidence)^(1/n).

    Any larger share would have shown at least one abnormal metaphase with a probability above the confidence.

    Args:
        metaphases: n, independent metaphases counted, all of them normal.
        confidence: more than 0 and less than 1.

    Returns:
        A fraction; 1 where n = 0, because then nothing is excluded.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Hook 1977, Am J Hum Genet 29:94; observed counts follow it (Ing 1999, 653 cases of 26 laboratories).

    Example:
        >>> f"{excluded_mosaicism(20, confidence=0.95):.1%}"
        '13.9%'
    """
    COUNT.read(metaphases, "metaphases")
    return zero_event_upper_bound(metaphases, confidence=confidence)


def metaphases_needed(mosaicism: Numbers, *, confidence: Numbers | float) -> Numbers:
    """Return how many metaphases, all normal, exclude a mosaicism: ln(1 - confidence) / ln(1 - m), rounded up.

    Args:
        mosaicism: m, share of abnormal cells to exclude, from 0 to 1.
        confidence: at least 0 and less than 1.

    Returns:
        A whole number; infinite where m = 0 and some confidence is asked.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Hook 1977, Am J Hum Genet 29:94.

    Example:
        >>> metaphases_needed(0.10, confidence=0.95)
        29.0
    """
    FRACTION.read(mosaicism, "mosaicism")
    PROBABILITY.read(confidence, "confidence")
    return trials_needed(mosaicism, probability=confidence)


def clone_call_power(mosaicism: Numbers, *, metaphases: Numbers | float, cells: Numbers | float) -> Numbers:
    """Return the probability that n metaphases show a clone, that is at least k cells with the same change.

    Args:
        mosaicism: m, share of abnormal cells, from 0 to 1.
        metaphases: n, independent metaphases counted.
        cells: k, cells with the change that make a clone: by ISCN 2 for a gain or a structural change, 3 for a loss.

    Returns:
        A probability; 0 where n is less than k.

    Raises:
        UsageError: an argument is outside its domain.

    Source: binomial distribution.

    Example:
        >>> round(clone_call_power(0.10, metaphases=20, cells=2), 4)
        0.6083
    """
    FRACTION.read(mosaicism, "mosaicism")
    COUNT.read(metaphases, "metaphases")
    POSITIVE_COUNT.read(cells, "cells")
    return detection_probability(mosaicism, trials=metaphases, at_least=cells)


def metaphases_needed_to_call(mosaicism: Numbers, *, cells: Numbers | float, power: Numbers | float) -> Numbers:
    """Return how many metaphases show a clone of k cells with the power asked.

    Args:
        mosaicism: m, share of abnormal cells, from 0 to 1.
        cells: k, cells with the change that make a clone: by ISCN 2 for a gain or a structural change, 3 for a loss.
        power: at least 0 and less than 1.

    Returns:
        A whole number; infinite where m = 0 and some power is asked.

    Raises:
        UsageError: an argument is outside its domain.

    Source: binomial distribution.

    Example:
        >>> metaphases_needed_to_call(0.10, cells=2, power=0.95)
        46.0
    """
    FRACTION.read(mosaicism, "mosaicism")
    PROBABILITY.read(power, "power")
    POSITIVE_COUNT.read(cells, "cells")
    return trials_needed(mosaicism, probability=power, at_least=cells)


def smallest_mosaicism_called(metaphases: Numbers, *, cells: Numbers | float, power: Numbers | float) -> Numbers:
    """Return the smallest share of abnormal cells that n metaphases show as a clone of k cells with the power asked.

    Args:
        metaphases: n, independent metaphases counted.
        cells: k, cells with the change that make a clone: by ISCN 2 for a gain or a structural change, 3 for a loss.
        power: at least 0 and less than 1.

    Returns:
        A fraction; infinite where n is less than k and some power is asked, because then no clone can be called.

    Raises:
        UsageError: an argument is outside its domain.

    Source: binomial distribution solved for the share.

    Example:
        >>> f"{smallest_mosaicism_called(20, cells=2, power=0.95):.1%}"
        '21.6%'
    """
    COUNT.read(metaphases, "metaphases")
    PROBABILITY.read(power, "power")
    POSITIVE_COUNT.read(cells, "cells")
    return smallest_proportion_detected(metaphases, probability=power, at_least=cells)
