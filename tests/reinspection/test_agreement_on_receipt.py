"""Agreement with the manufacturer's values as part of a receipt's verdict, where the specification asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from tests.reinspection.test_receipt import EXPECTED, GOOD, PACKET

import regenqc
from regenqc.reinspection.receipt import PacketResult, Receipt, ReTest, judge_receipt
from regenqc.vocabulary import Disposition

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SPECIFICATION = """schema = "regenqc.specification/1"
id = "example/agreeing"
version = "1.0.0"
title = "Frozen cells that agree with the manufacturer's values"
jurisdiction = "US"
extends = ["example/receipt-of-frozen-cells@1"]

[[requirement]]
id = "viability"
test = "viability"
stage = "hospital_receipt"
limit = { min = "70", unit = "%" }
citation = "made up"
mark = "verified"

[[requirement]]
id = "viability_agrees"
test = "viability"
stage = "hospital_receipt"
agreement = { stage = "drug_product_release", AGREEMENT }
citation = "made up"
mark = "verified"
"""
POINTS = 'absolute = "10", unit = "%"'
INTERVAL = f'{POINTS}, confidence = "0.90"'
SHARE = 'relative = "10", confidence = "0.90"'


def judged(
    agreement: str,
    *,
    hospital: tuple[str, str],
    maker: tuple[str, str] | None,
    verified: bool = True,
    stage: str = "drug_product_release",
) -> Any:
    stated = (
        PacketResult(test="viability", stage=stage, result=maker[0], unit="%", uncertainty=maker[1]) if maker else None
    )
    # Sterility is asked for by nothing here, and does not count.
    others = PacketResult(test="sterility", stage=stage, result="growth")
    packet = replace(PACKET, verified=verified, results=(others, *([stated] if stated is not None else [])))
    own = ReTest(test="viability", result=hospital[0], unit="%", uncertainty=hospital[1])
    receipt: Receipt = replace(GOOD, packet=packet, results=(own,))
    specification = regenqc.parse_specification(SPECIFICATION.replace("AGREEMENT", agreement))
    return judge_receipt(receipt, expected=EXPECTED, specification=specification, now=NOW)


CASES = [
    pytest.param(POINTS, ("84", ""), ("91", ""), Disposition.ELIGIBLE, id="points agree"),
    pytest.param(POINTS, ("79", ""), ("91", ""), Disposition.REJECT, id="points disagree"),
    pytest.param(INTERVAL, ("84", "1"), ("91", "1"), Disposition.ELIGIBLE, id="the whole interval lies within"),
    pytest.param(INTERVAL, ("84", "1.5"), ("91", "1.5"), Disposition.HOLD, id="the interval reaches beyond"),
    pytest.param(INTERVAL, ("79", "3"), ("91", "3"), Disposition.HOLD, id="a point outside whose interval reaches in"),
    pytest.param(INTERVAL, ("75", "1"), ("95", "1"), Disposition.REJECT, id="the whole interval lies outside"),
    pytest.param(INTERVAL, ("91", ""), ("91", "1"), Disposition.HOLD, id="the hospital states no uncertainty"),
    pytest.param(INTERVAL, ("91", "1"), ("91", ""), Disposition.HOLD, id="the manufacturer states none"),
    pytest.param(INTERVAL, ("91", "about 1"), ("91", "1"), Disposition.HOLD, id="an uncertainty that is no number"),
    pytest.param(INTERVAL, ("91", "-1"), ("91", "1"), Disposition.HOLD, id="an uncertainty below nothing"),
    pytest.param(INTERVAL, ("91", "1"), None, Disposition.HOLD, id="the packet states no value"),
    pytest.param(SHARE, ("88", "1"), ("91", "1"), Disposition.ELIGIBLE, id="a share that agrees"),
    pytest.param(SHARE, ("88", "4"), ("91", "4"), Disposition.HOLD, id="a share too uncertain to tell"),
    pytest.param(SHARE, ("75", "1"), ("95", "1"), Disposition.REJECT, id="a share that disagrees"),
]


@pytest.mark.parametrize(("agreement", "hospital", "maker", "disposition"), CASES)
def test_agreement_is_part_of_the_verdict(
    agreement: str, hospital: tuple[str, str], maker: tuple[str, str] | None, disposition: Disposition
) -> None:
    found = judged(agreement, hospital=hospital, maker=maker)
    assert found.disposition is disposition, found.explanations
    assert found.failed == (("viability",) if disposition is Disposition.REJECT else ())
    assert bool(found.explanations) is (disposition is not Disposition.ELIGIBLE)


def test_values_of_a_packet_that_is_not_verified_are_no_reference() -> None:
    found = judged(POINTS, hospital=("84", ""), maker=("91", ""), verified=False)
    assert found.disposition is Disposition.REJECT
    assert any("no result at stage drug_product_release" in each for each in found.explanations)


def test_values_of_another_stage_are_no_reference() -> None:
    found = judged(POINTS, hospital=("84", ""), maker=("91", ""), stage="in_process")
    assert found.disposition is Disposition.HOLD


def test_the_interval_is_told() -> None:
    (said,) = judged(INTERVAL, hospital=("84", "1.5"), maker=("91", "1.5")).explanations
    assert "the interval of the difference is -10.49 to -3.511 %" in said
