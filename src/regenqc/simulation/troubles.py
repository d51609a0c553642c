"""Every kind of trouble that is planted, with the disposition that it must lead to.

A trouble is data: what it does to the rows and attributes of a lot, and what an evaluation has to find. Some kinds are
controls, values at the very edge or an investigation that was closed properly, which must not be held against a lot; they
end `eligible`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regenqc.simulation.panels import OTHER_PROFILE, Tables
from regenqc.simulation.readings import (
    Reading,
    cell_counts,
    controlled,
    grid,
    karyotypes,
    measured,
    readings,
    sampled,
    spiked,
    words,
)
from regenqc.vocabulary import Disposition

__all__ = ["AS_OF", "EVERY_STAGE", "TROUBLES", "Edit", "Trouble"]

AS_OF = "2026-06-30T00:00:00Z"
EVERY_STAGE = ""

_REJECT, _HOLD = Disposition.REJECT, Disposition.HOLD
_CONDITIONAL, _ELIGIBLE = Disposition.CONDITIONAL, Disposition.ELIGIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change to the rows of a lot.

    Args:
        slot: name of the result.
        action: `replace` what is reported, `drop` the row, or `add` another row.
        tables: what is reported instead or in addition, one table or one for each sex; without tables the result
            stays as it is.
        status: standing of the row.
        revision: of the row; an added row with revision above 1 has the `result_id` of the row it revises.
        test, stage, tested_at: written instead of the true ones, if not empty.
        proof: what stands behind an invalidation: nothing, everything, or everything but a second person.
        retested: an added row is a first result, of which the regular one is a retest.
        retests: an added row is a further retest of that first result.
    """

    slot: str
    action: Literal["replace", "drop", "add"]
    tables: Tables = ()
    status: str = "verified"
    revision: int = 1
    test: str = ""
    stage: str = ""
    tested_at: str = ""
    proof: Literal["none", "complete", "one_person"] = "none"
    retested: bool = False
    retests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind of trouble.

    Args:
        word: stable name, as in the truth table.
        disposition: what the lot must get at the stage because of it.
        requirements: whose cells are not `conforms`; `viability` stands for the one that the formulation selects.
        edits: what happens to the rows.
        settings: what is true of the lot, as one text or several to draw from.
        shown: what the batch table says instead of the truth.
        stage: where it counts, or `EVERY_STAGE`.
        no_rows: nothing at all is reported for the lot.
        bank: occurs in cell banks too.
        bank_requirements: `requirements` there, if they differ.
        beside: results that must be as usual, so that the trouble shows.
    """

    word: str
    disposition: Disposition
    requirements: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    settings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    stage: str = "drug_product_release"
    no_rows: bool = False
    bank: bool = False
    bank_requirements: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def touches(self) -> frozenset[str]:
        """Return the results and attributes involved; two troubles of one lot have none in common."""
        attributes = {f"@{name}" for name, _ in self.settings} | {f"@{name}" for name, _ in self.shown}
        return frozenset({edit.slot for edit in self.edits} | attributes | set(self.beside))


def _replace(slot: str, *tables: tuple[Reading, ...], status: str = "verified") -> tuple[Edit, ...]:
    return (Edit(slot=slot, action="replace", tables=tables, status=status),)


def _add(slot: str, *tables: tuple[Reading, ...], status: str = "verified", revision: int = 1) -> tuple[Edit, ...]:
    return (Edit(slot=slot, action="add", tables=tables, status=status, revision=revision),)


def _invalidated(slot: str, table: tuple[Reading, ...], *, further: tuple[Reading, ...] = ()) -> tuple[Edit, ...]:
    """Return a failing first result that was invalidated, with the regular result and further ones as its retests."""
    first = Edit(
        slot=slot, action="add", tables=(table,), status="invalidated", revision=1, proof="complete", retested=True
    )
    more = (Edit(slot=slot, action="add", tables=(further,), retests=True),) if further else ()
    return (first, *more)


def _drop(*slots: str) -> tuple[Edit, ...]:
    return tuple(Edit(slot=slot, action="drop") for slot in slots)


_GROWTH = words("Growth", "growth", "GROWTH")
_POSITIVE = words("Positive", "Detected", "POS")
_DETECTED = words("Detected", "detected")
_VIABILITY_LOW = grid("41.0", "69.9", "0.1", "%")
_RECENT = (("manufactured_at", tuple(f"2026-06-{day}T08:00:00Z" for day in range(17, 26))),)
_DUE_TODAY = (("manufactured_at", ("2026-06-16T00:00:00Z",)),)
_LENTIVIRAL = ("vector", ("lentiviral",))
_CRYOPRESERVED = ("formulation", ("cryopreserved",))
_LIGHT_RECIPIENT = (
    ("recipient_weight", ("5.2", "6.0", "7.5")),
    ("dose_volume", ("100",)),
    ("infusion_hours", ("1",)),
)
_ENDOTOXIN = ("endotoxin", "endotoxin_dose_rate")
_RCL = ("rcl", "rcl_share_tested", "rcl_detection", "rcl_per_dose")
_RESIDUAL = ("residual_undifferentiated", "residual_cells_measured", "residual_cells_bound")
_KARYOTYPE = ("karyotype", "mosaicism")
_DOSE = ("dose", "dose_per_kg")
_VIABILITY = ("viability", "viable_cell_dose")
_SMALL_VOLUME = ("dose_volume", ("10",))
_LARGE_VOLUME = ("dose_volume", ("100",))
_TRISOMY = karyotypes(("47,XX,+12[20]", "47,XX,+20[20]"), ("47,XY,+12[20]", "47,XY,+8[20]"))
_MOSAIC = karyotypes(("47,XX,+12[3]/46,XX[17]",), ("47,XY,+17[2]/46,XY[18]",))
_FEW = karyotypes(("46,XX[12]", "46,XX[19]"), ("46,XY[8]", "46,XY[19]"))
_OTHER_SEX = karyotypes(("46,XY[20]",), ("46,XX[20]",))
_REFUSED_DATE = Edit(slot="mycoplasma", action="replace", tested_at="03/04/2026 09:00")
_REFUSED_STAGE = Edit(slot="mycoplasma", action="replace", stage="final_release")
_REFUSED_STATUS = Edit(slot="mycoplasma", action="replace", status="approved?")
_UNKNOWN_TEST = Edit(slot="appearance", action="add", test="osmolality", tables=(readings("mosm/kg", "291", "305"),))

_RESIDUAL_HIGH = measured(grid("0.020", "0.095", "0.001", "%"), "0.001", "0.002", lod="0.001")

TROUBLES: tuple[Trouble, ...] = (
    # Microbiology
    Trouble(word="sterility_growth", disposition=_REJECT, requirements=("sterility",), bank=True,
            edits=_replace("sterility", _GROWTH)),
    Trouble(word="sterility_late_positive", disposition=_REJECT, requirements=("sterility",),
            edits=_replace("sterility", _GROWTH) + _add("sterility", words("No growth to date"), status="preliminary")),
    Trouble(word="sterility_final_after_preliminary", disposition=_ELIGIBLE,
            edits=_add("sterility", words("No growth to date", "no growth"), status="preliminary")),
    Trouble(word="sterility_sample_too_small", disposition=_HOLD, requirements=("sterility_sample",),
            settings=(("containers_tested", ("4", "10", "15")),)),
    Trouble(word="sterility_pending", disposition=_CONDITIONAL, requirements=("sterility",), settings=_RECENT,
            edits=_replace("sterility", words("No growth to date", "pending", "Pending", "in progress", ""))),
    Trouble(word="sterility_due_today", disposition=_CONDITIONAL, requirements=("sterility",), settings=_DUE_TODAY,
            edits=_drop("sterility")),
    Trouble(word="sterility_overdue", disposition=_HOLD, requirements=("sterility",),
            settings=(("manufactured_at", ("2026-06-15T23:59:59Z", "2026-06-01T08:00:00Z", "2026-05-04T08:00:00Z")),),
            edits=_drop("sterility")),
    Trouble(word="sterility_preliminary_only", disposition=_CONDITIONAL, requirements=("sterility",), settings=_RECENT,
            edits=_replace("sterility", words("No growth", "no growth"), status="preliminary")),
    Trouble(word="manufacture_date_missing", disposition=_HOLD, requirements=("sterility",),
            shown=(("manufactured_at", ""),), edits=_drop("sterility")),
    Trouble(word="gram_stain_positive", disposition=_REJECT, requirements=("gram_stain",),
            edits=_replace("gram_stain", _POSITIVE)),
    Trouble(word="interim_word_only", disposition=_HOLD, requirements=("gram_stain",),
            edits=_replace("gram_stain", words("in progress", "negative to date"))),
    Trouble(word="mycoplasma_positive", disposition=_REJECT, requirements=("mycoplasma",), bank=True,
            edits=_replace("mycoplasma", _POSITIVE)),
    # Controls of the assays
    Trouble(word="growth_promotion_failed", disposition=_HOLD, requirements=("sterility",), bank=True,
            edits=_replace("growth_promotion", words("No growth", "no growth")), beside=("sterility",)),
    Trouble(word="growth_promotion_missing", disposition=_HOLD, requirements=("sterility",), bank=True,
            edits=_drop("growth_promotion"), beside=("sterility",)),
    Trouble(word="spike_recovery_failed", disposition=_HOLD, requirements=_ENDOTOXIN, bank=True,
            bank_requirements=("endotoxin",),
            edits=_replace("endotoxin", spiked(readings("EU/mL", "<0.05", "0.2", "7.5"), "12 %", "49.9 %", "310%"))),
    Trouble(word="positive_control_missing", disposition=_HOLD, requirements=_RCL, settings=(_LENTIVIRAL,),
            edits=_replace("rcl", sampled(controlled(words("Not detected", "Detected"), "", "pending"), "400 mL"))),
    # Endotoxin, and the dose rate derived from it
    Trouble(word="endotoxin_above", disposition=_REJECT, requirements=("endotoxin",), bank=True,
            edits=_replace("endotoxin", spiked(grid("1.01", "1.09", "0.01", "EU/mL")))),
    Trouble(word="endotoxin_exactly_at_limit", disposition=_ELIGIBLE,
            edits=_replace("endotoxin", spiked(readings("EU/mL", "0.5", "0.50", "5.0E-1", "≤0.5", "<0.5")))),
    Trouble(word="endotoxin_wrong_unit", disposition=_HOLD, requirements=_ENDOTOXIN, bank=True,
            bank_requirements=("endotoxin",), edits=_replace("endotoxin", spiked(readings("CFU/mL", "0.2", "0.1")))),
    Trouble(word="endotoxin_unknown_unit", disposition=_HOLD, requirements=_ENDOTOXIN,
            edits=_replace("endotoxin", spiked(readings("EU per flask", "0.2", "0.1")))),
    Trouble(word="endotoxin_missing_unit", disposition=_HOLD, requirements=_ENDOTOXIN,
            edits=_replace("endotoxin", spiked(readings("", "0.2", "0.1")))),
    Trouble(word="dose_rate_above", disposition=_REJECT, requirements=("endotoxin_dose_rate",),
            settings=_LIGHT_RECIPIENT, beside=("dose",), edits=_replace("endotoxin", spiked(readings("EU/mL", "0.45", "0.48")))),
    Trouble(word="recipient_weight_missing", disposition=_HOLD, requirements=("endotoxin_dose_rate", "dose_per_kg"),
            shown=(("recipient_weight", ""),)),
    # Vector
    Trouble(word="rcl_detected", disposition=_REJECT, requirements=("rcl", "rcl_per_dose"), settings=(_LENTIVIRAL,),
            edits=_replace("rcl", sampled(controlled(_DETECTED), "300 mL", "0.4 L"))),
    Trouble(word="rcl_missing", disposition=_HOLD, requirements=_RCL, settings=(_LENTIVIRAL,), edits=_drop("rcl")),
    Trouble(word="rcl_sample_too_small", disposition=_HOLD, requirements=("rcl_detection", "rcl_per_dose"),
            settings=(_LENTIVIRAL, _LARGE_VOLUME),
            edits=_replace("rcl", sampled(controlled(words("Not detected", "ND")), "250 mL", "0.28 L"))),
    Trouble(word="rcl_share_too_small", disposition=_HOLD, requirements=("rcl_share_tested",),
            settings=(_LENTIVIRAL, _SMALL_VOLUME),
            edits=_replace("rcl", sampled(controlled(words("Not detected", "ND")), "100 mL", "0.15 L"))),
    Trouble(word="rcl_amount_missing", disposition=_HOLD, requirements=_RCL[1:], settings=(_LENTIVIRAL,),
            edits=_replace("rcl", controlled(words("Not detected", "ND")))),
    Trouble(word="rcr_detected", disposition=_REJECT, requirements=("rcr",),
            settings=(("vector", ("gammaretroviral",)),), edits=_replace("rcr", controlled(_DETECTED))),
    Trouble(word="vector_not_stated", disposition=_HOLD, requirements=("rcr",), settings=(_LENTIVIRAL,),
            shown=(("vector", ""),)),
    Trouble(word="vector_not_understood", disposition=_HOLD, requirements=("rcr",), settings=(_LENTIVIRAL,),
            shown=(("vector", "lenti"),)),
    # Genome
    Trouble(word="karyotype_trisomy", disposition=_REJECT, requirements=("karyotype",), bank=True,
            edits=_replace("karyotype", *_TRISOMY)),
    Trouble(word="karyotype_mosaic", disposition=_REJECT, requirements=_KARYOTYPE, bank=True,
            edits=_replace("karyotype", *_MOSAIC)),
    Trouble(word="karyotype_too_few_metaphases", disposition=_HOLD, requirements=_KARYOTYPE, bank=True,
            edits=_replace("karyotype", *_FEW)),
    Trouble(word="karyotype_wrong_sex", disposition=_REJECT, requirements=("karyotype",), bank=True,
            edits=_replace("karyotype", *_OTHER_SEX)),
    Trouble(word="residual_above", disposition=_REJECT, requirements=_RESIDUAL, edits=_replace("residual", _RESIDUAL_HIGH)),
    Trouble(word="residual_censored_undecidable", disposition=_HOLD, requirements=_RESIDUAL,
            edits=_replace("residual", measured(readings("%", "<0.1", "< 0.02", "≤0.016"), "", lod="0.001"))),
    Trouble(word="residual_greater_than", disposition=_REJECT, requirements=_RESIDUAL,
            edits=_replace("residual", measured(readings("%", "> 1", ">0.01", "≥0.02"), "0.001", lod="0.001"))),
    Trouble(word="residual_not_detected_without_limit", disposition=_HOLD, requirements=_RESIDUAL,
            edits=_replace("residual", readings("%", "ND", "not detected", "BLQ"))),
    Trouble(word="residual_bound_above", disposition=_HOLD, requirements=("residual_cells_bound",),
            edits=_replace("residual", measured(readings("%", "0.009", "0.0085", "0.0100"), "0.005", lod="0.001"))),
    Trouble(word="residual_uncertainty_missing", disposition=_HOLD, requirements=("residual_cells_bound",),
            edits=_replace("residual", tuple(Reading(text, "%", lod="0.001") for text in ("0.004", "0.0012")))),
    Trouble(word="residual_culture_too_few_cells", disposition=_HOLD, requirements=("residual_culture_bound",),
            edits=_replace("colonies", sampled(words("0", "ND", "1"), "1E5 cells", "2E5 cells"))),
    Trouble(word="residual_culture_above", disposition=_REJECT, requirements=("residual_culture_bound",),
            edits=_replace("colonies", sampled(readings("colonies", "16", "20", "40"), "1E6 cells", "1E6 cells"))),
    Trouble(word="residual_culture_undecided", disposition=_HOLD, requirements=("residual_culture_bound",),
            edits=_replace("colonies", sampled(readings("colonies", "9", "11"), "1E6 cells"))),
    # Numbers
    Trouble(word="viability_below", disposition=_REJECT, requirements=("viability",), bank=True,
            bank_requirements=("viability_post_thaw",), edits=_replace("viability", _VIABILITY_LOW)),
    Trouble(word="viability_alert", disposition=_ELIGIBLE, requirements=("viability_cryopreserved",),
            settings=(_CRYOPRESERVED,), edits=_replace("viability", grid("70.0", "74.9", "0.1", "%"))),
    Trouble(word="viability_half_digit_below", disposition=_REJECT, requirements=("viability_cryopreserved",),
            settings=(_CRYOPRESERVED,), edits=_replace("viability", readings("%", "69.95", "69.5", "69.99"))),
    Trouble(word="viability_text", disposition=_HOLD, requirements=_VIABILITY,
            edits=_replace("viability", readings("%", "see report", "OK", "within limits"))),
    Trouble(word="viability_decimal_comma", disposition=_HOLD, requirements=_VIABILITY,
            edits=_replace("viability", readings("%", "84,5", "91,2"))),
    Trouble(word="viability_range", disposition=_HOLD, requirements=_VIABILITY,
            edits=_replace("viability", readings("%", "80-90", "~90", "85 - 95"))),
    Trouble(word="formulation_not_stated", disposition=_HOLD, requirements=("viability_fresh",),
            settings=(_CRYOPRESERVED,), shown=(("formulation", ""),),
            edits=_replace("viability", grid("75.0", "79.9", "0.1", "%"))),
    Trouble(word="replicate_mean_below", disposition=_REJECT, requirements=("potency",),
            edits=_replace("potency_1", readings("ng/mL", "9.2", "8.8")) +
            _replace("potency_2", readings("ng/mL", "10.3", "10.4")) +
            _replace("potency_3", readings("ng/mL", "9.9", "10.3"))),
    Trouble(word="individual_outside_mean", disposition=_ELIGIBLE, requirements=("potency",),
            edits=_replace("potency_1", readings("ng/mL", "9.2", "8.1", "9.99")) +
            _replace("potency_2", readings("ng/mL", "14.5", "16.0")) +
            _replace("potency_3", readings("ng/mL", "13.0", "15.5"))),
    Trouble(word="replicate_mean_exactly_at_limit", disposition=_ELIGIBLE, requirements=("potency",),
            edits=_replace("potency_1", readings("ng/mL", "9.7")) + _replace("potency_2", readings("ng/mL", "10.1")) +
            _replace("potency_3", readings("ng/mL", "10.2"))),
    Trouble(word="dose_below", disposition=_REJECT, requirements=("dose",),
            edits=_replace("dose", (*cell_counts(300, 795, 5), *readings("cells", "79999999")))),
    Trouble(word="dose_above", disposition=_REJECT, requirements=("dose",),
            edits=_replace("dose", (*cell_counts(1205, 1800, 5), *readings("cells", "120000001")))),
    Trouble(word="dose_per_kg_above", disposition=_REJECT, requirements=("dose_per_kg",),
            settings=(("recipient_weight", ("3.0", "3.1")), _SMALL_VOLUME), beside=("dose", "endotoxin")),
    Trouble(word="viable_dose_below", disposition=_REJECT, requirements=("viable_cell_dose",),
            edits=_replace("concentration", readings("cells/mL", "2.0E4", "40000", "< 30000")), beside=("viability",)),
    # Cells on their way
    Trouble(word="methods_disagree", disposition=_HOLD, requirements=("cell_count_difference",),
            edits=_replace("total_cells_flow", cell_counts(3200, 4000, 100)), beside=("total_cells",)),
    Trouble(word="recovery_below", disposition=_REJECT, requirements=("wash_recovery",),
            edits=_replace("cells_before_wash", cell_counts(4100, 5000, 100)), beside=("total_cells",)),
    Trouble(word="out_of_storage_exceeded", disposition=_REJECT, requirements=("out_of_storage_time",),
            edits=_replace("out_of_storage_1", readings("min", "20", "35")) +
            _replace("out_of_storage_2", (*readings("min", "101", "150"), *readings("h", "2.5", "> 1.75")))),
    Trouble(word="out_of_storage_interval_open", disposition=_HOLD, requirements=("out_of_storage_time",),
            edits=_replace("out_of_storage_2", words("see logger", "not read out"))),
    # Identity and composition
    Trouble(word="identity_mismatch", disposition=_REJECT, requirements=("identity",), bank=True,
            edits=_replace("identity", OTHER_PROFILE)),
    Trouble(word="identity_reference_missing", disposition=_HOLD, requirements=("identity",), bank=True,
            shown=(("donor_str_profile", ""),), edits=_replace("identity")),
    Trouble(word="purity_no_alternative", disposition=_REJECT, requirements=("purity",),
            edits=_replace("purity_flow", grid("70.0", "89.9", "0.1", "%")) +
            _replace("purity_rna", grid("60.0", "84.9", "0.1", "%"))),
    Trouble(word="markers_too_few", disposition=_REJECT, requirements=("neuronal_markers",),
            edits=_replace("th_positive", grid("12.0", "49.9", "0.1", "%")) +
            _replace("nurr1_positive", grid("12.0", "49.9", "0.1", "%"))),
    Trouble(word="appearance_not_conforming", disposition=_REJECT, requirements=("appearance",),
            edits=_replace("appearance", words("Does not comply", "does not conform"))),
    # The record
    Trouble(word="unknown_test", disposition=_HOLD, requirements=("result_record",), edits=(_UNKNOWN_TEST,)),
    Trouble(word="unknown_word", disposition=_HOLD, requirements=("mycoplasma",),
            edits=_replace("mycoplasma", words("looks fine", "clean", "Not  detected in sample"))),
    Trouble(word="number_for_word", disposition=_HOLD, requirements=("gram_stain",),
            edits=_replace("gram_stain", words("0", "0.0"))),
    Trouble(word="unverified_result", disposition=_HOLD, requirements=(*_DOSE, "result_record"),
            edits=_replace("dose", cell_counts(900, 1100, 5), status="unverified")),
    Trouble(word="invalidated_without_investigation", disposition=_REJECT, requirements=("viability",), bank=True,
            bank_requirements=("viability_post_thaw",),
            edits=_add("viability", _VIABILITY_LOW, status="invalidated")),
    Trouble(word="invalidated_by_the_analyst", disposition=_REJECT, requirements=("residual_growth_factor",),
            edits=(Edit(slot="growth_factor", action="add", tables=(grid("10.1", "19.9", "0.1", "ng/mL"),),
                        status="invalidated", proof="one_person"),)),
    Trouble(word="retest_allowed", disposition=_ELIGIBLE, requirements=("dose",),
            edits=_invalidated("dose", cell_counts(300, 795, 5))),
    Trouble(word="retest_not_allowed", disposition=_HOLD, requirements=("sterility",), bank=True,
            edits=_invalidated("sterility", _GROWTH)),
    Trouble(word="too_many_retests", disposition=_HOLD, requirements=("residual_undifferentiated",),
            edits=_invalidated("residual", _RESIDUAL_HIGH,
                               further=measured(readings("%", "0.004", "<0.005"), "0.0005", lod="0.001"))),
    Trouble(word="cancelled_with_result", disposition=_HOLD,
            requirements=("residual_undifferentiated", "result_record"),
            edits=_add("residual", readings("%", "0.004", "0.2"), status="cancelled")),
    Trouble(word="preliminary_failing", disposition=_REJECT, requirements=("mycoplasma",),
            edits=_add("mycoplasma", _POSITIVE, status="preliminary")),
    Trouble(word="revision_failing", disposition=_REJECT, requirements=_RESIDUAL,
            edits=_add("residual", _RESIDUAL_HIGH, revision=2)),
    Trouble(word="expired_batch", disposition=_HOLD, requirements=("expiry",), bank=True,
            shown=(("expires_at", "2026-06-29T23:59:59Z"),)),
    Trouble(word="no_results", disposition=_HOLD, stage=EVERY_STAGE, no_rows=True, bank=True),
    Trouble(word="missing_test", disposition=_HOLD, requirements=_KARYOTYPE, bank=True, edits=_drop("karyotype")),
    Trouble(word="empty_result", disposition=_HOLD, requirements=_DOSE,
            edits=_replace("dose", readings("cells", "", " "))),
    Trouble(word="refused_date", disposition=_HOLD, requirements=("mycoplasma", "result_record"),
            edits=(_REFUSED_DATE,)),
    Trouble(word="refused_stage", disposition=_HOLD, requirements=("mycoplasma", "result_record"), stage=EVERY_STAGE,
            edits=(_REFUSED_STAGE,)),
    Trouble(word="refused_status", disposition=_HOLD, requirements=("mycoplasma", "result_record"),
            edits=(_REFUSED_STATUS,)),
    # In process
    Trouble(word="too_many_doublings", disposition=_REJECT, requirements=("population_doublings",),
            stage="in_process", edits=_replace("ip_harvested", cell_counts(1600, 2000, 10)), beside=("ip_seeded",)),
    Trouble(word="in_process_viability_below", disposition=_REJECT, requirements=("in_process_viability",),
            stage="in_process", edits=_replace("ip_viability", grid("60.0", "79.9", "0.1", "%"))),
    Trouble(word="in_process_marker_below", disposition=_REJECT, requirements=("in_process_floor_plate",),
            stage="in_process", edits=_replace("ip_floor_plate", grid("30.0", "69.9", "0.1", "%"))),
    Trouble(word="in_process_density_thousands", disposition=_HOLD, requirements=("in_process_cell_density",),
            stage="in_process", edits=_replace("ip_density", readings("cells/mL", "1,200,000", "850 000"))),
)  # fmt: skip
