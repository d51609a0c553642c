"""Read what in situ hybridisation and arrays add to a karyotype: technique, genome build, regions, probes, copies.

Only statements of copy number are read. Everything else that these techniques can express (signals on a named derivative
chromosome, connected and separated signals, ranges, homozygosity, mosaic fractions) is not understood. Source: ISCN, in situ
hybridisation and microarrays.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from regenqc.karyotype.bands import AUTOSOMES, BAND_SPANS, CHROMOSOMES
from regenqc.karyotype.faults import Refusal
from regenqc.karyotype.model import OtherTechnique, Signal

__all__ = ["find_other_techniques", "read_other_techniques"]

_TECHNIQUE: Final = re.compile(r"(nuc ish|ish|arr)(?:\[([A-Za-z0-9.]+)\])?( ?)")
_REGION = r"([0-9]{1,2}|[XY])([pq][0-9.]+)([pq][0-9.]+)?"
_CHROMOSOMES: Final = re.compile(r"\(([0-9XY,-]+)\)x([0-9])(?![0-9~])")
_SEGMENT: Final = re.compile(_REGION + r"(?:\(([0-9][0-9,]*)[_-]([0-9][0-9,]*)\))?x([0-9])(?![0-9~])")
_HYBRIDISED: Final = re.compile(
    rf"(?:{_REGION})?\(([A-Z0-9][A-Za-z0-9,-]*)\)(?:x([0-9]{{1,2}}))?(?:\[(?:([1-9][0-9]*)/)?([1-9][0-9]*)\])?"
)
_PROBE: Final = re.compile(r"([A-Z][A-Za-z0-9-]*?)(?:x([0-9]{1,2}))?")


def read_other_techniques(text: str) -> tuple[OtherTechnique, ...] | Refusal:
    """Return the results that a text consists of, or where it stops being understood.

    Args:
        text: folded, from the technique or the point before it to the end.

    Example:
        >>> (array,) = read_other_techniques("arr[GRCh38] 20q11.21(31,000,000_32,500,000)x3")
        >>> array.build, array.signals[0].bands, array.signals[0].copies
        ('GRCh38', ('q11.21',), 3)
    """
    found: list[OtherTechnique] = []
    at = 0
    while True:
        at += text.startswith(".", at)
        match = _TECHNIQUE.match(text, at)
        if match is None or (match[2] is not None and match[1] != "arr"):
            return Refusal(at, "this is no technique of the subset", "ish, nuc ish, arr or arr[GRCh38]")
        signals: list[Signal] = []
        at = match.end()
        if match[3] == "" and text[at : at + 1] != "(":
            return Refusal(at, "no blank stands after the technique", "a blank or '('")
        while True:
            read = _read_array(text, at) if match[1] == "arr" else _read_hybridised(text, at)
            if isinstance(read, Refusal):
                return read
            signals += read[0]
            at = read[1]
            if text[at : at + 1] != ",":
                break
            at += 1
        found.append(OtherTechnique(match[1], match[2] or "", tuple(signals)))
        if at == len(text):
            return tuple(found)
        if text[at] != ".":
            return Refusal(at, f"'{text[at]}' is not understood", "',', '.' or the end")


# Panels of probes and arrays say the same of most cells. Only for short texts, so that what is remembered stays small.
find_other_techniques = lru_cache(maxsize=1 << 10)(read_other_techniques)


def _read_array(text: str, at: int) -> tuple[list[Signal], int] | Refusal:
    match = _CHROMOSOMES.match(text, at)
    if match is not None:
        chromosomes = _chromosomes(match[1])
        if chromosomes is None:
            return Refusal(at + 1, f"'{match[1]}' lists no chromosomes", "for example X,1-22")
        return [Signal(int(match[2]), chromosomes)], match.end()
    match = _SEGMENT.match(text, at)
    if match is None:
        return Refusal(
            at, "this is no region with its copies", "for example (X,1-22)x2 or 20q11.21(30100000_31500000)x3"
        )
    chromosome, first, last, start, end, copies = match.groups()
    refusal = _check_bands(at, chromosome, first, last)
    if refusal is not None:
        return refusal
    begins, ends = (None if base is None else int(base.replace(",", "")) for base in (start, end))
    if begins is not None and ends is not None and begins > ends:
        return Refusal(match.start(4), "the region ends before it begins", "first and last base")
    bands = (first,) if last is None else (first, last)
    return [Signal(int(copies), (chromosome,), bands, "", begins, ends)], match.end()


def _read_hybridised(text: str, at: int) -> tuple[list[Signal], int] | Refusal:
    match = _HYBRIDISED.match(text, at)
    if match is None:
        return Refusal(at, "this is no probe with its copies", "for example (BCL2L1x2)[200] or 20q11.21(BCL2L1x2)[200]")
    chromosome, first, last, probes, together, cells_text, scored_text = match.groups()
    if chromosome is not None and (refusal := _check_bands(at, chromosome, first, last)) is not None:
        return refusal
    cells, scored = (None if count is None else int(count) for count in (cells_text, scored_text))
    if cells is not None and scored is not None and cells > scored:
        return Refusal(match.start(6), "more cells than were scored", f"at most {scored}")
    bands = tuple(band for band in (first, last) if band is not None)
    signals = []
    for probe in probes.split(","):
        named = _PROBE.fullmatch(probe)
        if named is None or (named[2] is None) == (together is None):
            return Refusal(match.start(4), f"'{probe}' is no probe with its copies", "for example (BCL2L1x2)[200]")
        copies = int(named[2] or together)
        signals.append(
            Signal(copies, () if chromosome is None else (chromosome,), bands, named[1], cells=cells, scored=scored)
        )
    return signals, match.end()


def _check_bands(at: int, chromosome: str, first: str, last: str | None) -> Refusal | None:
    if chromosome not in CHROMOSOMES:
        return Refusal(at, f"there is no chromosome {chromosome}", "a chromosome: 1 to 22, X or Y")
    for band in (first, last):
        if band is not None and band not in BAND_SPANS[chromosome]:
            return Refusal(at + len(chromosome), f"chromosome {chromosome} has no band {band}", "a band")
    return None


def _chromosomes(text: str) -> tuple[str, ...] | None:
    if text == "XY":
        return ("X", "Y")
    found: list[str] = []
    for entry in text.split(","):
        first, dash, last = entry.partition("-")
        if dash and first in AUTOSOMES and last in AUTOSOMES and int(first) < int(last):
            found += AUTOSOMES[int(first) - 1 : int(last)]
        elif not dash and first in CHROMOSOMES:
            found.append(first)
        else:
            return None
    return tuple(found) if len(set(found)) == len(found) else None
