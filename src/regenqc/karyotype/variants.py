"""Heteromorphisms: variants of normal human chromosomes that G-banding shows and that have no known effect.

| variant | source |
|---|---|
| heterochromatin of 1, 9, 16 and Y (`1qh+`, `9qh-`, `16qh+`, `Yqh+`), of 9p (`9ph+`) | Kosyakova et al. 2013, doi 10.1186/1755-8166-6-14 (9); Pires et al. 2024, PMC11499882 |
| centromeric heterochromatin (`9cenh+`) | Kosyakova et al. 2013 |
| satellites and stalks of 13, 14, 15, 21, 22 (`21ps+`, `22pstk+`) | Pires et al. 2024 |
| `inv(9)(p11q13)`, `inv(9)(p12q13)` | Kosyakova et al. 2013 |
| `inv(10)(p11.2q21.2)` | Gilling et al. 2006, PMC1474032 |
| `inv(2)(p11.2q13)`, `inv(3)` between p11 to p13 and q11 to q12, `inv(5)(p13q13)` | Gardner and Sutherland, Chromosome Abnormalities and Genetic Counseling, as excerpted |
| `inv(Y)(p11.2q11.2)` | Milunsky, Genetic Disorders of the Fetus, 5th edition, as excerpted |

A heteromorphism is constitutional. One that is found in a part of the cells only is therefore none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from regenqc.karyotype.bands import ACROCENTRIC
from regenqc.karyotype.model import Form

if TYPE_CHECKING:
    from regenqc.karyotype.model import Abnormality

__all__ = ["HETEROMORPHIC_INVERSIONS", "is_heteromorphism", "is_heteromorphism_label", "regions_of"]

# Chromosome -> regions of varying length.
_REGIONS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("1", "9", "16", "Y"), frozenset({"qh", "cenh"})),
    **dict.fromkeys(ACROCENTRIC, frozenset({"ps", "pstk", "cenh"})),
} | {"9": frozenset({"qh", "ph", "cenh"})}

HETEROMORPHIC_INVERSIONS: Final[frozenset[tuple[str, str, str]]] = frozenset(
    {
        ("2", "p11.2", "q13"),
        *(("3", short, long) for short in ("p11", "p12", "p13") for long in ("q11", "q12")),
        ("5", "p13", "q13"),
        ("9", "p11", "q13"),
        ("9", "p12", "q13"),
        ("10", "p11.2", "q21.2"),
        ("Y", "p11.2", "q11.2"),
    }
)

_LABEL: Final = re.compile(r"(?:(?:cenh|qh|ph|pstk|ps)[+-])+")
_REGION: Final = re.compile(r"(cenh|qh|ph|pstk|ps)[+-]")


def regions_of(chromosome: str) -> frozenset[str]:
    """Return the regions of a chromosome whose length varies among healthy people.

    Example:
        >>> sorted(regions_of("21")), sorted(regions_of("8"))
        (['cenh', 'ps', 'pstk'], [])
    """
    return _REGIONS.get(chromosome, frozenset())


def is_heteromorphism_label(chromosome: str, label: str) -> bool:
    """Return whether a text such as `qh+` or `pstk+ps+` names varying regions of this chromosome.

    Example:
        >>> is_heteromorphism_label("9", "qh+"), is_heteromorphism_label("8", "qh+")
        (True, False)
    """
    if _LABEL.fullmatch(label) is None:
        return False
    named = _REGION.findall(label)
    return len(set(named)) == len(named) and set(named) <= regions_of(chromosome)


def is_heteromorphism(abnormality: Abnormality) -> bool:
    """Return whether a change is one of the listed heteromorphisms.

    Example:
        >>> from regenqc.karyotype import read_abnormality
        >>> is_heteromorphism(read_abnormality("inv(9)(p12q13)")), is_heteromorphism(read_abnormality("inv(9)(p22q13)"))
        (True, False)
    """
    if abnormality.sign or abnormality.copies != 1:
        return False
    if abnormality.form is Form.HETEROMORPHISM:
        return True
    if abnormality.form is not Form.INVERSION:
        return False
    return (abnormality.chromosomes[0], *abnormality.breakpoints[0]) in HETEROMORPHIC_INVERSIONS
