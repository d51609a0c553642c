"""What a reported karyotype says, as data: cell lines, their changes, and results of other techniques.

Source of the terms: International System for Human Cytogenomic Nomenclature (ISCN).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

__all__ = [
    "IN_FULL",
    "Abnormality",
    "Clone",
    "Form",
    "Karyotype",
    "NotUnderstood",
    "Notation",
    "OtherTechnique",
    "Signal",
]


class Form(StrEnum):
    """Kind of change; the value is the ISCN symbol where there is one.

    Example:
        >>> Form("inv").name
        'INVERSION'
    """

    GAIN = "gain"
    LOSS = "loss"
    ADDITION = "add"
    DELETION = "del"
    DUPLICATION = "dup"
    TRIPLICATION = "trp"
    QUADRUPLICATION = "qdp"
    INVERSION = "inv"
    INSERTION = "ins"
    TRANSLOCATION = "t"
    ISOCHROMOSOME = "i"
    ISODICENTRIC = "idic"
    PSEUDO_ISODICENTRIC = "psu idic"
    DICENTRIC = "dic"
    PSEUDO_DICENTRIC = "psu dic"
    ROBERTSONIAN = "rob"
    TELOMERE_FUSION = "tas"
    DERIVATIVE = "der"
    ISODERIVATIVE = "ider"
    RING = "r"
    MARKER = "mar"
    DOUBLE_MINUTE = "dmin"
    HOMOGENEOUS_STAINING = "hsr"
    FRAGILE_SITE = "fra"
    HETEROMORPHISM = "heteromorphism"
    # Not written as a change of its own; it follows from the number of chromosomes and the sex chromosomes.
    SEX_CHROMOSOME_LOSS = "sex chromosome loss"
    PLOIDY = "ploidy"


class Abnormality(msgspec.Struct, frozen=True, gc=False):
    """One change of a cell line.

    Args:
        form: kind of change.
        sign: `+` or `-` for a chromosome gained or lost, empty for one that replaces a normal chromosome.
        chromosomes: named, in the order of the text; empty for markers and rings of unknown origin.
        breakpoints: for each chromosome its bands, e.g. `(("q34",), ("q11.2",))`; empty where none are stated.
        parts: of a derivative chromosome, in the order of the text.
        copies: how often the change is present (`x2`, `2mar`).
        note: `c` for constitutional, `mat`, `pat`, `dn` or `inh` for the origin, else empty.
        label: what distinguishes markers (`1` of `mar1`), double minutes (`4~9`) and heteromorphisms (`qh+`).

    Example:
        >>> Abnormality(Form.GAIN, "+", ("12",)).constitutional
        False
    """

    form: Form
    sign: str = ""
    chromosomes: tuple[str, ...] = ()
    breakpoints: tuple[tuple[str, ...], ...] = ()
    parts: tuple[Abnormality, ...] = ()
    copies: int = 1
    note: str = ""
    label: str = ""

    @property
    def constitutional(self) -> bool:
        """Return whether the laboratory states that the donor was born with the change."""
        return self.note != ""


class Notation(msgspec.Struct, frozen=True, gc=False):
    """How a clone is written, where it is not written out in full.

    Args:
        highest_number: of a range of chromosome numbers, else `None`.
        ploidy_stated: whether the text states the ploidy (`<3n>`).
        reference: `idem`, `sl`, `sdl`, `sdl1` …, with `x2` where doubled, else empty.
        own: the abnormalities beside a reference.
        composite: whether the text is a composite of several cells (`[cp20]`).
        cells_of: of a composite the cells in which each abnormality was found, `None` when not stated.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read_karyotype("46~47,XX,+8[3],-7[1][cp5]").clones[0].notation.cells_of
        (3, 1)
    """

    highest_number: int | None = None
    ploidy_stated: bool = False
    reference: str = ""
    own: tuple[Abnormality, ...] = ()
    composite: bool = False
    cells_of: tuple[int | None, ...] = ()


IN_FULL: Final = Notation()


class Clone(msgspec.Struct, frozen=True, gc=False):
    """One cell line.

    Args:
        number: of chromosomes; the lowest of a range.
        sex: sex chromosomes as stated; of a clone that refers to another one those that it has.
        abnormalities: all of them, those of the clone that it refers to included.
        cells: metaphases counted, `None` when not stated.
        ploidy: sets of chromosomes, 2 for diploid.
        sex_constitutional: whether the sex chromosomes are marked constitutional (`XXYc`).
        notation: how it is written.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read_karyotype("47,XX,+12[3]/46,XX[17]").clones[1].cells
        17
    """

    number: int
    sex: str
    abnormalities: tuple[Abnormality, ...]
    cells: int | None
    ploidy: int = 2
    sex_constitutional: bool = False
    notation: Notation = IN_FULL


class Signal(msgspec.Struct, frozen=True, gc=False):
    """One statement of in situ hybridisation or an array.

    Args:
        copies: of the probe or region.
        chromosomes: that the statement is about; empty where only a probe is named.
        bands: of the region: none, one, or first and last.
        probe: locus or probe, empty for an array.
        start: first base of the region.
        end: last base of the region.
        cells: with this number of copies, `None` when not stated.
        scored: cells looked at, `None` when not stated.

    Example:
        >>> Signal(2, ("20",), ("q11.21",), "BCL2L1", scored=200).copies
        2
    """

    copies: int
    chromosomes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    probe: str = ""
    start: int | None = None
    end: int | None = None
    cells: int | None = None
    scored: int | None = None


class OtherTechnique(msgspec.Struct, frozen=True, gc=False):
    """Result of a technique other than banding in the same text.

    Args:
        technique: `ish`, `nuc ish` or `arr`.
        build: of the genome, as stated, else empty.
        signals: in the order of the text.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read_karyotype("46,XX[20].nuc ish(BCL2L1x2)[200]").other_techniques[0].technique
        'nuc ish'
    """

    technique: str
    build: str
    signals: tuple[Signal, ...]


class Karyotype(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A reported karyotype that was read to its end.

    Args:
        clones: in the order of the text; none where only another technique is reported.
        origin: `mos`, `chi` or empty.
        other_techniques: in the order of the text.
        text: as reported; no part of the meaning.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read_karyotype("mos 45,X[10]/46,XX[20]").metaphases
        30
    """

    clones: tuple[Clone, ...]
    origin: str = ""
    other_techniques: tuple[OtherTechnique, ...] = ()
    text: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Karyotype) and self._meaning == other._meaning

    def __hash__(self) -> int:
        return hash(self._meaning)

    @property
    def _meaning(self) -> tuple[tuple[Clone, ...], str, tuple[OtherTechnique, ...]]:
        return self.clones, self.origin, self.other_techniques

    @property
    def metaphases(self) -> int | None:
        """Return the metaphases counted in all cell lines, a composite counted once; `None` where a count is missing."""
        counts = [clone.cells for clone in self.clones]
        return None if None in counts else sum(count for count in counts if count is not None)


class NotUnderstood(msgspec.Struct, frozen=True, gc=False):
    """A text that is outside the documented subset; it is neither normal nor abnormal.

    Args:
        text: as reported.
        position: in the text, counted from 0; the length of the text where something is missing at its end.
        problem: what is wrong there, as a phrase.
        expected: what would have been understood there.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read_karyotype("46,XQ[20]").position
        4
    """

    text: str
    position: int
    problem: str
    expected: str
