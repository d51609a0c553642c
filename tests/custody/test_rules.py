"""The rules of custody: each violation by its id, from the story of one lot bent in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.custody.story import (
    CLINIC,
    COI,
    COURIER,
    HOSPITAL,
    LENIENT,
    MAKER,
    PATIENT,
    Desk,
    Scribe,
    collected,
    delivered,
    life,
    made,
    released,
    signed,
    treated,
)

from regenqc.custody.moments import moment_of_milliseconds
from regenqc.custody.record import Event, Item, Measurement, Previous, Signature
from regenqc.custody.rules import RULES, SIGNED_KINDS, Policy, signatures_unchecked

if TYPE_CHECKING:
    from collections.abc import Callable

AT_HOSPITAL: dict[str, Any] = {"site": HOSPITAL, "actor": "PHARM-0099", "role": "pharmacist"}
BEDSIDE: dict[str, Any] = {
    "site": HOSPITAL,
    "actor": "NURSE-0501",
    "role": "nurse",
    "second_actor": "PHYS-0077",
    "second_role": "physician",
}

_PH = Measurement("pH", "7.2")


class Lot:
    """A desk and a scribe in the middle of the life of a lot."""

    def __init__(self, *parts: Callable[[Scribe], list[Event]], policy: Policy = LENIENT) -> None:
        self.write = Scribe()
        self.desk = Desk(policy)
        for part in parts:
            self.desk.take(*part(self.write))

    def offer(self, kind: str, **members: Any) -> list[str]:
        return self.desk.offer(self.write(kind, **members))

    def take(self, kind: str, **members: Any) -> Event:
        event = self.write(kind, **members)
        self.desk.take(event)
        return event


def at_collection() -> Lot:
    return Lot(collected)


def at_filling() -> Lot:
    return Lot(collected, made)


def at_release() -> Lot:
    return Lot(collected, made, released)


def at_hospital() -> Lot:
    return Lot(collected, made, released, delivered)


def test_the_whole_life_of_a_lot_violates_nothing() -> None:
    Desk().take(*life(Scribe()))


# ---- custody ------------------------------------------------------------------------------------------------------------


def test_only_the_holder_works_with_an_item() -> None:
    assert at_collection().offer(
        "expansion", site="LAB-9", items=("AP-0001",), inputs=(Item("MEDIUM-0001", "1", "mL"),), coi=COI, stage="donor"
    ) == ["RQC-C101", "RQC-C101"]


def test_only_the_holder_hands_over() -> None:
    two = {"second_actor": "COUR-0303", "second_role": "courier"}
    lot = at_release()
    assert lot.offer("handover", items=("DP-0001-1",), source=HOSPITAL, destination=COURIER, **two) == ["RQC-C102"]
    assert lot.offer("handover", items=("DP-0001-1",), source=MAKER, destination=MAKER, **two) == ["RQC-C102"]
    assert lot.offer("handover", items=("DP-0001-1",), source=MAKER, destination=COURIER, **two) == []
    assert lot.desk.state("DP-0001-1").holder == COURIER


def test_what_is_not_on_its_way_here_is_not_received_here() -> None:
    lot = at_release()
    assert lot.offer("receive", items=("DP-0001-1",), previous=Previous("EV-0001"), coi=COI, **AT_HOSPITAL) == [
        "RQC-C103"
    ]
    sent = lot.take("ship", items=("DP-0001-1",), destination="HOSPITAL-2", coi=COI)
    assert lot.offer("receive", items=("DP-0001-1",), previous=Previous(sent.event_id), coi=COI, **AT_HOSPITAL) == [
        "RQC-C103"
    ]


def test_a_receipt_names_the_event_that_sent() -> None:
    lot = at_release()
    lot.take("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    assert lot.offer("receive", items=("DP-0001-1",), previous=Previous("EV-0001"), coi=COI, **AT_HOSPITAL) == [
        "RQC-C105"
    ]


def test_nothing_is_done_with_an_item_on_its_way() -> None:
    lot = at_release()
    lot.take("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    assert lot.offer("store", items=("DP-0001-1",), place="TANK-3") == ["RQC-C106"]
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == ["RQC-C106"]


def test_an_item_on_its_way_may_change_carriers_and_be_handed_to_its_addressee() -> None:
    lot = at_release()
    lot.take("ship", items=("DP-0001-1",), destination=HOSPITAL, carrier=COURIER, coi=COI)
    two = {"second_actor": "COUR-0303", "second_role": "courier", "role": "courier"}
    lot.take("handover", items=("DP-0001-1",), source=COURIER, destination="COURIER-2", site=COURIER, **two)
    assert lot.desk.state("DP-0001-1").heading == HOSPITAL
    lot.take("handover", items=("DP-0001-1",), source="COURIER-2", destination=HOSPITAL, site="COURIER-2", **two)
    state = lot.desk.state("DP-0001-1")
    assert (state.holder, state.heading, state.stage) == (HOSPITAL, "", "hospital_receipt")


def test_a_packed_item_must_be_unpacked_from_its_container() -> None:
    lot = at_release()
    lot.take("pack", items=("DP-0001-1",), container="BOX-7")
    assert lot.offer("store", items=("DP-0001-1",), place="TANK-3") == ["RQC-C107"]
    assert lot.offer("unpack", items=("DP-0001-1",), container="BOX-8") == ["RQC-C107"]
    assert lot.offer("unpack", items=("DP-0001-1",), container="BOX-7") == []
    assert lot.offer("store", items=("DP-0001-1",), place="TANK-3") == []


def test_a_packed_item_travels_with_its_container() -> None:
    lot = at_release()
    lot.take("pack", items=("DP-0001-1",), container="BOX-7")
    lot.take("pack", items=("BOX-7",), container="PALLET-1")
    sent = lot.take("ship", items=("PALLET-1",), destination=HOSPITAL)
    lot.take("receive", items=("PALLET-1",), previous=Previous(sent.event_id), **AT_HOSPITAL)
    lot.take("unpack", items=("BOX-7",), container="PALLET-1", **AT_HOSPITAL)
    lot.take("unpack", items=("DP-0001-1",), container="BOX-7", **AT_HOSPITAL)
    assert lot.desk.state("DP-0001-1").stage == "hospital_receipt"


def test_a_container_is_not_packed_into_what_it_holds() -> None:
    lot = at_release()
    lot.take("pack", items=("DP-0001-1",), container="BOX-7")
    lot.take("pack", items=("BOX-7",), container="BOX-8")
    assert "RQC-C108" in lot.offer("pack", items=("BOX-8",), container="BOX-7")


def test_a_container_elsewhere_takes_nothing() -> None:
    lot = at_release()
    lot.take("pack", items=("DP-0001-1",), container="BOX-7")
    lot.take("ship", items=("BOX-7",), destination=HOSPITAL)
    assert lot.offer("pack", items=("DP-0001-2",), container="BOX-7") == ["RQC-C106"]


LEAF = "sha256:" + "1f" * 32


def test_what_another_log_sent_is_received_with_its_leaf_hash() -> None:
    lot = Lot()
    known = {"coi": COI, "stage": "drug_product_release", "lot": "LOT-9", **AT_HOSPITAL}
    sent = "maker.example/ledger"
    assert lot.offer("receive", items=("DP-9",), previous=Previous("X-1", origin=sent), **known) == ["RQC-C104"]
    assert lot.offer("receive", items=("DP-9",), previous=Previous("X-1"), **known) == ["RQC-C161"]
    assert lot.offer("receive", items=("DP-9",), previous=Previous("X-1", LEAF, sent), **known) == []
    state = lot.desk.state("DP-9")
    assert (state.holder, state.stage, state.elsewhere) == (HOSPITAL, "hospital_receipt", True)


def test_what_another_log_released_is_administered_after_acceptance() -> None:
    lot = Lot()
    lot.take(
        "receive",
        items=("DP-9",),
        previous=Previous("X-1", LEAF, "maker.example/ledger"),
        coi=COI,
        stage="drug_product_release",
        **AT_HOSPITAL,
    )
    assert lot.offer("administer", items=("DP-9",), recipient=PATIENT, coi=COI, **BEDSIDE) == ["RQC-C156"]
    lot.take("decision", items=("DP-9",), outcome="accept", **AT_HOSPITAL)
    assert lot.offer("administer", items=("DP-9",), recipient=PATIENT, coi=COI, **BEDSIDE) == []


def test_what_another_log_sends_back_is_received_again() -> None:
    lot = at_release()
    lot.take("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    back = {"items": ("DP-0001-1",), "coi": COI, "previous": Previous("H-4", LEAF, "hospital.example/ledger")}
    assert lot.offer("receive", **back) == ["RQC-C103"]
    assert lot.offer("receive", source="HOSPITAL-2", **back) == ["RQC-C103"]
    assert lot.offer("receive", source=HOSPITAL, **back) == []
    assert lot.desk.state("DP-0001-1").holder == MAKER


# ---- identity -----------------------------------------------------------------------------------------------------------


def test_another_identity_is_refused_wherever_it_is_stated() -> None:
    lot = at_hospital()
    assert lot.offer("reinspect", items=("DP-0001-1",), outcome="conformant", coi="COI-0002", **AT_HOSPITAL) == [
        "RQC-C111"
    ]
    assert lot.offer("test_result", items=("DP-0001-1",), measurements=(_PH,), coi="COI-0002") == ["RQC-C111"]


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("reinspect", {"outcome": "conformant", **AT_HOSPITAL}),
        ("thaw_at_bedside", BEDSIDE),
        ("administer", {"recipient": PATIENT, **BEDSIDE}),
    ],
)
def test_identity_is_stated_at_a_point_of_verification(kind: str, members: dict[str, Any]) -> None:
    item = Item("DP-0001-1", "10", "mL") if kind == "administer" else "DP-0001-1"
    assert at_hospital().offer(kind, items=(item,), **members) == ["RQC-C112"]


def test_items_of_two_patients_never_meet() -> None:
    lot = at_collection()
    for event in collected(lot.write, name="0002", coi="COI-0002"):
        lot.desk.take(event)
    assert lot.offer(
        "modification",
        inputs=(Item("AP-0001", "120", "mL", COI), Item("AP-0002", "120", "mL", "COI-0002")),
        outputs=(Item("CU-X1", coi=COI),),
        stage="in_process",
    ) == ["RQC-C113"]


def test_identity_is_carried_on_to_what_comes_out() -> None:
    lot = at_collection()
    whole = {"inputs": (Item("AP-0001", "120", "mL"),), "stage": "in_process"}
    assert lot.offer("expansion", outputs=("CU-0009",), **whole) == ["RQC-C114"]
    assert lot.offer("expansion", outputs=(Item("CU-0009", coi="COI-0002"),), coi=COI, **whole) == ["RQC-C111"]
    assert lot.offer("expansion", outputs=("CU-0009",), coi=COI, **whole) == []


def test_a_dose_labelled_for_one_patient_goes_to_no_other() -> None:
    dose = (Item("DP-0001-1", "10", "mL"),)
    assert at_hospital().offer("administer", items=dose, recipient="PATIENT-0002", coi=COI, **BEDSIDE) == ["RQC-C115"]


# ---- time ---------------------------------------------------------------------------------------------------------------


def test_a_step_does_not_happen_before_the_step_before() -> None:
    early = "2026-03-16T08:02:00.000Z"
    assert at_release().offer("store", items=("DP-0001-1",), place="T-1", event_time=early) == ["RQC-C121"]


def test_an_observation_may_be_older_than_the_last_step_but_not_than_the_item() -> None:
    lot = at_release()
    filled = next(event for event in lot.desk.events if event.kind == "filling").event_time
    before = moment_of_milliseconds(lot.write.clock - 60 * 60_000)
    result = {"items": ("DP-0001-1",), "measurements": (_PH,)}
    assert lot.offer("test_result", event_time=filled, **result) == []
    assert lot.offer("test_result", event_time=before, **result) == ["RQC-C121"]


def test_nothing_is_recorded_before_it_happens() -> None:
    event = at_collection().write("store", items=("AP-0001",), place="T-1")
    lot = at_collection()
    assert lot.desk.judge(replace(event, record_time="2026-03-16T08:00:00.000Z")) == ["RQC-C122"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-03-16T08:03:30.000Z", [], id="a clock ahead within the tolerance"),
        pytest.param("2026-03-16T08:02:00.000Z", ["RQC-C123"], id="a clock ahead beyond the tolerance"),
    ],
)
def test_nothing_is_recorded_in_the_future(now: str, expected: list[str]) -> None:
    lot = at_collection()
    lot.desk.now = now
    assert lot.offer("store", items=("AP-0001",), place="T-1") == expected


# ---- quantity -----------------------------------------------------------------------------------------------------------


def test_no_more_is_used_than_is_left() -> None:
    lot = at_filling()
    assert lot.offer("discard", items=(Item("MEDIUM-0001", "501", "mL"),), reason="Expired soon") == ["RQC-C131"]
    assert lot.offer("discard", items=(Item("MEDIUM-0001", "500", "mL"),), reason="Expired soon") == []
    assert lot.offer("discard", items=(Item("MEDIUM-0001", "1", "mL"),), reason="Expired soon") == [
        "RQC-C131",
        "RQC-C145",
    ]


def test_a_quantity_is_in_the_unit_of_the_item() -> None:
    lot = at_filling()
    assert lot.offer("discard", items=(Item("MEDIUM-0001", "1", "L"),), reason="Spilled") == ["RQC-C132"]


def test_a_whole_thing_has_no_quantity() -> None:
    lot = Lot()
    lot.take("receipt", outputs=("FILTER-1",))
    assert lot.offer("discard", items=(Item("FILTER-1", "1", "mL"),), reason="Torn") == ["RQC-C132"]
    assert lot.offer("discard", items=("FILTER-1",), reason="Torn") == []


def test_from_a_measured_item_a_stated_quantity_is_taken() -> None:
    assert at_filling().offer("discard", items=("MEDIUM-0001",), reason="Spilled") == ["RQC-C133"]


def test_a_measured_item_moves_as_a_whole() -> None:
    lot = at_release()
    assert lot.offer("ship", items=(Item("DP-0001-1", "4", "mL"),), destination=HOSPITAL, coi=COI) == ["RQC-C134"]
    assert lot.offer("ship", items=(Item("DP-0001-1", "10", "mL"),), destination=HOSPITAL, coi=COI) == []


def test_an_item_comes_into_being_once() -> None:
    lot = at_filling()
    again = {"inputs": (Item("MEDIUM-0001", "1", "mL"),), "outputs": (Item("SA-0001", "1", "mL"),)}
    assert lot.offer("sampling", **again) == ["RQC-C135"]


def test_dividing_makes_no_more() -> None:
    lot = at_collection()
    part = {"inputs": (Item("MEDIUM-0001", "10", "mL"),)}
    two = (Item("A-1", "6", "mL"), Item("A-2", "5", "mL"))
    assert lot.offer("sampling", outputs=two, **part) == ["RQC-C136"]
    assert lot.offer("sampling", outputs=two[:1], **part) == []


def test_a_count_that_finds_less_leaves_the_rest_unaccounted_for() -> None:
    lot = at_release()
    sent = lot.take("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    received = (Item("DP-0001-1", "8", "mL"),)
    lot.take("receive", items=received, previous=Previous(sent.event_id), coi=COI, **AT_HOSPITAL)
    assert lot.desk.state("DP-0001-1").unaccounted == "2"


def test_a_count_cannot_find_more() -> None:
    lot = at_release()
    assert lot.offer("store", items=(Item("DP-0001-1", "11", "mL"),), place="T-1") == ["RQC-C131"]


def test_growth_is_measured_anew() -> None:
    lot = at_collection()
    medium = (Item("MEDIUM-0001", "300", "mL"),)
    lot.take("expansion", items=(Item("AP-0001", "420", "mL"),), inputs=medium, coi=COI, stage="donor")
    assert lot.desk.state("AP-0001").made == "420"
    grams = (Item("AP-0001", "420", "g"),)
    assert lot.offer("expansion", items=grams, inputs=medium, coi=COI, stage="donor") == ["RQC-C132"]


# ---- standing -----------------------------------------------------------------------------------------------------------


def test_a_recalled_item_is_not_shipped_but_sent_back() -> None:
    lot = at_release()
    lot.take("recall", items=("DP-0001-1",), reason="Contamination of the medium", role="quality_assurance")
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == ["RQC-C141"]
    assert lot.offer("discard", items=(Item("DP-0001-1", "10", "mL"),), reason="Recalled") == []


def test_a_recalled_lot_stops_every_item_of_it() -> None:
    lot = at_release()
    lot.take("recall", lot="LOT-0001", reason="Contamination of the medium")
    assert lot.offer("ship", items=("DP-0001-2",), destination=HOSPITAL, coi=COI) == ["RQC-C141"]
    assert lot.offer("decision", items=("DP-0001-2",), outcome="release") == ["RQC-C149"]


def test_a_rejected_item_goes_nowhere() -> None:
    lot = at_filling()
    lot.take("decision", items=("DP-0001-1",), outcome="reject")
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == ["RQC-C142", "RQC-C154"]
    assert lot.offer("decision", items=("DP-0001-1",), outcome="release") == ["RQC-C149"]


def test_a_late_rejection_stops_the_dose_at_the_hospital() -> None:
    lot = at_hospital()
    lot.take("decision", items=("DP-0001-1",), outcome="reject")
    assert lot.offer("thaw_at_bedside", items=("DP-0001-1",), coi=COI, **BEDSIDE) == ["RQC-C142"]


@pytest.mark.parametrize(("outcome", "rule"), [("quarantine", "RQC-C146"), ("refuse", "RQC-C142")])
def test_what_the_hospital_does_not_accept_is_not_thawed(outcome: str, rule: str) -> None:
    lot = at_hospital()
    lot.take("decision", items=("DP-0001-1",), outcome=outcome, **AT_HOSPITAL)
    assert lot.offer("thaw_at_bedside", items=("DP-0001-1",), coi=COI, **BEDSIDE) == [rule]


def test_an_expired_item_is_not_given() -> None:
    lot = at_hospital()
    lot.desk.now = "2028-01-01T00:00:00.000Z"
    late = "2027-03-16T00:00:00.001Z"
    assert lot.offer("thaw_at_bedside", items=("DP-0001-1",), coi=COI, event_time=late, **BEDSIDE) == ["RQC-C143"]


def test_an_item_may_be_given_at_the_very_moment_of_its_expiry() -> None:
    lot = at_hospital()
    lot.desk.now = "2028-01-01T00:00:00.000Z"
    last = "2027-03-16T00:00:00.000Z"
    assert lot.offer("thaw_at_bedside", items=("DP-0001-1",), coi=COI, event_time=last, **BEDSIDE) == []


@pytest.mark.parametrize("kind", ["study_suspended", "study_terminated"])
def test_nothing_goes_on_in_a_study_that_does_not(kind: str) -> None:
    lot = Lot()
    lot.take("donation", donor="DONOR-0001", outputs=("AP-1",), study="STUDY-A", site=MAKER)
    lot.take(kind, study="STUDY-A", reason="Safety signal", role="sponsor")
    step = {"inputs": ("AP-1",), "outputs": ("CU-1",), "stage": "in_process"}
    assert lot.offer("expansion", **step) == ["RQC-C144"]
    assert lot.offer("donation", donor="DONOR-0002", outputs=("AP-2",), study="STUDY-A") == ["RQC-C144"]
    assert lot.offer("store", items=("AP-1",), place="TANK-1") == []


def test_a_suspended_study_is_resumed_and_a_terminated_one_is_not() -> None:
    lot = Lot()
    lot.take("study_suspended", study="STUDY-A", reason="Safety signal")
    lot.take("study_resumed", study="STUDY-A", reason="Signal explained")
    assert lot.offer("study_resumed", study="STUDY-A", reason="Again") == ["RQC-C158"]
    lot.take("study_terminated", study="STUDY-A", reason="Sponsor left")
    assert lot.offer("study_resumed", study="STUDY-A", reason="Sponsor back") == ["RQC-C158"]


def test_what_is_gone_is_gone() -> None:
    lot = at_hospital()
    lot.desk.take(*treated(lot.write))
    assert lot.offer("return", items=("DP-0001-1",), destination=MAKER, reason="Unused", **AT_HOSPITAL) == ["RQC-C145"]
    assert lot.offer("test_result", items=("DP-0001-1",), measurements=(_PH,)) == []


def test_an_open_investigation_keeps_a_product_in_the_house() -> None:
    lot = at_release()
    lot.take("out_of_specification_opened", items=("DP-0001-1",), investigation="OOS-1")
    lot.take("out_of_specification_opened", items=("DP-0001-1",), investigation="OOS-2")
    close = {"items": ("DP-0001-1",), "outcome": "invalidated", "reason": "Pipetting error"}
    lot.take("out_of_specification_closed", investigation="OOS-1", **close)
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == ["RQC-C147"]
    lot.take("out_of_specification_closed", investigation="OOS-2", **close)
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == []


def test_what_was_sent_back_is_not_used_again() -> None:
    lot = at_hospital()
    sent = lot.take("return", items=("DP-0001-1",), destination=MAKER, reason="Surgery cancelled", **AT_HOSPITAL)
    lot.take("receive", items=("DP-0001-1",), previous=Previous(sent.event_id), coi=COI)
    assert "RQC-C148" in lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    assert lot.offer("discard", items=(Item("DP-0001-1", "10", "mL"),), reason="Returned") == []


# ---- stage --------------------------------------------------------------------------------------------------------------


def test_stages_do_not_go_back() -> None:
    lot = at_filling()
    culture = {"inputs": (Item("DS-0001", "1", "mL"),), "outputs": ("CU-0009",), "coi": COI}
    assert lot.offer("expansion", stage="in_process", **culture) == ["RQC-C151", "RQC-C152", "RQC-C151"]
    assert lot.offer("thaw", stage="in_process", **culture) == ["RQC-C151"]
    assert lot.offer("thaw", stage="drug_substance", **culture) == []


def test_a_product_does_not_come_from_materials_alone() -> None:
    lot = at_collection()
    medium = {"inputs": (Item("MEDIUM-0001", "1", "mL"),), "outputs": ("CU-0009",)}
    assert lot.offer("differentiation", **medium) == ["RQC-C152"]


def test_a_step_with_several_possible_stages_says_which() -> None:
    lot = at_collection()
    step = {"inputs": (Item("AP-0001", "120", "mL"),), "outputs": ("CU-0009",), "coi": COI}
    assert lot.offer("expansion", **step) == ["RQC-C153"]
    assert lot.offer("expansion", stage="administration", **step) == ["RQC-C151"]


def test_a_product_is_released_before_it_is_shipped() -> None:
    lot = at_filling()
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == ["RQC-C154"]
    lot.take("decision", items=("DP-0001-1",), outcome="conditional_release")
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == []


def test_a_site_may_ship_under_quarantine() -> None:
    policy = Policy(
        check_signature=signatures_unchecked,
        enrolled_people_only=False,
        signed_kinds=frozenset(),
        ship_before_release=True,
    )
    lot = Lot(collected, made, policy=policy)
    assert lot.offer("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI) == []


def test_collected_cells_and_samples_travel_without_release() -> None:
    assert at_filling().offer("ship", items=("SA-0001",), destination="LAB-1", coi=COI) == []


def test_a_product_is_released_before_it_is_given_in_the_house_that_made_it() -> None:
    lot = at_filling()
    here = {"site": MAKER, "actor": "NURSE-0501", "second_actor": "PHYS-0077", "second_role": "physician"}
    dose = {"items": (Item("DP-0001-1", "10", "mL"),), "recipient": PATIENT, "coi": COI}
    assert lot.offer("administer", **dose, **here) == ["RQC-C155"]
    lot.take("decision", items=("DP-0001-1",), outcome="release")
    assert lot.offer("administer", **dose, **here) == []


def test_a_product_that_came_from_elsewhere_is_accepted_before_it_is_given() -> None:
    lot = Lot(collected, made, released)
    for event in delivered(lot.write)[:-1]:
        lot.desk.take(event)
    dose = (Item("DP-0001-1", "10", "mL"),)
    assert lot.offer("administer", items=dose, recipient=PATIENT, coi=COI, **BEDSIDE) == ["RQC-C156"]


@pytest.mark.parametrize("thing", ["SA-0001", "MEDIUM-0001"])
def test_samples_and_materials_are_never_given(thing: str) -> None:
    lot = at_filling()
    here = {"site": MAKER, "actor": "NURSE-0501", "second_actor": "PHYS-0077", "second_role": "physician"}
    found = lot.offer(
        "administer", items=(Item(thing, "1", "mL"),), recipient=PATIENT, coi=COI if thing == "SA-0001" else "", **here
    )
    assert "RQC-C151" in found


def test_release_is_decided_before_shipping_and_acceptance_after_receipt() -> None:
    assert at_release().offer("decision", items=("DP-0001-1",), outcome="accept") == ["RQC-C157"]
    assert at_hospital().offer("decision", items=("DP-0001-1",), outcome="release") == ["RQC-C157"]


@pytest.mark.parametrize("outcome", ["accept", "accept_for_infusion", "exceptional"])
def test_every_accepting_decision_opens_the_way_to_the_patient(outcome: str) -> None:
    lot = at_hospital()
    lot.take("decision", items=("DP-0001-1",), outcome="quarantine", **AT_HOSPITAL)
    lot.take("decision", items=("DP-0001-1",), outcome=outcome, **AT_HOSPITAL)
    given = {"items": (Item("DP-0001-1", "10", "mL"),), "recipient": PATIENT, "coi": COI}
    assert lot.offer("administer", **given, **BEDSIDE) == []


@pytest.mark.parametrize("outcome", ["accept", "accept_for_infusion", "exceptional", "quarantine"])
def test_what_the_hospital_refused_stays_refused(outcome: str) -> None:
    lot = at_hospital()
    lot.take("decision", items=("DP-0001-1",), outcome="refuse", **AT_HOSPITAL)
    assert lot.offer("decision", items=("DP-0001-1",), outcome=outcome, **AT_HOSPITAL) == ["RQC-C149"]
    assert lot.offer("decision", items=("DP-0001-1",), outcome="refuse", **AT_HOSPITAL) == []


def test_an_identity_check_at_the_bedside_names_the_identity_and_the_recipient() -> None:
    lot = at_hospital()
    check = {"items": ("DP-0001-1",), "outcome": "conformant"}
    assert lot.offer("bedside_check", **check, coi=COI, recipient="PATIENT-0002", **BEDSIDE) == ["RQC-C115"]
    assert lot.offer("bedside_check", **check, recipient=PATIENT, **BEDSIDE) == ["RQC-C112"]
    assert lot.offer("bedside_check", **check, coi=COI, recipient=PATIENT, **BEDSIDE) == []


def test_who_qualifies_people_is_entitled_to() -> None:
    lot = at_hospital()
    said = {"person": "NURSE-0501", "outcome": "granted", "documents": ("TRAINING-7",), "site": HOSPITAL}
    assert lot.offer("person_qualified", actor="NURSE-0501", role="nurse", **said) == ["RQC-C164"]
    assert lot.offer("person_qualified", actor="QA-0001", role="quality_assurance", **said) == []


def test_re_inspection_happens_after_receipt() -> None:
    found = at_release().offer("reinspect", items=("DP-0001-1",), outcome="conformant", coi=COI)
    assert found == ["RQC-C151"]


# ---- people -------------------------------------------------------------------------------------------------------------

STRICT = Policy(check_signature=lambda _key, _message, value: value == "GOOD", signed_kinds=SIGNED_KINDS)


def staffed() -> Lot:
    lot = Lot(policy=STRICT)
    lot.take(
        "actor_enrolled", actor="QA-0001", role="quality_assurance", person="QA-0001", roles=("quality_assurance",)
    )
    enrol = {"actor": "QA-0001", "role": "quality_assurance"}
    lot.take("actor_enrolled", person="STAFF-0417", roles=("operator", "warehouse"), keys=("k1", "k2"), **enrol)
    lot.take("actor_enrolled", person="COUR-0303", roles=("courier",), keys=("k9",), **enrol)
    lot.take("receipt", outputs=("MAT-1",))
    return lot


def good(event: Event, **keys: str) -> Event:
    return replace(
        event, signatures=tuple(Signature(actor.replace("_", "-"), key, "GOOD") for actor, key in keys.items())
    )


def test_somebody_who_is_not_enrolled_does_not_act() -> None:
    assert staffed().offer("store", items=("MAT-1",), place="T-1", actor="STAFF-0999") == ["RQC-C162"]


def test_somebody_who_was_withdrawn_does_not_act() -> None:
    lot = staffed()
    lot.take("actor_withdrawn", person="STAFF-0417", reason="Left", actor="QA-0001", role="quality_assurance")
    assert lot.offer("store", items=("MAT-1",), place="T-1") == ["RQC-C162"]


def test_people_act_in_their_roles() -> None:
    assert staffed().offer("store", items=("MAT-1",), place="T-1", role="qualified_person") == ["RQC-C163"]


def test_the_first_person_enrols_themselves_and_nobody_else_does() -> None:
    lot = Lot(policy=STRICT)
    first = {"role": "quality_assurance", "roles": ("quality_assurance",)}
    assert lot.offer("actor_enrolled", actor="QA-0001", person="QA-0002", **first) == ["RQC-C162"]
    assert lot.offer("actor_enrolled", actor="QA-0001", person="QA-0001", **first) == []
    assert lot.offer("actor_enrolled", actor="QA-0002", person="QA-0002", **first) == ["RQC-C162"]


def test_an_operator_enrols_nobody() -> None:
    assert staffed().offer("actor_enrolled", person="STAFF-0999", roles=("operator",)) == ["RQC-C164"]


def shipping(lot: Lot) -> Event:
    return lot.write("ship", items=("MAT-1",), destination="LAB-1")


def test_a_transfer_is_signed() -> None:
    lot = staffed()
    assert lot.desk.offer(shipping(lot)) == ["RQC-C165"]
    assert lot.desk.offer(good(shipping(lot), STAFF_0417="k1")) == []


def test_a_handover_is_signed_by_both_sides() -> None:
    lot = staffed()
    event = lot.write(
        "handover", items=("MAT-1",), source=MAKER, destination=COURIER, second_actor="COUR-0303", second_role="courier"
    )
    assert lot.desk.judge(good(event, STAFF_0417="k1")) == ["RQC-C165"]
    assert lot.desk.judge(good(event, COUR_0303="k9")) == ["RQC-C165"]
    assert lot.desk.judge(good(event, STAFF_0417="k1", COUR_0303="k9")) == []


@pytest.mark.parametrize(
    "signatures",
    [
        pytest.param((Signature("STAFF-0417", "k1", "BAD="),), id="a signature that does not verify"),
        pytest.param((Signature("STAFF-0417", "k9", "GOOD"),), id="a key of somebody else"),
        pytest.param(
            (Signature("STAFF-0417", "k1", "GOOD"), Signature("COUR-0303", "k9", "GOOD")),
            id="a signature of somebody who did not act",
        ),
    ],
)
def test_a_wrong_signature_is_refused(signatures: tuple[Signature, ...]) -> None:
    lot = staffed()
    assert lot.desk.judge(replace(shipping(lot), signatures=signatures)) == ["RQC-C166"]


def test_a_revoked_key_signs_no_more_and_the_other_one_does() -> None:
    lot = staffed()
    revoked = {"person": "STAFF-0417", "keys": ("k1",), "reason": "Laptop lost"}
    lot.take("key_revoked", actor="QA-0001", role="quality_assurance", **revoked)
    assert lot.desk.judge(good(shipping(lot), STAFF_0417="k1")) == ["RQC-C166"]
    assert lot.desk.judge(good(shipping(lot), STAFF_0417="k2")) == []


def test_a_revoked_key_stays_revoked_when_its_owner_is_enrolled_anew() -> None:
    lot = staffed()
    by = {"actor": "QA-0001", "role": "quality_assurance"}
    lot.take("key_revoked", person="STAFF-0417", keys=("k1",), reason="Laptop lost", **by)
    lot.take("actor_enrolled", person="STAFF-0417", roles=("operator",), keys=("k1",), **by)
    assert lot.desk.judge(good(shipping(lot), STAFF_0417="k1")) == ["RQC-C166"]


def test_the_signature_is_over_the_event_without_its_signatures() -> None:
    seen: list[bytes] = []

    def remember(_key: str, message: bytes, _signature: str) -> bool:
        seen.append(message)
        return True

    lot = Lot(policy=Policy(check_signature=remember, enrolled_people_only=False))
    lot.take("receipt", outputs=("MAT-1",))
    event = shipping(lot)
    assert lot.desk.judge(signed(event)) == []
    assert b"signatures" not in seen[0]
    assert b'"destination":"LAB-1"' in seen[0]


def test_two_people_are_two() -> None:
    same = BEDSIDE | {"second_actor": "NURSE-0501", "second_role": "nurse"}
    assert at_hospital().offer("thaw_at_bedside", items=("DP-0001-1",), coi=COI, **same) == ["RQC-C167"]


# ---- items and the book ---------------------------------------------------------------------------------------------------


def test_an_item_that_nobody_made_is_not_worked_with() -> None:
    assert at_collection().offer("store", items=("GHOST-1",), place="T-1") == ["RQC-C161"]


def test_every_rule_has_a_sentence() -> None:
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in RULES.values())


def test_every_violation_of_an_event_is_found_at_once() -> None:
    lot = at_filling()
    found = lot.offer("ship", site=CLINIC, items=("DP-0001-1", "GHOST-1"), destination=HOSPITAL, coi="COI-0002")
    assert found == ["RQC-C161", "RQC-C101", "RQC-C111", "RQC-C154"]
