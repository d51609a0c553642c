"""Write a karyotype as canonical text: reading it again gives an equal karyotype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.karyotype.model import Form

if TYPE_CHECKING:
    from regenqc.karyotype.model import Abnormality, Clone, Karyotype, OtherTechnique, Signal

__all__ = ["write_abnormality", "write_chromosomes", "write_karyotype"]


def write_karyotype(karyotype: Karyotype) -> str:
    """Return the canonical text of a karyotype.

    The order of clones and abnormalities stays as reported. `read_karyotype(write_karyotype(k)) == k` for every karyotype
    that was read.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> write_karyotype(read_karyotype("  47,XX,+12[3]/46,XX[17]"))
        '47,XX,+12[3]/46,XX[17]'
    """
    origin = f"{karyotype.origin} " if karyotype.origin else ""
    clones = origin + "/".join(_clone(clone) for clone in karyotype.clones)
    return ".".join(part for part in (clones, *map(_technique, karyotype.other_techniques)) if part)


def write_abnormality(abnormality: Abnormality) -> str:
    """Return the canonical text of one abnormality.

    Changes that a karyotype implies without writing them are described in words.

    Example:
        >>> from regenqc.karyotype import read_abnormality
        >>> write_abnormality(read_abnormality("+der(22)t(9;22)(q34;q11.2)x2"))
        '+der(22)t(9;22)(q34;q11.2)x2'
    """
    form, names = abnormality.form, abnormality.chromosomes
    if form in {Form.GAIN, Form.LOSS}:
        return f"{abnormality.sign}{names[0]}{abnormality.note}"
    if form is Form.HETEROMORPHISM:
        return f"{names[0]}{abnormality.label}{abnormality.note}"
    if form is Form.DOUBLE_MINUTE:
        return f"{abnormality.label}dmin"
    if form is Form.SEX_CHROMOSOME_LOSS:
        return f"one sex chromosome only{', constitutional' if abnormality.note else ''}"
    if form is Form.PLOIDY:
        return f"ploidy {abnormality.label}"
    if not names:
        if abnormality.label:
            return f"+{form.value}{abnormality.label}{_copies(abnormality)}{abnormality.note}"
        return f"+{abnormality.copies if abnormality.copies > 1 else ''}{form.value}{abnormality.note}"
    return f"{abnormality.sign}{_rearrangement(abnormality)}{_copies(abnormality)}{abnormality.note}"


def _rearrangement(abnormality: Abnormality) -> str:
    bands = ";".join("".join(entry) for entry in abnormality.breakpoints)
    parts = "".join(_rearrangement(part) for part in abnormality.parts)
    return f"{abnormality.form.value}({';'.join(abnormality.chromosomes)}){f'({bands})' if bands else ''}{parts}"


def _copies(abnormality: Abnormality) -> str:
    return f"x{abnormality.copies}" if abnormality.copies > 1 else ""


def _clone(clone: Clone) -> str:
    notation = clone.notation
    highest = "" if notation.highest_number is None else f"~{notation.highest_number}"
    ploidy = f"<{clone.ploidy}n>" if notation.ploidy_stated else ""
    sex = notation.reference or clone.sex + ("c" if clone.sex_constitutional else "")
    changes = notation.own if notation.reference else clone.abnormalities
    counts = notation.cells_of or (None,) * len(changes)
    written = "".join(
        f",{write_abnormality(change)}{'' if count is None else f'[{count}]'}"
        for change, count in zip(changes, counts, strict=True)
    )
    cells = "" if clone.cells is None else f"[{'cp' if notation.composite else ''}{clone.cells}]"
    return f"{clone.number}{highest}{ploidy},{sex}{written}{cells}"


def _technique(technique: OtherTechnique) -> str:
    build = f"[{technique.build}]" if technique.build else ""
    signals = ",".join(_signal(signal) for signal in technique.signals)
    blank = "" if not build and signals.startswith("(") else " "
    return f"{technique.technique}{build}{blank}{signals}"


def _signal(signal: Signal) -> str:
    counts = (
        "" if signal.scored is None else f"[{f'{signal.cells}/' if signal.cells is not None else ''}{signal.scored}]"
    )
    if signal.probe:
        region = "".join((*signal.chromosomes, *signal.bands))
        return f"{region}({signal.probe}x{signal.copies}){counts}"
    if not signal.bands:
        return f"({write_chromosomes(signal.chromosomes)})x{signal.copies}"
    where = f"({signal.start}_{signal.end})" if signal.start is not None else ""
    return f"{signal.chromosomes[0]}{''.join(signal.bands)}{where}x{signal.copies}"


def write_chromosomes(names: tuple[str, ...]) -> str:
    """Return a list of chromosomes, three or more that follow each other as a range.

    Example:
        >>> write_chromosomes(("X", "1", "2", "3", "5"))
        'X,1-3,5'
    """
    runs: list[list[str]] = []
    for name in names:
        follows = bool(runs) and runs[-1][-1].isdigit() and name.isdigit() and int(name) == int(runs[-1][-1]) + 1
        if follows:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs)
