"""`regenqc certify`, `verify` and `certificate`: what people and pipelines see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from certificate import site
from certificate.lots import decision, signature, unsigned_decision
from regenqc.cli.main import app
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NOW = site.NOW.isoformat()


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], catch_exceptions=True)


def certify(folder: Path, *more: str) -> Result:
    options = {
        "--profile": "certificate-profile.toml",
        "--people": "people.jsonl",
        "--key": "issuer.key",
        "--issuer": "issuer.pem",
        "--password-file": "password.txt",
        "--out": "certificates",
    }
    named = [part for name, value in options.items() for part in (name, str(folder / value))]
    return call("certify", str(folder / "decisions"), *named, "--now", NOW, *more)


def verify(folder: Path, path: Path, *more: str) -> Result:
    return call("verify", str(path), "--trust", str(folder / "trust"), "--now", NOW, *more)


def refused(result: Result) -> str:
    assert isinstance(result.exception, RegenqcError)
    return result.exception.code


def test_certificates_are_issued_and_verified(tmp_path: Path) -> None:
    folder = site.write_site(tmp_path, decision("HP-1"), decision("HP-2"))
    done = certify(folder)
    assert (done.exit_code, done.stdout.splitlines()[0].strip()) == (0, "✔ 2 issued")
    assert "signed, PAdES B-B" in done.stdout
    for path in sorted((folder / "certificates").glob("DECISION*")):
        checked = verify(folder, path)
        assert checked.exit_code == 0
        assert checked.stdout.startswith(f"✔ verified  {path}")


def test_issuing_again_keeps_what_is_there(tmp_path: Path) -> None:
    folder = site.write_site(tmp_path)
    certify(folder)
    assert certify(folder).stdout.splitlines()[0].strip() == "= 1 kept"


def test_a_changed_certificate_leaves_with_5_and_says_what_failed(tmp_path: Path) -> None:
    folder = site.write_site(tmp_path)
    certify(folder)
    (path,) = (folder / "certificates").glob("*.pdf")
    path.write_bytes(path.read_bytes() + b"\n")
    checked = verify(folder, path)
    assert checked.exit_code == 5
    assert "✘ NOT VERIFIED" in checked.stdout
    assert "RQC-V102 The signature does not cover the whole file." in checked.stdout


def test_a_verdict_is_read_by_machines(tmp_path: Path) -> None:
    folder = site.write_site(tmp_path)
    certify(folder)
    (path,) = (folder / "certificates").glob("*.json")
    (value,) = json.loads(verify(folder, path, "--json").stdout).values()
    assert (value["verified"], value["batch"]) == (True, "HP-00000001")
    assert {check["name"]: check["passed"] for check in value["checks"]}["signers"] is True


def test_a_lot_without_what_is_required_leaves_with_3_and_the_others_are_issued(tmp_path: Path) -> None:
    bare = unsigned_decision("HP-1", lot=[])
    bare |= {"signatures": [signature(bare)]}
    done = certify(site.write_site(tmp_path, bare, decision("HP-2")))
    assert done.exit_code == 3
    assert "✔ 1 issued   ✘ 1 refused" in done.stdout
    assert "RQC-V041 The certificate has to state expiry, and nothing states it." in done.stdout


def test_a_decision_that_does_not_verify_leaves_with_5(tmp_path: Path) -> None:
    forged = decision("HP-1") | {"signatures": decision("HP-2")["signatures"]}
    assert certify(site.write_site(tmp_path, forged)).exit_code == 5


def test_an_unknown_type_is_a_matter_of_usage(tmp_path: Path) -> None:
    assert refused(certify(site.write_site(tmp_path), "--type", "diploma")) == "RQC-V083"


def test_a_moment_without_zone_is_a_matter_of_usage(tmp_path: Path) -> None:
    assert refused(
        call("verify", "x.pdf", "--trust", str(site.write_site(tmp_path) / "trust"), "--now", "2026-03-20")
    ) == ("RQC-V085")


def test_no_decision_is_a_matter_of_usage(tmp_path: Path) -> None:
    folder = site.write_site(tmp_path)
    for path in (folder / "decisions").iterdir():
        path.unlink()
    assert refused(certify(folder)) == "RQC-V086"


def test_without_the_keys_that_are_believed_nothing_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(b"%PDF-1.7")
    assert refused(call("verify", str(path), "--trust", str(tmp_path / "none"))) == "RQC-V070"


def test_the_verifier_is_written(tmp_path: Path) -> None:
    from regenqc.certificate.single_file import single_file

    assert call("certificate", "verifier", str(tmp_path / "v.py")).exit_code == 0
    assert (tmp_path / "v.py").read_text(encoding="utf-8") == single_file()


def test_the_schema_is_published() -> None:
    assert json.loads(call("certificate", "schema").stdout)["$id"] == "regenqc.certificate/1"


@pytest.mark.parametrize("ending", [".html", ".svg", ".png", ".pdf"])
def test_a_record_is_shown_in_every_form(ending: str, tmp_path: Path) -> None:
    folder = site.write_site(tmp_path)
    certify(folder)
    (record,) = (folder / "certificates").glob("*.json")
    done = call("certificate", "show", str(record), str(tmp_path / f"page{ending}"))
    assert (done.exit_code, (tmp_path / f"page{ending}").stat().st_size > 1000) == (0, True)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "password.txt").write_text("a long password")
    options = ["--out", str(tmp_path / "keys"), "--password-file", str(tmp_path / "password.txt")]
    assert call("certificate", "key", "Maker", *options).exit_code == 0
    assert (tmp_path / "keys" / "issuer.key").stat().st_mode & 0o077 == 0
    assert refused(call("certificate", "key", "Maker", *options)) == "RQC-V088"


def test_fields_are_listed_with_source_and_mark() -> None:
    done = call("certificate", "fields", "batch_certificate")
    assert "EMA/INS/MRA/387218/2011" in done.stdout
    assert "[unverified]" in done.stdout


@pytest.mark.parametrize("command", ["certify", "verify", "show"])
def test_without_the_libraries_it_says_what_to_install(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = site.write_site(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    path = folder / "issuer.pem"
    calls = {
        "certify": lambda: certify(folder),
        "verify": lambda: verify(folder, path),
        "show": lambda: call("certificate", "show", str(path), str(tmp_path / "p.png")),
    }
    assert refused(calls[command]()) == "RQC-V093"
