"""Receipt on a tablet: filled in by two people, recorded with both signatures, decided by a third; all of it in the ledger."""

from __future__ import annotations

from tests.console.ward import DECIDER, FIRST, SECOND, Receiving, Ward, furnished, ward

from regenqc.cli.demo_ward import ARRIVED

__all__ = ["furnished", "ward"]  # fixtures

COLD, WARM = ARRIVED


def test_one_container_is_accepted_and_another_that_became_warm_is_refused(ward: Ward):
    accepted, refused = Receiving(ward, COLD), Receiving(ward, WARM)
    accepted.fill()
    assert accepted.record().status_code == 303
    assert accepted.decide("accept_for_infusion").status_code == 303
    refused.fill()
    assert refused.record().status_code == 303
    told = refused.decide("accept")
    assert told.status_code == 422
    assert "RQC-H404" in told.text
    assert refused.decide("refuse", reason="too warm on the way").status_code == 303
    inspection, decision = ward.life(COLD)[-2:]
    assert (inspection.kind, inspection.outcome) == ("reinspect", "conformant")
    assert {signature.actor for signature in inspection.signatures} == {FIRST, SECOND}
    assert (decision.kind, decision.outcome, decision.actor) == ("decision", "accept_for_infusion", DECIDER)
    assert [signature.actor for signature in decision.signatures] == [DECIDER]
    inspection, decision = ward.life(WARM)[-2:]
    assert (inspection.outcome, decision.outcome, decision.reason) == (
        "non_conformant",
        "refuse",
        "too warm on the way",
    )
