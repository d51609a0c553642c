"""From the laboratory's export to a verified certificate: evaluate, decide, certify, verify; nothing is made up in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .signing_office import PEOPLE, made_office, office, regenqc, signing_as, watch
from .test_decide_command import answers, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_office", "office", "regenqc", "watch"]  # fixtures
pytestmark = pytest.mark.usefixtures("office")

PROFILE = """\
schema = "regenqc.certificate-profile/1"
[issuer]
name = "Maker"
[fields]
product_name = "Product of tests"
manufacturer = "Maker"
# Most lots of this workbench have no expiry; here any column will do.
[attributes]
expiry = "manufactured_at"
"""


@pytest.fixture
def issuer(regenqc: Command) -> list[str]:
    Path("secret/issuer").write_text("a password of the issuer")
    made = regenqc(
        "certificate",
        "key",
        "Maker",
        "--out",
        "issuer",
        "--password-file",
        "secret/issuer",
        "--now",
        "2026-01-01T00:00:00Z",
    )
    assert made.code == 0, made.err
    Path("profile.toml").write_text(PROFILE)
    Path("trust").mkdir()
    Path("trust/issuer.pem").write_bytes(Path("issuer/issuer.pem").read_bytes())
    Path("trust/people.jsonl").write_bytes(Path("people/people.jsonl").read_bytes())
    return [
        "--profile", "profile.toml", "--people", "people/people.jsonl", "--key", "issuer/issuer.key", "--issuer",
        "issuer/issuer.pem", "--password-file", "secret/issuer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lot", "kind", "acknowledged", "certificate_type"),
    [
        pytest.param("GOOD-1", "release", [], "release_certificate", id="a release"),
        pytest.param("ALERT-1", "release", ["alert:viability"], "release_certificate", id="a release with an alert"),
        pytest.param(
            "WAIT-1",
            "conditional_release",
            ["conditional:sterility"],
            "conditional_certificate",
            id="a conditional release",
        ),
        pytest.param("MYCO-1", "reject", [], "rejection_notice", id="a rejection"),
    ],
)
def test_a_decision_of_the_command_becomes_a_certificate_that_verifies(
    regenqc: Command, issuer: list[str], lot: str, kind: str, acknowledged: list[str], certificate_type: str
) -> None:
    decided = regenqc(
        "decide",
        "judged",
        "--spec",
        "product.toml",
        *PEOPLE,
        *write(answers(lot, kind, acknowledged=acknowledged)),
        *signing_as("QP-0001"),
    )
    assert decided.code == 0, decided.err
    issued = regenqc("certify", "decisions", *issuer, "--now", "2026-12-01T00:00:00Z")
    assert issued.code == 0, (issued.out, issued.err)
    (pdf,) = Path("certificates").glob("*.pdf")
    checked = regenqc("verify", str(pdf), "--json", "--now", "2026-12-01T00:00:00Z")
    assert checked.code == 0, checked.out
    (verdict,) = json.loads(checked.out).values()
    assert (verdict["verified"], verdict["type"], verdict["batch"]) == (True, certificate_type, lot)


def test_a_decision_that_somebody_else_still_has_to_sign_gets_no_certificate(
    regenqc: Command, issuer: list[str]
) -> None:
    from regenqc.canonical import canonical_json
    from regenqc.decision.folder import DecisionFolder

    regenqc("decide", "judged", "--spec", "product.toml", *PEOPLE, *write(answers("GOOD-1")), *signing_as("QP-0001"))
    (path,) = Path("decisions").glob("*.json")
    unsigned = json.loads(path.read_bytes()) | {"signatures": []}
    path.write_bytes(canonical_json(unsigned) + b"\n")
    assert not next(iter(DecisionFolder(Path("decisions")).read())).is_complete
    issued = regenqc("certify", "decisions", *issuer, "--now", "2026-12-01T00:00:00Z")
    assert issued.code == 3
    assert "RQC-A053" in issued.out
    assert not list(Path("certificates").glob("*.json"))
