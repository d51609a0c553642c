"""`regenqc reinspect decide --key`: a document that others can check; `export` and `verify` without the ledger's help."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.custody.story import HOSPITAL
from tests.reinspection.bedside import AT_HOSPITAL, DOSE, Story
from tests.signing.office import key_of, lines_of, opened, password_of, staffed

from regenqc.custody import Book
from regenqc.ledger.note import Ed25519Verifier
from regenqc.reinspection.receipt.record import documents_of
from regenqc.signing.keys import key_file_bytes

from .custody_site import regenqc
from .signing_office import Watch
from .test_reinspect_command import SPEC, answers, arrived, fill, judge, packet_was_verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

__all__ = ["arrived", "regenqc"]  # fixtures

WHO = "PHYS-0001"
PERSON = ("--people", "people", "--key", "PHYS-0001.key", "--password-file", "password", "--role", "physician")
LATER = "2026-12-31T00:00:00.000Z"


def inspector_signs(folder: Path, story: Story) -> None:
    """Put a physician into a registry of people and into the ledger, with a key and the password of it."""
    (folder / "people").mkdir()
    (folder / "people" / "people.jsonl").write_bytes(lines_of(staffed()))
    (folder / "PHYS-0001.key").write_bytes(key_file_bytes(key_of(WHO)))
    (folder / "password").write_text(f"{password_of(WHO)}\n")
    key = Ed25519Verifier(WHO, opened(WHO).public_key).text
    with Book.open(f"sqlite:///{folder}/ledger.db", policy=None, now=lambda: LATER) as book:
        enrolled = {"person": WHO, "roles": ("physician",), "keys": (key,), **AT_HOSPITAL}
        book.append_one(story.add("enrol", "actor_enrolled", **enrolled).events["enrol"])


@pytest.fixture
def inspected(arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> Story:
    """A container whose inspection is recorded, and a physician who is in the registry of people and in the ledger."""
    inspector_signs(tmp_path, arrived)
    assert fill(regenqc, monkeypatch, answers(arrived), *SPEC).code == 0
    packet_was_verified(tmp_path)
    assert judge(regenqc, arrived, "--record").code == 0
    return arrived


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Set the clock of the machine, by which people sign."""
    watch = Watch(datetime(2026, 3, 20, 12, tzinfo=UTC))
    monkeypatch.setattr("regenqc.cli.reinspect_decision.present", watch)
    return watch


def decide(regenqc: Callable[..., Done], story: Story, outcome: str, *more: str) -> Done:
    who = ("--by", f"{WHO}:physician", *PERSON, "--now", story.now)
    return regenqc("reinspect", "decide", "receipt.json", outcome, *SPEC, *who, *more)


def verify(regenqc: Callable[..., Done], *paths: Path | str) -> Done:
    return regenqc("reinspect", "verify", *paths, "--people", "people")


def test_a_decision_is_a_document_that_is_verified_from_a_copy_alone(
    inspected: Story, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    decided = decide(regenqc, inspected, "accept")
    assert (decided.code, decided.err) == (0, "")
    (file,) = (tmp_path / "decisions").glob("hospital-*.json")
    (tmp_path / "ledger.db").rename(tmp_path / "elsewhere.db")
    checked = verify(regenqc, file)
    assert (checked.code, checked.err) == (0, "")
    assert f"accept  {DOSE}" in checked.out
    assert "Pat Example (PHYS-0001), physician" in checked.out
    file.write_bytes(file.read_bytes().replace(b"84.1", b"98.2"))
    changed = verify(regenqc, file)
    assert (changed.code, "RQC-A052" in changed.out) == (5, True)


def test_the_ledger_names_the_document_and_gives_it_back(
    inspected: Story, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    assert decide(regenqc, inspected, "accept").code == 0
    (file,) = (tmp_path / "decisions").glob("hospital-*.json")
    with Book.open("sqlite:///ledger.db", policy=None, now=lambda: LATER) as book, book.read() as view:
        assert documents_of(view, DOSE) == ((file.stem.upper(), file.read_bytes()),)
    exported = regenqc("reinspect", "export", DOSE, "--decisions", "copies", "--json")
    (copy,) = json.loads(exported.out)["files"]
    assert Path(copy).read_bytes() == file.read_bytes()


def test_a_later_decision_names_the_one_whose_place_it_takes(
    inspected: Story, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    assert decide(regenqc, inspected, "quarantine", "--reason", "papers are late").code == 0
    (first,) = (tmp_path / "decisions").glob("hospital-*.json")
    inspected.write.clock += 60_000
    accepted = decide(regenqc, inspected, "accept")
    assert (accepted.code, accepted.err) == (0, "")
    (second,) = set((tmp_path / "decisions").glob("hospital-*.json")) - {first}
    checked = verify(regenqc, "decisions")
    assert (checked.code, checked.out.count(f"{second.stem.upper()} took its place")) == (0, 1)
    told = json.loads(second.read_bytes())
    assert (told["kind"], told["supersedes"], told["place"]) == ("accept", first.stem.upper(), HOSPITAL)


def test_a_container_without_signed_decision_has_nothing_to_export(
    inspected: Story, regenqc: Callable[..., Done]
) -> None:
    del inspected
    done = regenqc("reinspect", "export", DOSE)
    assert (done.code, "RQC-H410" in done.err) == (3, True)


def test_a_wrong_password_decides_nothing(inspected: Story, tmp_path: Path, regenqc: Callable[..., Done]) -> None:
    (tmp_path / "password").write_text("wrong horse\n")
    done = decide(regenqc, inspected, "accept")
    assert (done.code, "RQC-G010" in done.err) == (5, True)
    assert not (tmp_path / "decisions").exists()
    assert regenqc("reinspect", "export", DOSE).code == 3


def test_a_role_that_somebody_does_not_hold_signs_nothing(
    inspected: Story, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    done = decide(regenqc, inspected, "accept", "--role", "hospital_inspector")
    assert (done.code, "RQC-G038" in done.err) == (5, True)
    assert not (tmp_path / "decisions").exists()


def test_a_file_that_is_no_decision_is_refused(tmp_path: Path, inspected: Story, regenqc: Callable[..., Done]) -> None:
    del inspected
    assert "RQC-U149" in verify(regenqc, tmp_path / "people").err
    (tmp_path / "other.json").write_text("{}")
    done = verify(regenqc, "other.json")
    assert (done.code, "RQC-A050" in done.err) == (5, True)
