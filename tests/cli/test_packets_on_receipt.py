"""`regenqc reinspect judge --packet` with real packets, and every bad input of a receipt: refused or held, and recorded so."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.custody.story import HOSPITAL
from tests.reinspection.bedside import DOSE, Story

from certificate import site
from certificate.lots import QP_SEED, TESTS, decision, result, signature, unsigned_decision
from regenqc.canonical import canonical_json, digest_of
from regenqc.custody import Book
from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.custody.trace.reader import Reader
from regenqc.custody.versions import versions_of
from regenqc.signing.keys import OpenKey
from regenqc.specification import load_specification

from .custody_site import regenqc
from .test_reinspect_command import SPEC, answers, arrived, fill, logged

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.custody import Event

    from .custody_site import Done

__all__ = ["arrived", "regenqc"]  # fixtures

LOT = "LOT-0001"
# By what the maker judged: as it is installed at the hospital, under another fingerprint, and one that the hospital does not have.
INSTALLED = load_specification("example/hipsc-progenitors")
MAKERS = unsigned_decision(LOT)["spec"] | {"version": INSTALLED.version, "fingerprint": INSTALLED.fingerprint}
OTHER_VERSION = MAKERS | {"version": "0.9.0", "fingerprint": "sha256:" + 64 * "b"}
OWN = OTHER_VERSION | {"id": "maker/own"}
PENDING = [{"requirement_id": "sterility", "title": "Sterility", "due": "2026-03-30T00:00:00Z"}]


@pytest.fixture(scope="module")
def packets() -> dict[str, bytes]:
    """Real packets: PDFs that a manufacturer's issuer sealed and signed, of decisions that a Qualified Person signed."""
    values = [result(*TESTS[1], uncertainty="1.2"), result(*TESTS[7], counts=False)]
    made = {
        "right": decision(LOT, spec=MAKERS),
        "another lot": decision("LOT-0002", spec=MAKERS),
        "rejected": decision(LOT, "reject", spec=MAKERS),
        "values": decision(LOT, spec=MAKERS, results=values),
        "conditional": decision(LOT, "conditional_release", spec=MAKERS, disposition="conditional", pending=PENDING),
        "another version": decision(LOT, spec=OTHER_VERSION),
        "a specification of the maker's own": decision(LOT, spec=OWN),
    }
    found = {name: site.pdf(site.certificate(made=each)) for name, each in made.items()}
    return found | {"appended": found["right"] + b"\n", "no packet": b"a letter", "cut": found["right"][:2000]}


def believe(folder: Path, **files: bytes) -> None:
    """Write the keys that the hospital had before; `files` replace or add some."""
    site.write_trust(folder / "trust")
    for name, data in files.items():
        path = folder / "trust" / name.replace("__", "/").replace("_jsonl", ".jsonl").replace("_json", ".json")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    if "people_jsonl" in files:
        (folder / "trust" / "people.root").unlink()


def judge(regenqc: Callable[..., Done], *more: str | Path, packet: bytes | None = None) -> Done:
    if packet is not None:
        Path("packet.pdf").write_bytes(packet)
        more = ("--packet", "packet.pdf", *more)
    way = ("--logger", "logger.csv", "--condition", "condition.toml")
    return regenqc("reinspect", "judge", "receipt.json", *SPEC, *way, "--now", site.NOW.isoformat(), *more)


@pytest.fixture
def looked_at(arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> Story:
    """A container at which two people looked, with the file of its logger."""
    assert fill(regenqc, monkeypatch, answers(arrived), *SPEC).code == 0
    (tmp_path / "logger.csv").write_text(logged(arrived))
    return arrived


def recorded() -> Event:
    now = "2026-12-31T00:00:00.000Z"
    with Book.open("sqlite:///ledger.db", policy=None, now=lambda: now) as book, book.read() as view:
        return [step.event for step in Reader(view).life(DOSE) if step.event.kind == "reinspect"][-1]


def measured(event: Event) -> dict[str, str]:
    return {each.name: each.value for each in event.measurements}


# ---- packets ------------------------------------------------------------------------------------------------------------


def test_a_real_packet_is_verified_offline_and_what_it_says_is_recorded(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    believe(tmp_path)
    done = judge(regenqc, "--record", packet=packets["right"])
    assert (done.code, done.err) == (0, "")
    event = recorded()
    told = measured(event)
    assert (event.outcome, told["packet"], told["packet_decision"]) == ("conformant", "verified", "release")
    assert {blob.name: blob.digest for blob in event.blobs}["certificate"] == digest_of(packets["right"])
    written = json.loads((tmp_path / "receipt.json").read_bytes())["packet"]
    assert (written["verified"], written["batch"], written["faults"]) == (True, LOT, [])


def test_what_may_follow_a_conditional_release_is_recorded_with_its_day(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    believe(tmp_path)
    assert judge(regenqc, "--record", packet=packets["conditional"]).code == 0
    told = measured(recorded())
    assert (told["packet_decision"], told["pending"]) == ("conditional_release", "sterility 2026-03-30T00:00:00Z")


def test_the_values_of_the_manufacturer_are_written_down_with_their_uncertainties(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    believe(tmp_path)
    assert judge(regenqc, packet=packets["values"]).code == 0
    (stated,) = json.loads((tmp_path / "receipt.json").read_bytes())["packet"]["results"]
    assert stated == {
        "test": "viability",
        "stage": "drug_product_release",
        "result": "92.4",
        "unit": "%",
        "method": "flow cytometry, 7-AAD",
        "uncertainty": "1.2",
    }


# ---- versions -----------------------------------------------------------------------------------------------------------


def test_each_site_states_by_what_it_worked(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    believe(tmp_path)
    rules = tmp_path / "ledger-home" / "site.toml"
    rules.write_text(rules.read_text() + '\n[procedures]\n"SOP-RECEIPT-07" = "3"\n')
    assert judge(regenqc, "--record", packet=packets["right"]).code == 0
    event = recorded()
    used = load_specification(SPEC[-1])
    assert [(each.name, each.version, each.fingerprint) for each in versions_of(event)] == [
        (used.id, used.version, used.fingerprint),
        ("procedure/SOP-RECEIPT-07", "3", ""),
        (INSTALLED.id, INSTALLED.version, INSTALLED.fingerprint),
    ]


def test_a_packet_of_another_version_than_the_one_installed_here_holds_by_its_own_reason(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    believe(tmp_path)
    done = judge(regenqc, "--record", "--json", packet=packets["another version"])
    told = json.loads(done.out)
    faults = [fault["code"] for each in told["findings"] for fault in each["faults"]]
    assert (done.code, told["disposition"], faults) == (1, "hold", ["RQC-H315"])
    event = recorded()
    assert (event.outcome, measured(event)["receipt_packet"]) == ("non_conformant", "RQC-H315")


@pytest.mark.parametrize(
    ("agreed", "code"),
    [
        pytest.param("", 0, id="nothing is agreed, and nothing can be compared"),
        pytest.param("b", 0, id="this version is agreed"),
        pytest.param("c", 1, id="another version is agreed"),
    ],
)
def test_a_specification_of_the_makers_own_is_compared_with_what_was_agreed(
    looked_at: Story,
    tmp_path: Path,
    regenqc: Callable[..., Done],
    packets: dict[str, bytes],
    agreed: str,
    code: int,
) -> None:
    del looked_at
    believe(tmp_path)
    rules = tmp_path / "ledger-home" / "site.toml"
    if agreed:
        rules.write_text(rules.read_text() + f'\n[specifications]\n"maker/own" = "sha256:{64 * agreed}"\n')
    done = judge(regenqc, packet=packets["a specification of the maker's own"])
    assert (done.code, "RQC-H315" in done.out) == (code, code == 1)


def expired_signer() -> bytes:
    return site.registry(qp_valid_to=datetime(2026, 3, 1, tzinfo=UTC)).data


def revoked_signer() -> bytes:
    return (
        site.registry()
        .state(
            "key_revoked",
            now=datetime(2026, 3, 12, tzinfo=UTC),
            person_id="QP-0001",
            key_id=OpenKey(QP_SEED).key_id,
            basis="superseded",
            since="2026-03-10T00:00:00+00:00",
            reason="rotated",
        )
        .data
    )


def withdrawn(basis: str, since: str) -> bytes:
    line = {"what": site.issuer().key_digest, "since": since, "basis": basis, "reason": "rotated"}
    return json.dumps(line).encode() + b"\n"


def rejected_later() -> bytes:
    earlier = decision(LOT, spec=MAKERS)["decision_id"]
    newer = unsigned_decision(LOT, "reject", spec=MAKERS, supersedes=earlier, reason="late positive")
    return canonical_json(newer | {"signatures": [signature(newer)]}) + b"\n"


BAD: dict[str, tuple[str, Callable[[], dict[str, bytes]], str, str]] = {
    "of another lot": ("another lot", dict, "RQC-H304", "LOT-0002"),
    "that carries a rejection": ("rejected", dict, "RQC-H305", "reject"),
    "to which bytes were added": ("appended", dict, "RQC-H305", "RQC-V102"),
    "that is none": ("no packet", dict, "RQC-H305", "RQC-V1"),
    "that was cut off": ("cut", dict, "RQC-H305", "RQC-V1"),
    "of an issuer that is not believed": (
        "right",
        lambda: {"issuer.pem": site.issuer_files("Somebody else")[1]},
        "RQC-H305",
        "RQC-V104",
    ),
    "whose signer's key had expired": ("right", lambda: {"people_jsonl": expired_signer()}, "RQC-H305", "RQC-G036"),
    "whose signer's key had been rotated": (
        "right",
        lambda: {"people_jsonl": revoked_signer()},
        "RQC-H305",
        "RQC-G037",
    ),
    "whose issuer's key had been rotated": (
        "right",
        lambda: {"withdrawn_jsonl": withdrawn("superseded", "2026-03-16T00:00:00Z")},
        "RQC-H305",
        "RQC-V115",
    ),
    "that is not the latest revision": (
        "right",
        lambda: {"known__newer_json": rejected_later()},
        "RQC-H305",
        "RQC-V151",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_packet_rejects_the_container_by_its_reason_and_is_recorded_so(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes], name: str
) -> None:
    del looked_at
    which, files, code, said = BAD[name]
    believe(tmp_path, **files())
    done = judge(regenqc, "--record", "--json", packet=packets[which])
    told = json.loads(done.out)
    faults = {fault["code"]: fault for each in told["findings"] for fault in each["faults"]}
    assert (done.code, told["disposition"], list(faults)) == (1, "reject", [code])
    assert said in faults[code]["got"]
    event = recorded()
    assert (event.outcome, measured(event)["receipt_packet"]) == ("no_pedigree_match", code)
    assert measured(event)["packet"] == "not verified"
    assert "certificate" in {blob.name for blob in event.blobs}


def test_a_key_that_was_rotated_after_the_packet_was_issued_is_still_believed(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    believe(tmp_path, withdrawn_jsonl=withdrawn("superseded", "2026-03-18T00:00:00Z"))
    assert judge(regenqc, packet=packets["right"]).code == 0


def test_without_keys_nothing_is_judged(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes]
) -> None:
    del looked_at
    before = (tmp_path / "receipt.json").read_bytes()
    done = judge(regenqc, "--record", packet=packets["right"])
    assert (done.code, "RQC-V070" in done.err) == (2, True)
    assert (tmp_path / "receipt.json").read_bytes() == before


# ---- bad input, one by one ----------------------------------------------------------------------------------------------


def changed(**members: Any) -> None:
    """Change what was written down of the container."""
    told = json.loads(Path("receipt.json").read_bytes())
    Path("receipt.json").write_text(json.dumps(told | members))


def unknown_shipment(_: Story) -> None:
    changed(shipment="EV-9999")


def received_twice(story: Story) -> None:
    ship = story.events["ship"]
    with Book.open("sqlite:///ledger.db", policy=None, now=lambda: "2026-12-31T00:00:00.000Z") as book:
        told = {"site": HOSPITAL, "actor": "PHARM-0099", "role": "pharmacist"}
        sent_on = {"items": (DOSE,), "destination": HOSPITAL, "carrier": "COURIER-1", **told}
        for name, kind, members in (
            ("again", "ship", sent_on),
            ("back", "receive", {"items": (DOSE,), "place": "PHARMACY-1", "coi": ship.coi or "COI-0001", **told}),
        ):
            book.append_one(story.add(name, kind, **members).events[name])
    began, ended = (milliseconds_of(story.events[each].event_time) for each in ("again", "back"))
    rows = [f"L,{moment_of_milliseconds(moment)},-150" for moment in range(began, ended + 1, 30_000)]
    Path("logger.csv").write_text("logger,moment,temperature\n" + "\n".join(rows) + "\n")
    changed(shipment=story.events["again"].event_id, received_at=story.events["back"].event_time)


def too_many(_: Story) -> None:
    changed(containers="3")


def wrong_clock(story: Story) -> None:
    began = milliseconds_of(story.events["ship"].event_time)
    future = milliseconds_of("2099-01-01T00:00:00.000Z")
    rows = [f"L,{moment_of_milliseconds(future + number * 30_000)},-150" for number in range(10)]
    Path("logger.csv").write_text("logger,moment,temperature\n" + "\n".join(rows) + "\n")
    assert began < future


def no_zone(_: Story) -> None:
    changed(expires_at="2027-03-16T00:00:00")


def one_inspector(_: Story) -> None:
    readings = json.loads(Path("receipt.json").read_bytes())["readings"]
    changed(readings=[readings[0], {**readings[1], "by": readings[0]["by"]}])


def one_inspector_spelt_twice(_: Story) -> None:
    readings = json.loads(Path("receipt.json").read_bytes())["readings"]
    changed(readings=[readings[0], {**readings[1], "by": f" {readings[0]['by'].lower()}"}])


def one_inspector_without_a_name(_: Story) -> None:
    readings = json.loads(Path("receipt.json").read_bytes())["readings"]
    changed(readings=[readings[0], {**readings[1], "by": " "}])


def received_tomorrow(_: Story) -> None:
    changed(received_at=(site.NOW + timedelta(days=1)).isoformat())


def received_before_it_was_sent(_: Story) -> None:
    changed(received_at="2026-03-01T00:00:00Z")


INPUTS: dict[str, tuple[Callable[[Story], None], str, str, str, str]] = {
    "an unknown shipment": (unknown_shipment, "receipt_shipment", "RQC-H301", "reject", "no_pedigree_match"),
    "a container received twice": (received_twice, "receipt_shipment", "RQC-H302", "reject", "no_pedigree_match"),
    "a count that disagrees": (too_many, "receipt_count", "RQC-H303", "reject", "mismatch_quantity"),
    "a logger with a wrong clock": (wrong_clock, "receipt_way", "RQC-H306", "hold", "non_conformant"),
    "a time zone missing": (no_zone, "receipt_expiry", "RQC-H307", "hold", "non_conformant"),
    "two inspectors with one identity": (one_inspector, "receipt_identity", "RQC-H308", "hold", "non_conformant"),
    "one inspector, spelt in two ways": (
        one_inspector_spelt_twice,
        "receipt_identity",
        "RQC-H308",
        "hold",
        "non_conformant",
    ),
    "a second inspector without a name": (
        one_inspector_without_a_name,
        "receipt_identity",
        "RQC-H314",
        "hold",
        "non_conformant",
    ),
}


@pytest.mark.parametrize("name", INPUTS)
def test_a_bad_input_is_refused_or_held_by_its_own_reason_and_recorded(
    looked_at: Story, tmp_path: Path, regenqc: Callable[..., Done], packets: dict[str, bytes], name: str
) -> None:
    bend, test, code, disposition, outcome = INPUTS[name]
    believe(tmp_path)
    bend(looked_at)
    done = judge(regenqc, "--record", "--json", packet=packets["right"])
    told = json.loads(done.out)
    found = {each["test"]: [fault["code"] for fault in each["faults"]] for each in told["findings"] if each["faults"]}
    assert (done.code, told["disposition"]) == (1, disposition)
    assert found == {test: [code]}
    event = recorded()
    assert (event.outcome, measured(event)[test]) == (outcome, code)


@pytest.mark.parametrize("bend", [received_tomorrow, received_before_it_was_sent])
def test_a_receipt_at_an_impossible_moment_holds(
    looked_at: Story, regenqc: Callable[..., Done], bend: Callable[[Story], None]
) -> None:
    bend(looked_at)
    done = regenqc("reinspect", "judge", "receipt.json", *SPEC, "--now", site.NOW.isoformat(), "--json")
    told = json.loads(done.out)
    found = {each["test"]: [fault["code"] for fault in each["faults"]] for each in told["findings"] if each["faults"]}
    assert (done.code, told["disposition"], found["receipt_expiry"]) == (1, "hold", ["RQC-H316"])


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        pytest.param(lambda text: text.replace("Z,", ","), "RQC-H307", id="its readings state no zone"),
        pytest.param(lambda text: text.replace("temperature", "humidity"), "RQC-H306", id="it lacks a column"),
    ],
)
def test_a_logger_that_cannot_be_read_holds_and_is_recorded(
    looked_at: Story,
    tmp_path: Path,
    regenqc: Callable[..., Done],
    packets: dict[str, bytes],
    broken: Callable[[str], str],
    code: str,
) -> None:
    del looked_at
    believe(tmp_path)
    text = (tmp_path / "logger.csv").read_text()
    (tmp_path / "logger.csv").write_text(broken(text))
    done = judge(regenqc, "--record", "--json", packet=packets["right"])
    told = json.loads(done.out)
    found = {each["test"]: [fault["code"] for fault in each["faults"]] for each in told["findings"] if each["faults"]}
    assert (done.code, told["disposition"]) == (1, "hold")
    assert found == {"receipt_way": [code]}
    event = recorded()
    assert (event.outcome, measured(event)["receipt_way"]) == ("non_conformant", code)
