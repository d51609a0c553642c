"""`regenqc trace forward|backward --also`: one answer over the ledgers of several sites, and every bad leg by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.custody.story import COI, HOSPITAL, MAKER
from tests.custody.two_ledgers import DOSE, HOSPITALS, MAKERS, OTHER, TwoLedgers

from regenqc.custody.record import Blob

from .custody_site import regenqc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .custody_site import Done

__all__ = ["regenqc"]  # fixture


@pytest.fixture
def sites(tmp_path: Path) -> TwoLedgers:
    return TwoLedgers(tmp_path).made()


def test_a_dose_that_was_given_elsewhere_is_told_by_the_ledger_that_saw_it_last(
    sites: TwoLedgers, regenqc: Callable[..., Done]
) -> None:
    sites.received(DOSE, of=sites.sent(DOSE))
    sites.given(DOSE)
    maker, hospital = sites.urls()
    done = regenqc("trace", "forward", "LOT-0001", "--ledger", maker, "--also", hospital)
    assert (done.code, done.err) == (0, "")
    assert "1 leg between the ledgers, on which both sides agree" in done.out
    told = json.loads(regenqc("trace", "forward", "LOT-0001", "--ledger", hospital, "--also", maker, "--json").out)
    items = {each["item"]: each for each in told["answer"]["items"]}
    assert (items[DOSE]["status"], items[DOSE]["told_by"], items[DOSE]["known_in"]) == (
        "administered",
        HOSPITALS,
        [HOSPITALS, MAKERS],
    )
    assert items[OTHER]["told_by"] == MAKERS
    assert [each["ledger"] for each in told["ledgers"]] == [HOSPITALS, MAKERS]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_bad_leg_is_said_by_name_and_leaves_with_5(
    sites: TwoLedgers, regenqc: Callable[..., Done], direction: str
) -> None:
    sites.received(DOSE, of=sites.sent(DOSE), previous={"leaf": "sha256:" + 64 * "0"})
    maker, hospital = sites.urls()
    done = regenqc("trace", direction, DOSE, "--ledger", maker, "--also", hospital)
    assert (done.code, "another leaf" in done.out) == (5, True)
    told = json.loads(regenqc("trace", direction, DOSE, "--ledger", maker, "--also", hospital, "--json").out)
    assert [(leg["finding"], leg["faulty"]) for leg in told["answer"]["legs"]] == [("another_leaf", True)]


def test_what_no_ledger_names_and_what_is_named_twice_is_refused(
    sites: TwoLedgers, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    maker, hospital = sites.urls()
    unknown = regenqc("trace", "forward", "LOT-0009", "--ledger", maker, "--also", hospital)
    assert (unknown.code, "RQC-C221" in unknown.err) == (2, True)
    twice = regenqc("trace", "forward", "LOT-0001", "--ledger", maker, "--also", maker)
    assert (twice.code, "RQC-U109" in twice.err) == (2, True)
    drawn = regenqc("trace", "forward", DOSE, "--ledger", maker, "--also", hospital, "--svg", tmp_path / "a.svg")
    assert (drawn.code, "RQC-U109" in drawn.err) == (2, True)


@pytest.mark.parametrize(
    ("makers", "hospitals", "code"),
    [
        pytest.param(("a/b#1", "1"), ("a/b#1", "1"), 0, id="one version at both"),
        pytest.param(("a/b#1", "1"), ("a/b#2", "2"), 5, id="two versions"),
        pytest.param(("a/b#1", "1"), ("a/b#1", "2"), 5, id="one version number, two fingerprints"),
        pytest.param(("a/b#1", "1"), ("a/c#2", "2"), 0, id="two specifications"),
        pytest.param(("procedure/SOP-1#1", ""), ("procedure/SOP-1#2", ""), 5, id="two versions of a procedure"),
        pytest.param(("a/b#1", "1"), ("a/b#1", ""), 0, id="an event that states no fingerprint"),
    ],
)
def test_the_versions_of_all_sites_are_listed_and_those_that_differ_leave_with_5(
    sites: TwoLedgers,
    regenqc: Callable[..., Done],
    makers: tuple[str, str],
    hospitals: tuple[str, str],
    code: int,
) -> None:
    def stated(document: str, digit: str) -> dict[str, Any]:
        blobs = (Blob(f"sha256:{64 * digit}", "specification"),) if digit else ()
        return {"documents": (document,), "blobs": blobs}

    sites.makers.append(
        sites.write("evaluation", items=(DOSE,), outcome="eligible", stage="drug_product_release", **stated(*makers))
    )
    sites.received(DOSE, of=sites.sent(DOSE))
    sites.at_hospital("reinspect", items=(DOSE,), outcome="conformant", coi=COI, **stated(*hospitals))
    maker, hospital = sites.urls()
    done = regenqc("trace", "forward", "LOT-0001", "--ledger", maker, "--also", hospital)
    assert (done.code, "versions differ" in done.out) == (code, code == 5)
    told = json.loads(regenqc("trace", "backward", DOSE, "--ledger", maker, "--also", hospital, "--json").out)["answer"]
    assert [each["site"] for each in told["versions"]] == [MAKER, HOSPITAL]
    assert bool(told["differences"]) == (code == 5)
