"""What in situ hybridisation and arrays in the same text say against a normal karyotype.

The number of copies that is normal depends on the chromosome and the sex: two of every autosome, XX or XY. A probe whose
chromosome is not known leaves the question open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from regenqc.karyotype.writing import write_chromosomes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regenqc.karyotype.model import OtherTechnique, Signal

__all__ = ["PROBES", "unexpected_signals"]

# The genes of the minimal amplicon 20q11.21 (International Stem Cell Initiative 2011, doi 10.1038/nbt.2051).
PROBES: Final[dict[str, str]] = {"BCL2L1": "20", "ID1": "20", "HM13": "20"}

# Names of DNA segments carry their chromosome: D20Z1, DXZ1.
_SEGMENT_NAME: Final = re.compile(r"D([0-9]{1,2}|X|Y)[ZS][0-9]+")
_COPIES: Final = {"female": {"X": 2, "Y": 0}, "male": {"X": 1, "Y": 1}}


def unexpected_signals(techniques: Iterable[OtherTechnique], *, sex: str) -> str:
    """Return in words what is not the normal number of copies, or cannot be compared; empty when everything is normal.

    Args:
        techniques: as read.
        sex: `female`, `male`, or empty where the banded karyotype does not tell.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read = read_karyotype("46,XX[20].nuc ish(BCL2L1x3)[150/200]")
        >>> unexpected_signals(read.other_techniques, sex="female")
        'nuc ish reports BCL2L1 in 3 copies in 150 of 200 cells, 2 are normal'
    """
    found = []
    for technique in techniques:
        for signal in technique.signals:
            problem = _problem(signal, sex)
            if problem:
                found.append(f"{technique.technique} reports {_name(signal)} {problem}")
    return "; ".join(found)


def _problem(signal: Signal, sex: str) -> str:
    chromosomes = signal.chromosomes or _chromosomes_of_probe(signal.probe)
    if not chromosomes:
        return f"in {signal.copies} copies, and on which chromosome the probe lies is not known"
    for name in chromosomes:
        if name in {"X", "Y"} and not sex:
            return f"in {signal.copies} copies, and the sex of the cells is not known"
        normal = _COPIES[sex][name] if name in {"X", "Y"} else 2
        if signal.copies != normal:
            cells = "" if signal.scored is None else f" in {signal.cells or signal.scored} of {signal.scored} cells"
            return f"in {signal.copies} copies{cells}, {normal} are normal"
    return ""


def _chromosomes_of_probe(probe: str) -> tuple[str, ...]:
    if probe in PROBES:
        return (PROBES[probe],)
    match = _SEGMENT_NAME.fullmatch(probe)
    return () if match is None else (match[1],)


def _name(signal: Signal) -> str:
    region = "".join((*signal.chromosomes, *signal.bands)) if signal.bands else write_chromosomes(signal.chromosomes)
    return f"{signal.probe} ({region})" if signal.probe and region else signal.probe or region
