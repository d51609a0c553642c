"""From a container that arrives to a verified certificate of receipt: judge, decide and sign, certify, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.reinspection.bedside import DOSE

from certificate.site import write_trust

from .custody_site import regenqc
from .test_hospital_decision_command import decide, inspected, watch
from .test_reinspect_command import arrived

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.reinspection.bedside import Story

    from .custody_site import Done

__all__ = ["arrived", "inspected", "regenqc", "watch"]  # fixtures

PROFILE = """\
schema = "regenqc.certificate-profile/1"
[issuer]
name = "Hospital"
[fields]
product_name = "Product of tests"
manufacturer = "Maker"
"""
NOW = ("--now", "2026-03-20T13:00:00Z")


def test_a_hospital_certifies_what_it_decided_and_anybody_verifies_it(
    inspected: Story, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    assert decide(regenqc, inspected, "accept").code == 0
    Path("secret").write_text("a password of the issuer")
    secret = ("--password-file", "secret")
    made = regenqc("certificate", "key", "Hospital", "--out", "issuer", *secret, "--now", "2026-01-01T00:00:00Z")
    assert made.code == 0, made.err
    Path("profile.toml").write_text(PROFILE)
    keys = ("--key", "issuer/issuer.key", "--issuer", "issuer/issuer.pem", *secret)
    done = regenqc("certify", "decisions", "--profile", "profile.toml", "--people", "people/people.jsonl", *keys, *NOW)
    assert (done.code, done.err) == (0, "")
    trust = write_trust(tmp_path / "trust")
    for name, source in (("issuer.pem", "issuer/issuer.pem"), ("people.jsonl", "people/people.jsonl")):
        (trust / name).write_bytes(Path(source).read_bytes())
    (trust / "people.root").unlink()
    (pdf,) = Path("certificates").glob("HOSPITAL-*-HR.pdf")
    checked = regenqc("verify", pdf, "--trust", trust, *NOW)
    assert (checked.code, checked.err) == (0, "")
    assert "receipt_certificate" in checked.out
    shown = regenqc("certificate", "show", pdf.with_suffix(".json"), "page.html")
    assert shown.code == 0, shown.err
    assert DOSE in Path("page.html").read_text()
