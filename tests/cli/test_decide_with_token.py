"""A Qualified Person whose key is on a token decides, and the decision goes into a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.signing.test_tokens import MODULE, PIN, token

from regenqc.decision.folder import DecisionFolder

from .custody_site import event, lines
from .signing_office import PEOPLE, as_admin, made_office, office, regenqc, signing_as, watch
from .test_decide_command import answers, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_office", "office", "regenqc", "token", "watch"]  # fixtures
pytestmark = [
    pytest.mark.usefixtures("office"),
    pytest.mark.skipif(not MODULE.exists(), reason="softhsm2 is not installed"),
]


@pytest.fixture
def holder(office: Path, regenqc: Command, token: str) -> None:
    """Enrol somebody whose key is on the token."""
    (office / "secret" / "QP-0003").write_text(f"{PIN}\n")
    own = ["--password-file", "secret/QP-0003"]
    about = ["--reason", "first key", *as_admin()]
    for command in (
        ["key", "QP-0003", "--out", "keys/QP-0003.key", "--token", token, *own],
        ["enrol", "QP-0003", "--name", "Tok Example", "--identity", "passport seen", *as_admin()],
        ["grant", "QP-0003", "qualified_person", *about],
        [
            *("certify-key", "QP-0003", "keys/QP-0003.key", "--valid-to", "2028-12-31T23:59:59Z"),
            *("--own-password-file", "secret/QP-0003", *about),
        ],
        ["accept", "QP-0003", "--key", "keys/QP-0003.key", *own],
    ):
        done = regenqc("people", *command)
        assert done.code == 0, (command, done.err)


@pytest.mark.usefixtures("holder")
def test_a_decision_is_signed_on_a_token_and_recorded(regenqc: Command) -> None:
    regenqc("ledger", "init", "--origin", "maker.example/token", "--site", "MAKER-1")
    regenqc("ledger", "enrol", "QP-0003", "--role", "qualified_person", "--key", "keys/QP-0003.key.pub")
    received = event(
        "receipt", "NEW-1", outputs=("GOOD-1-DP",), lot="GOOD-1", source="MAKER-2", actor="SYSTEM-0001", role="system"
    )
    Path("new.jsonl").write_bytes(lines([received]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    decide = ["decide", "judged", "--spec", "product.toml", *PEOPLE, *write(answers("GOOD-1")), *signing_as("QP-0003")]
    done = regenqc(*decide, "--ledger", "sqlite:///ledger.db")
    assert done.code == 0, done.err
    (decision,) = DecisionFolder(Path("decisions")).read()
    assert decision.signatures[0].person_id == "QP-0003"
    assert "recorded in" in done.out


@pytest.mark.usefixtures("holder")
def test_a_wrong_pin_is_a_failed_attempt(regenqc: Command) -> None:
    Path("secret/QP-0003").write_text("wrong\n")
    decide = ["decide", "judged", "--spec", "product.toml", *PEOPLE, *write(answers("GOOD-1")), *signing_as("QP-0003")]
    assert regenqc(*decide).code == 5
    assert '"outcome":"failed"' in Path("people/attempts.jsonl").read_text()
