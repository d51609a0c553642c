"""What laboratories write for a result that is in order, in the spellings that exports really show.

A reading is the text of a result with its unit and, where the laboratory states them, its detection and quantitation
limits, its uncertainty, the amount tested and the controls of its assay. Readings stand in finite tables, one per test, so that a million lots only draw places in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

__all__ = [
    "DONORS",
    "Donor",
    "Reading",
    "cell_counts",
    "concentrations",
    "controlled",
    "grid",
    "karyotypes",
    "measured",
    "readings",
    "replicate_triples",
    "sampled",
    "spiked",
    "words",
]


@dataclass(frozen=True, slots=True)
class Reading:
    """One reported result as the export shows it."""

    result: str
    unit: str = ""
    lod: str = ""
    loq: str = ""
    positive_control: str = ""
    spike_recovery: str = ""
    uncertainty: str = ""
    sample_amount: str = ""
    sample_amount_unit: str = ""


@dataclass(frozen=True, slots=True)
class Donor:
    """One synthetic donor of a cell line."""

    donor_id: str
    sex: str
    profile: str


def words(*texts: str) -> tuple[Reading, ...]:
    """Return readings without unit.

    Example:
        >>> [reading.result for reading in words("No growth", "Growth")]
        ['No growth', 'Growth']
    """
    return tuple(Reading(text) for text in texts)


def readings(unit: str, *texts: str) -> tuple[Reading, ...]:
    """Return readings in one unit."""
    return tuple(Reading(text, unit) for text in texts)


def spiked(table: tuple[Reading, ...], *recoveries: str) -> tuple[Reading, ...]:
    """Return readings with the recovery of a spike, which varies from one to the next.

    Example:
        >>> [reading.spike_recovery for reading in spiked(words("a", "b", "c"), "98 %", "104%")]
        ['98 %', '104%', '98 %']
    """
    chosen = recoveries or ("98 %", "104%", "87.5 %", "112 %", "95%")
    return tuple(replace(reading, spike_recovery=chosen[place % len(chosen)]) for place, reading in enumerate(table))


def controlled(table: tuple[Reading, ...], *controls: str) -> tuple[Reading, ...]:
    """Return readings with what the positive control showed, which varies from one to the next.

    Example:
        >>> controlled(words("not detected"), "detected")[0].positive_control
        'detected'
    """
    chosen = controls or ("Detected", "detected", "DETECTED")
    return tuple(replace(reading, positive_control=chosen[place % len(chosen)]) for place, reading in enumerate(table))


def measured(table: tuple[Reading, ...], *uncertainties: str, lod: str) -> tuple[Reading, ...]:
    """Return readings with a standard uncertainty, which varies from one to the next, and a detection limit.

    A result that is less than something has none; a reading that states a detection limit keeps it.

    Example:
        >>> [(reading.uncertainty, reading.lod) for reading in measured(words("0.004", "<0.002"), "0.0003", lod="0.001")]
        [('0.0003', '0.001'), ('', '0.001')]
    """
    return tuple(
        replace(
            reading,
            lod=reading.lod or lod,
            uncertainty="" if reading.result[0] in "<≤" else uncertainties[place % len(uncertainties)],
        )
        for place, reading in enumerate(table)
    )


def sampled(table: tuple[Reading, ...], *amounts: str) -> tuple[Reading, ...]:
    """Return readings with the amount tested and its unit, which varies from one to the next.

    Example:
        >>> sampled(words("not detected"), "0.4 L")[0].sample_amount_unit
        'L'
    """
    parts = [amount.split(" ", 1) for amount in amounts]
    return tuple(
        replace(
            reading,
            sample_amount=parts[place % len(parts)][0],
            sample_amount_unit=parts[place % len(parts)][1],
        )
        for place, reading in enumerate(table)
    )


def grid(first: str, last: str, step: str, unit: str) -> tuple[Reading, ...]:
    """Return every number of a decimal grid, both ends included, with the decimals of the step.

    Example:
        >>> [reading.result for reading in grid("69.8", "70", "0.1", "%")]
        ['69.8', '69.9', '70.0']
    """
    width = Decimal(step)
    count = int((Decimal(last) - Decimal(first)) / width)
    return tuple(Reading(f"{(Decimal(first) + width * place).quantize(width):f}", unit) for place in range(count + 1))


def cell_counts(first: int, last: int, step: int, *, unit: str = "cells") -> tuple[Reading, ...]:
    """Return cell numbers as different instruments write them: in full, as a power of ten, in millions.

    Args:
        first: smallest number, in hundred thousands.
        last: largest number, in hundred thousands.
        step: distance, in hundred thousands.
        unit: `cells` or `cells/mL`.

    Example:
        >>> [(reading.result, reading.unit) for reading in cell_counts(850, 850, 1)]
        [('85000000', 'cells'), ('8.500E7', 'cells'), ('85.0', '10^6 cells'), ('85.0', 'x10^6 cells')]
    """
    written: list[Reading] = []
    for tenths in range(first, last + 1, step):
        number = Decimal(tenths) * 100_000
        millions = f"{Decimal(tenths) / 10:.1f}"
        written += [
            Reading(f"{number:f}", unit),
            Reading(f"{number:.3E}".replace("E+", "E"), unit),
            Reading(millions, f"10^6 {unit}"),
            Reading(millions, f"x10^6 {unit}"),
        ]
    return tuple(written)


def concentrations(first: str, last: str, step: str) -> tuple[Reading, ...]:
    """Return mass concentrations in ng/mL and the same in ug/mL, with either sign for micro.

    Example:
        >>> [(reading.result, reading.unit) for reading in concentrations("2.5", "2.5", "0.1")]
        [('2.5', 'ng/mL'), ('0.0025', 'ug/mL'), ('0.0025', 'µg/mL')]
    """
    written: list[Reading] = []
    for reading in grid(first, last, step, "ng/mL"):
        micro = f"{Decimal(reading.result) / 1000:f}"
        written += [reading, Reading(micro, "ug/mL"), Reading(micro, "µg/mL")]
    return tuple(written)


def replicate_triples(*triples: tuple[str, str, str]) -> tuple[tuple[Reading, ...], ...]:
    """Return three aligned tables for three replicates in ng/mL, each triple also in ug/mL.

    Example:
        >>> [table[1].result for table in replicate_triples(("9.7", "10.1", "10.2"))]
        ['0.0097', '0.0101', '0.0102']
    """
    tables: tuple[list[Reading], list[Reading], list[Reading]] = ([], [], [])
    for triple in triples:
        for table, text in zip(tables, triple, strict=True):
            table += [Reading(text, "ng/mL"), Reading(f"{Decimal(text) / 1000:f}", "ug/mL")]
    return tuple(tuple(table) for table in tables)


def karyotypes(female: tuple[str, ...], male: tuple[str, ...]) -> tuple[tuple[Reading, ...], ...]:
    """Return one table for female and one for male donors, in the order of `Donor.sex`."""
    return words(*female), words(*male)


_MARKERS = ("D3S1358", "D5S818", "D7S820", "D13S317", "TH01", "TPOX", "vWA")


def _donor(number: int) -> Donor:
    alleles = [
        f"{marker}:{low},{low + (number >> place) % 4}"
        for place, marker in enumerate(_MARKERS)
        for low in (6 + (number * 5 + place * 3) % 9,)
    ]
    return Donor(f"DONOR-{number + 1:03d}", "female" if number % 2 == 0 else "male", "|".join(alleles))


DONORS = tuple(_donor(number) for number in range(48))
