"""`regenqc certify --ledger` records every certificate once, with the digest of its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certificate import site as certificate_site
from certificate.lots import decision
from regenqc.canonical import digest_of

from .custody_site import event, lines, made_site, regenqc, site

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_site", "regenqc", "site"]  # fixtures
pytestmark = pytest.mark.usefixtures("lots")

CERTIFY = [
    "certify", "decisions", "--profile", "certificate-profile.toml", "--people", "people.jsonl", "--key", "issuer.key",
    "--issuer", "issuer.pem", "--password-file", "password.txt", "--now", certificate_site.NOW.isoformat(),
]  # fmt: skip
LEDGER = ["--ledger", "sqlite:///ledger.db"]


@pytest.fixture
def lots(site: Path, regenqc: Command) -> None:
    """Make decisions about two lots, one of which the ledger knows, with two bags."""
    certificate_site.write_site(site, decision("HP-1"), decision("HP-2"))
    received = event("receipt", "NEW-1", outputs=("HP-1-A", "HP-1-B"), lot="HP-1", source="MAKER-2")
    (site / "new.jsonl").write_bytes(lines([received]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0


def recorded(regenqc: Command) -> list[dict[str, Any]]:
    size = json.loads(regenqc("ledger", "status", "--json").out)["entries"]
    shown = [json.loads(regenqc("ledger", "show", str(index)).out) for index in range(size)]
    return [each for each in shown if each["kind"] == "certificate"]


def know_both(regenqc: Command) -> None:
    received = event("receipt", "NEW-2", outputs=("HP-2-A",), lot="HP-2", source="MAKER-2")
    Path("also.jsonl").write_bytes(lines([received]))
    assert regenqc("ledger", "append", "also.jsonl").code == 0


def test_every_certificate_is_recorded_with_its_items_and_the_digest_of_its_record(regenqc: Command) -> None:
    know_both(regenqc)
    done = regenqc(*CERTIFY, *LEDGER)
    assert (done.code, "2 certificates are recorded" in done.out) == (0, True), done.err
    first, _ = sorted(recorded(regenqc), key=lambda each: each["lot"])
    assert [item["id"] for item in first["items"]] == ["HP-1-A", "HP-1-B"]
    assert (first["lot"], first["actor"], first["event_time"]) == ("HP-1", "SYSTEM-0001", "2026-03-20T00:00:00.000Z")
    number, decided = first["documents"]
    record = Path("certificates", f"{number}.json").read_bytes()
    assert (json.loads(record)["decision"]["decision_id"], first["blobs"][0]["digest"]) == (decided, digest_of(record))
    regenqc("ledger", "checkpoint")
    assert regenqc("ledger", "verify").code == 0


@pytest.mark.parametrize("first", [LEDGER, []], ids=["recorded before", "issued before without ledger"])
def test_running_it_again_records_nothing_twice(regenqc: Command, first: list[str]) -> None:
    know_both(regenqc)
    assert regenqc(*CERTIFY, *first).code == 0
    done = regenqc(*CERTIFY, *LEDGER)
    assert (done.code, "were there already" in done.out) == (0, first == LEDGER)
    assert len(recorded(regenqc)) == 2


def test_a_lot_that_the_ledger_does_not_know_leaves_with_5_and_the_others_are_recorded(regenqc: Command) -> None:
    done = regenqc(*CERTIFY, *LEDGER)
    assert (done.code, "RQC-C161" in done.err) == (5, True)
    assert [each["lot"] for each in recorded(regenqc)] == ["HP-1"]
    assert len(list(Path("certificates").glob("*.pdf"))) == 2


def test_without_ledger_or_site_nothing_is_issued(regenqc: Command) -> None:
    assert regenqc(*CERTIFY, "--ledger", "sqlite:///nowhere.db").code == 5
    assert regenqc(*CERTIFY, *LEDGER, "--home", "nowhere").code == 2
    assert not Path("certificates").exists()
