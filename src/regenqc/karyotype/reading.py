"""Read the normal human karyotype with its count of metaphases; everything else is not understood.

Source of the form: ISCN, e.g. `46,XX[20]`: chromosome count, sex chromosomes, metaphases in square brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from regenqc.measurement.reported import fold_text

__all__ = ["KaryotypeReading", "read_karyotype"]

_NORMAL = re.compile(r"46,(XX|XY)((?:,[^,\[\]/]+)*)\[([1-9][0-9]{0,3})\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class KaryotypeReading:
    """What a reported karyotype says.

    Args:
        understood: whether the whole text was read.
        sex: `female` or `male`, empty when not understood.
        metaphases: metaphases counted.
        problem: why the text was not understood.
    """

    understood: bool
    sex: str = ""
    metaphases: int = 0
    problem: str = ""


def read_karyotype(text: str, *, allow: tuple[str, ...] = ()) -> KaryotypeReading:
    """Read one reported karyotype.

    Args:
        text: as reported.
        allow: variants that count as normal when they stand exactly so, e.g. `inv(9)(p12q13)`.

    Example:
        >>> read_karyotype("46,XX[20]")
        KaryotypeReading(understood=True, sex='female', metaphases=20, problem='')
        >>> read_karyotype("47,XX,+12[20]").understood
        False
    """
    folded = fold_text(text)
    match = _NORMAL.fullmatch(folded)
    if match is None:
        without_count = re.fullmatch(r"46,(XX|XY)", folded) is not None
        problem = "the number of metaphases is not stated" if without_count else "not a normal karyotype with its count"
        return KaryotypeReading(understood=False, problem=problem)
    others = [part for part in match[2].split(",") if part and part not in allow]
    if others:
        return KaryotypeReading(understood=False, problem=f"'{others[0]}' is not an allowed variant")
    return KaryotypeReading(understood=True, sex="female" if match[1] == "XX" else "male", metaphases=int(match[3]))
