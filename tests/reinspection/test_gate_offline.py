"""The network is down: the gate answers by the last checkpoint, and says how old it is."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from tests.reinspection.bedside import RULES, ready

from regenqc.custody.moments import milliseconds_of
from regenqc.ledger import CheckpointMemory, Policy, make_key, parse_secret_key
from regenqc.reinspection.gate import ask_gate, known_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.custody.book import Book
    from regenqc.ledger.note import Signer

NAME = "hospital.example/ledger"


def keyed() -> tuple[Signer, Policy]:
    signer = parse_secret_key(make_key(NAME, purpose="log", random=secrets.token_bytes))
    return signer, Policy.of([signer.verifier])


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Book, bytes, Policy]:
    """A ledger, its checkpoint, and whom to believe."""
    signer, policy = keyed()
    book = ready().book(tmp_path)
    made = book.log.checkpoint(signer, memory=CheckpointMemory(tmp_path / "signed"), now=1_774_000_000)
    return book, made.encoded, policy


def test_it_goes_by_a_fresh_checkpoint(signed: tuple[Book, bytes, Policy]) -> None:
    book, checkpoint, policy = signed
    story = ready()
    with book, book.read() as view:
        known = known_checkpoint(view, checkpoint, policy=policy, now=story.now)
        answer = ask_gate(view, story.question(), rules=RULES, checkpoint=known)
    assert (known.fault, known.age_text, answer.word) == ("", "1 min", "go")


def test_old_knowledge_is_named_by_its_age(signed: tuple[Book, bytes, Policy]) -> None:
    book, checkpoint, policy = signed
    with book, book.read() as view:
        known = known_checkpoint(view, checkpoint, policy=policy, now="2026-03-18T09:30:00.000Z")
    assert known.age_seconds == (milliseconds_of("2026-03-18T09:30:00.000Z") - milliseconds_of(known.known_at)) // 1000
    assert known.age_text.startswith("48 h")


def test_a_checkpoint_of_somebody_else_is_not_believed(signed: tuple[Book, bytes, Policy]) -> None:
    book, checkpoint, _ = signed
    with book, book.read() as view:
        known = known_checkpoint(view, checkpoint, policy=keyed()[1], now=ready().now)
    assert known.fault


def test_a_checkpoint_that_covers_more_than_the_copy_is_not_believed(
    signed: tuple[Book, bytes, Policy], tmp_path: Path
) -> None:
    book, checkpoint, policy = signed
    book.close()
    (tmp_path / "copy").mkdir()
    with ready().drop("check").book(tmp_path / "copy") as copy, copy.read() as view:
        known = known_checkpoint(view, checkpoint, policy=policy, now=ready().now)
    assert "covers" in known.fault


def test_a_copy_that_was_changed_is_not_the_ledger_of_the_checkpoint(
    signed: tuple[Book, bytes, Policy], tmp_path: Path
) -> None:
    book, checkpoint, policy = signed
    book.close()
    (tmp_path / "copy").mkdir()
    changed = ready().bend("check", place="WARD-3")
    with changed.book(tmp_path / "copy") as copy, copy.read() as view:
        known = known_checkpoint(view, checkpoint, policy=policy, now=ready().now)
    assert known.fault == "the copy is not the ledger of this checkpoint"


@pytest.mark.parametrize("data", [b"", b"not a note", b"\xff\xfe"], ids=["nothing", "some text", "no text"])
def test_what_is_no_checkpoint_is_a_reason_and_no_crash(signed: tuple[Book, bytes, Policy], data: bytes) -> None:
    book, _, policy = signed
    with book, book.read() as view:
        assert known_checkpoint(view, data, policy=policy, now=ready().now).fault


def test_a_clock_behind_the_checkpoint_is_a_reason(signed: tuple[Book, bytes, Policy]) -> None:
    book, checkpoint, policy = signed
    with book, book.read() as view:
        known = known_checkpoint(view, checkpoint, policy=policy, now="2026-03-16T07:00:00.000Z")
    assert "ahead of this clock" in known.fault
