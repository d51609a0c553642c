"""The two synthetic products: which tests are reported at which stage, and what a lot in order reports.

The limits stand in `specs/example/hipsc-bank.toml` and `specs/example/hipsc-progenitors.toml`. Nothing here reads them:
that the tables below conform, and the planted trouble does not, is what an evaluation has to find out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from regenqc.simulation.readings import (
    DONORS,
    Reading,
    cell_counts,
    concentrations,
    controlled,
    grid,
    karyotypes,
    measured,
    readings,
    replicate_triples,
    sampled,
    spiked,
    words,
)

__all__ = ["BANK", "PRODUCT", "Panel", "Slot", "Tables"]

Tables = tuple[tuple[Reading, ...], ...]

_IN_PROCESS = "in_process"
_RELEASE = "drug_product_release"
_BANK = "cell_bank"

MICROBIOLOGY = "LAB-MICRO"
CYTOMETRY = "LAB-FLOW"
GENETICS = "LAB-GEN"
CELLS = "LAB-CELL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One result that every lot of a product reports.

    Args:
        name: unique in the panel.
        stage: where it is reported.
        test: test code.
        method: analytical procedure.
        laboratory: who reports it.
        days: days from manufacture to the test.
        usual: what lots in order report; one table for all, one for each sex, or one for each donor.
        wrong: what a wrong result reads like that was later revised or invalidated.
        requirement: that the wrong result fails, so that it stays visible; empty where it fails none, `viability` for the
            one that the formulation selects.
        is_retested: whether the specification allows a retest of it.
        stream: slots of one stream are drawn together, from tables of one length.
        replicate: number of the replicate, if there are several.
        vector: the result is reported only for lots made with this vector.
    """

    name: str
    stage: str
    test: str
    method: str
    laboratory: str
    days: int
    usual: Tables
    wrong: tuple[Reading, ...]
    requirement: str
    is_retested: bool = True
    stream: str = ""
    replicate: str = ""
    vector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything that is reported for one product.

    Args:
        product: value of the `product` attribute.
        prefix: of the batch identifiers.
        specification: identifier of the specification that judges it.
        stages: stages with requirements, in order.
        requirements: identifiers, one group for each stage.
        slots: the results, in the order in which a lot is tested.
    """

    product: str
    prefix: str
    specification: str
    stages: tuple[str, ...]
    requirements: tuple[tuple[str, ...], ...]
    slots: tuple[Slot, ...]
    place: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", {slot.name: place for place, slot in enumerate(self.slots)})


_NO_GROWTH = words("No growth", "No growth", "no growth", "no growth ", "NO GROWTH", "No  growth")
_NOT_DETECTED = words("Not detected", "Not detected", "not detected", "ND", "n.d.", "ＮＤ", "None detected")
_NORMAL = karyotypes(("46,XX[20]", "46,XX[20]", "46,XX[25]"), ("46,XY[20]", "46,XY[20]", "46,XY[25]"))
_WRONG_KARYOTYPE = words("46,XX[3]")
_PROFILES: Tables = tuple((Reading(donor.profile),) for donor in DONORS)
OTHER_PROFILE = words("D3S1358:17,18|D5S818:9,9|D7S820:8,8|D13S317:14,14|TH01:9.3,9.3|TPOX:12,12|vWA:20,21")

_VIABILITY = (
    *grid("86.0", "98.9", "0.1", "%"),
    *readings("%", " 92.4", "93", "9.25E1", "94.10", "91.5%"),
    *readings("", "90.5%", "88 %"),
)
_ENDOTOXIN = spiked(
    (
        *readings("EU/mL", *["<0.05"] * 20, *["< 0.05"] * 6, *["≤0.05"] * 3, "5.0E-2", "0.5"),
        *grid("0.06", "0.45", "0.01", "EU/mL"),
    )
)
_GROWS = words("Growth", "growth", "GROWTH", "growth ")
_RESIDUAL = (
    *measured(
        (
            *readings("%", *["<0.001"] * 6, "< 0.002", "<0.005", "≤0.005", "1.2E-3", "0.01", "0.010"),
            *grid("0.001", "0.009", "0.001", "%"),
        ),
        *("0.0003", "0.0005", "8E-4", "0.0010", "0.002"),
        lod="0.001",
    ),
    *[Reading("ND", "%", "0.001", "0.003"), Reading("Not detected", "%", "0.002", "0.005")] * 3,
    Reading("BLQ", "%", "0.001", "0.003"),
)
_COLONIES = sampled(
    (*words(*["0"] * 4, *["Not detected", "ND", "None detected"] * 2), *readings("colonies", "0", "1", "1", "2")),
    *("1E6 cells", "1000000 cells", "1.2 10^6 cells"),
)
_RCL = sampled(controlled(_NOT_DETECTED * 4), "300 mL", "320 mL", "0.4 L", "5.0E2 mL", "0.35 L")
_INTERVALS = (*readings("min", "5", "12", "20.5", "< 10", "45"), *readings("h", "0.25", "0.5"), *readings("s", "900"))
_POTENCY = replicate_triples(
    *((f"{m - 7}.3", f"{m - 6}.5", f"{m - 8}.9") for m in range(20, 40)),
    ("10.4", "10.8", "11.0"),
    ("11.2", "10.0", "12.3"),
)
# Either marker of purity suffices, and two of three neuronal markers: some lots conform with one of them outside.
_PURITY_FLOW = (*grid("91.0", "98.9", "0.1", "%"), *readings("%", "90", "82.5", "88.9", "90.0"))
_PURITY_RNA = (*grid("86.0", "93.9", "0.1", "%"), *readings("%", "86.5", "91.0", "85.0", "70.4"))
_MARKER_A = (*grid("52.0", "89.0", "1.0", "%"), *readings("%", "50", "31.0", "76.0"))
_MARKER_B = (*grid("53.0", "90.0", "1.0", "%"), *readings("%", "55.5", "61.0", "42.0"))
_MARKER_C = (*grid("54.0", "91.0", "1.0", "%"), *readings("%", "49.9", "50.0", "58.0"))

BANK = Panel(
    product="SYNTHETIC-HIPSC-BANK",
    prefix="HB",
    specification="example/hipsc-bank",
    stages=(_BANK,),
    requirements=(
        ("sterility", "mycoplasma", "karyotype", "mosaicism", "identity", "viability_post_thaw", "endotoxin"),
    ),
    slots=(
        Slot(name="sterility", stage=_BANK, test="sterility", method="membrane filtration, 14 d",
             laboratory=MICROBIOLOGY, days=14, usual=(_NO_GROWTH,), wrong=words("Growth"),
             requirement="sterility", is_retested=False),
        Slot(name="growth_promotion", stage=_BANK, test="growth_promotion", method="100 CFU of six organisms",
             laboratory=MICROBIOLOGY, days=5, usual=(_GROWS,), wrong=words("No growth"), requirement="sterility"),
        Slot(name="mycoplasma", stage=_BANK, test="mycoplasma", method="nucleic acid amplification",
             laboratory=MICROBIOLOGY, days=3, usual=((*_NOT_DETECTED, *words("Negative", "neg")),),
             wrong=words("Detected"), requirement="mycoplasma", is_retested=False),
        Slot(name="karyotype", stage=_BANK, test="karyotype", method="G-banding", laboratory=GENETICS, days=10,
             usual=_NORMAL, wrong=_WRONG_KARYOTYPE, requirement=""),
        Slot(name="identity", stage=_BANK, test="identity_str", method="short tandem repeats", laboratory=GENETICS,
             days=6, usual=_PROFILES, wrong=OTHER_PROFILE, requirement="identity"),
        Slot(name="viability", stage=_BANK, test="viability", method="nucleocounter, post-thaw", laboratory=CELLS,
             days=1, usual=(_VIABILITY,), wrong=readings("%", "12.0"), requirement="viability"),
        Slot(name="endotoxin", stage=_BANK, test="endotoxin", method="LAL, kinetic chromogenic",
             laboratory=MICROBIOLOGY, days=2, usual=(_ENDOTOXIN,), wrong=spiked(readings("EU/mL", "12.5")),
             requirement="endotoxin"),
    ),
)  # fmt: skip

PRODUCT = Panel(
    product="SYNTHETIC-HIPSC-PROGENITORS",
    prefix="HP",
    specification="example/hipsc-progenitors",
    stages=(_IN_PROCESS, _RELEASE),
    requirements=(
        ("in_process_viability", "in_process_floor_plate", "in_process_cell_density", "cells_seeded", "cells_harvested",
         "population_doublings"),
        ("appearance", "sterility", "sterility_sample", "gram_stain", "mycoplasma", "endotoxin", "endotoxin_dose_rate",
         "rcl", "rcl_share_tested", "rcl_detection", "rcl_per_dose", "rcr", "karyotype", "mosaicism", "identity",
         "residual_undifferentiated", "residual_cells_measured", "residual_cells_bound", "residual_colonies",
         "residual_culture_bound", "residual_growth_factor", "viability_fresh", "viability_cryopreserved", "dose",
         "dose_per_kg", "cell_concentration", "viable_cell_dose", "total_cell_count", "cell_count_difference",
         "cells_before_wash", "wash_recovery", "out_of_storage_interval", "out_of_storage_time", "purity",
         "neuronal_markers", "potency"),
    ),
    slots=(
        Slot(name="ip_viability", stage=_IN_PROCESS, test="viability", method="nucleocounter", laboratory=CELLS,
             days=-5, usual=(_VIABILITY,), wrong=readings("%", "21.0"), requirement="in_process_viability"),
        Slot(name="ip_floor_plate", stage=_IN_PROCESS, test="foxa2_lmx1a_positive", method="flow cytometry, day 11",
             laboratory=CYTOMETRY, days=-5, usual=(grid("76.0", "95.9", "0.1", "%"),), wrong=readings("%", "7.7"),
             requirement="in_process_floor_plate"),
        Slot(name="ip_density", stage=_IN_PROCESS, test="cell_density", method="nucleocounter", laboratory=CELLS,
             days=-5, usual=(cell_counts(5, 50, 1, unit="cells/mL"),), wrong=readings("cells/mL", "1.0E3"),
             requirement="in_process_cell_density"),
        Slot(name="ip_seeded", stage=_IN_PROCESS, test="cells_seeded", method="nucleocounter", laboratory=CELLS,
             days=-30, usual=(cell_counts(20, 40, 1),), wrong=readings("cells", "1"), requirement="",
             stream="expansion"),
        Slot(name="ip_harvested", stage=_IN_PROCESS, test="cells_harvested", method="nucleocounter", laboratory=CELLS,
             days=-5, usual=(cell_counts(200, 500, 15),), wrong=readings("cells", "1.0E12"), requirement="",
             stream="expansion"),
        Slot(name="appearance", stage=_RELEASE, test="appearance", method="visual", laboratory=CELLS, days=0,
             usual=(words("Complies", "complies", "COMPLIES", "Conforms"),), wrong=words("Does not comply"),
             requirement="appearance"),
        Slot(name="sterility", stage=_RELEASE, test="sterility", method="automated culture, 14 d",
             laboratory=MICROBIOLOGY, days=14, usual=(_NO_GROWTH,), wrong=words("Growth"),
             requirement="sterility", is_retested=False),
        Slot(name="growth_promotion", stage=_RELEASE, test="growth_promotion", method="100 CFU of six organisms",
             laboratory=MICROBIOLOGY, days=5, usual=(_GROWS,), wrong=words("No growth"), requirement="sterility"),
        Slot(name="gram_stain", stage=_RELEASE, test="gram_stain", method="Gram stain", laboratory=MICROBIOLOGY,
             days=0, usual=(words("Negative", "negative", "NEG", "Neg "),), wrong=words("Positive"),
             requirement="gram_stain", is_retested=False),
        Slot(name="mycoplasma", stage=_RELEASE, test="mycoplasma", method="nucleic acid amplification",
             laboratory=MICROBIOLOGY, days=1, usual=((*_NOT_DETECTED, *words("Negative", "neg")),),
             wrong=words("Detected"), requirement="mycoplasma", is_retested=False),
        Slot(name="endotoxin", stage=_RELEASE, test="endotoxin", method="LAL, kinetic chromogenic",
             laboratory=MICROBIOLOGY, days=0, usual=(_ENDOTOXIN,), wrong=spiked(readings("EU/mL", "12.5")),
             requirement="endotoxin"),
        Slot(name="rcl", stage=_RELEASE, test="rcl", method="VSV-G DNA, qPCR", laboratory=GENETICS, days=3,
             usual=(_RCL,), wrong=sampled(controlled(words("Detected")), "300 mL"), requirement="rcl",
             is_retested=False, vector="lentiviral"),
        Slot(name="rcr", stage=_RELEASE, test="rcr", method="GALV env DNA, qPCR", laboratory=GENETICS, days=3,
             usual=(controlled(_NOT_DETECTED),), wrong=controlled(words("Detected")), requirement="rcr",
             is_retested=False, vector="gammaretroviral"),
        Slot(name="karyotype", stage=_RELEASE, test="karyotype", method="G-banding", laboratory=GENETICS, days=9,
             usual=_NORMAL, wrong=_WRONG_KARYOTYPE, requirement=""),
        Slot(name="identity", stage=_RELEASE, test="identity_str", method="short tandem repeats",
             laboratory=GENETICS, days=6, usual=_PROFILES, wrong=OTHER_PROFILE, requirement="identity"),
        Slot(name="residual", stage=_RELEASE, test="residual_undifferentiated", method="LIN28A RNA, ddPCR",
             laboratory=GENETICS, days=2, usual=(_RESIDUAL,),
             wrong=measured(readings("%", "4.2"), "0.2", lod="0.001"), requirement="residual_undifferentiated"),
        Slot(name="colonies", stage=_RELEASE, test="residual_colonies", method="highly efficient culture",
             laboratory=CELLS, days=8, usual=(_COLONIES,), wrong=sampled(readings("colonies", "480"), "1E6 cells"),
             requirement=""),
        Slot(name="growth_factor", stage=_RELEASE, test="residual_growth_factor", method="ELISA", laboratory=CELLS,
             days=2, usual=((*concentrations("0.5", "10.0", "0.5"), *readings("ng/mL", *["<0.05"] * 30)),),
             wrong=readings("ng/mL", "480"), requirement="residual_growth_factor"),
        Slot(name="viability", stage=_RELEASE, test="viability", method="flow cytometry, 7-AAD",
             laboratory=CYTOMETRY, days=0, usual=(_VIABILITY,), wrong=readings("%", "12.0"), requirement="viability"),
        Slot(name="dose", stage=_RELEASE, test="dose", method="flow cytometry, counting beads",
             laboratory=CYTOMETRY, days=0, usual=(cell_counts(800, 1200, 5),), wrong=readings("cells", "1.0E3"),
             requirement="dose"),
        Slot(name="concentration", stage=_RELEASE, test="cell_concentration", method="nucleocounter", laboratory=CELLS,
             days=0, usual=(cell_counts(20, 40, 1, unit="cells/mL"),), wrong=readings("cells/mL", "1"), requirement=""),
        Slot(name="total_cells", stage=_RELEASE, test="total_cell_count", method="nucleocounter", laboratory=CELLS,
             days=0, usual=(cell_counts(1300, 2400, 20),), wrong=readings("cells", "1"), requirement="",
             stream="harvest"),
        Slot(name="total_cells_flow", stage=_RELEASE, test="total_cell_count", method="flow cytometry, counting beads",
             laboratory=CYTOMETRY, days=0, usual=(cell_counts(1230, 2605, 25),), wrong=readings("cells", "1"),
             requirement="", stream="harvest"),
        Slot(name="cells_before_wash", stage=_RELEASE, test="cells_before_wash", method="nucleocounter",
             laboratory=CELLS, days=0, usual=(cell_counts(1500, 2875, 25),), wrong=readings("cells", "9.9E12"),
             requirement="", stream="harvest"),
        *(
            Slot(name=f"out_of_storage_{number}", stage=_RELEASE, test="out_of_storage_interval",
                 method="logger of the freezer", laboratory=CELLS, days=1, usual=(_INTERVALS,),
                 wrong=readings("min", "9000"), requirement="", replicate=str(number))
            for number in (1, 2)
        ),
        Slot(name="purity_flow", stage=_RELEASE, test="purity_flow", method="flow cytometry",
             laboratory=CYTOMETRY, days=1, usual=(_PURITY_FLOW,), wrong=readings("%", "3.0"), stream="purity",
             requirement="purity"),
        Slot(name="purity_rna", stage=_RELEASE, test="purity_rna", method="single-cell RNA panel",
             laboratory=GENETICS, days=4, usual=(_PURITY_RNA,), wrong=readings("%", "3.0"), stream="purity",
             requirement="purity"),
        *(
            Slot(name=test, stage=_RELEASE, test=test, method="immunocytochemistry, day 35", laboratory=CYTOMETRY,
                 days=5, usual=(table,), wrong=readings("%", "1.0"), requirement="neuronal_markers", stream="markers")
            for test, table in (("map2_positive", _MARKER_A), ("th_positive", _MARKER_B), ("nurr1_positive", _MARKER_C))
        ),
        *(
            Slot(name=f"potency_{number}", stage=_RELEASE, test="dopamine_release", method="HPLC after KCl",
                 laboratory=CELLS, days=6, usual=(table,), wrong=readings("ng/mL", "0.1"), requirement="potency",
                 stream="potency", replicate=str(number))
            for number, table in enumerate(_POTENCY, start=1)
        ),
    ),
)  # fmt: skip
