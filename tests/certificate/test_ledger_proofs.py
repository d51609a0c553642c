"""Proofs of a ledger that travel inside certificates."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from certificate import site
from certificate.lots import QP_SEED, identified, signature, unsigned_decision
from regenqc.certificate.content import certificate_bytes
from regenqc.certificate.issuing import ledger_attachments
from regenqc.certificate.offline.decided import decision_digests
from regenqc.certificate.offline.trust import Withdrawal
from regenqc.certificate.proofs import read_proofs
from regenqc.ledger.checkpoint import Checkpoint
from regenqc.ledger.cosignature import CosignatureSigner
from regenqc.ledger.merkle import leaf_hash
from regenqc.ledger.note import Ed25519Signer, Note
from regenqc.ledger.policy import Policy
from regenqc.ledger.proof import ProofFile
from regenqc.signing.keys import OpenKey

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.certificate.content import Certificate

LOG = Ed25519Signer("site.example/ledger", bytes(32))
WITNESS = CosignatureSigner("witness.example", bytes([1]) * 32)
WITNESSED = int(datetime(2026, 3, 17).astimezone().timestamp())
POLICY = Policy.of([LOG.verifier], witnesses=[WITNESS.verifier]).text


def proved(entry: bytes, *, cosigned: bool = True, log: Ed25519Signer = LOG) -> tuple[str, str]:
    text = Checkpoint("site.example/ledger", 1, leaf_hash(entry)).text
    signatures = (log.sign(text, time=0), *([WITNESS.sign(text, time=WITNESSED)] if cosigned else []))
    return entry.decode(), ProofFile(0, (), Note(text, signatures).encoded).encoded.decode()


def entry_of(certificate: Certificate) -> bytes:
    return json.dumps({"blobs": [{"name": "decision", "digest": decision_digests(certificate.decision)[0]}]}).encode()


def document(certificate: Certificate, pair: tuple[str, str]) -> bytes:
    pages = site.renderer().pdf(certificate, attachments=ledger_attachments(pair))
    return site.PdfSealer(site.issuer()).sign(pages, signed_at=site.NOW)


def codes(data: bytes, policy: str = POLICY) -> list[str]:
    return [fault.code for fault in site.verify(data, trust=site.trust(policy=policy)).faults]


def test_a_proof_inside_the_pdf_is_checked_and_the_witnesses_are_named() -> None:
    certificate = site.certificate()
    verdict = site.verify(document(certificate, proved(entry_of(certificate))), trust=site.trust(policy=POLICY))
    assert verdict.ok
    assert "Entry 0 of site.example/ledger, cosigned by witness.example." in [check.said for check in verdict.checks]
    assert all(check.passed is not False for check in verdict.checks)


def test_without_a_policy_a_proof_shows_nothing_and_breaks_nothing() -> None:
    certificate = site.certificate()
    verdict = site.verify(document(certificate, proved(entry_of(certificate))))
    assert verdict.ok
    assert next(check.passed for check in verdict.checks if check.name == "ledger") is None


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        pytest.param(lambda c: proved(entry_of(c), cosigned=False), "RQC-L012", id="no witness"),
        pytest.param(
            lambda c: proved(entry_of(c), log=Ed25519Signer("site.example/ledger", bytes([9]) * 32)), "RQC-L012",
            id="another log key",
        ),
        pytest.param(lambda c: (entry_of(c).decode() + " ", proved(entry_of(c))[1]), "RQC-L010", id="a changed entry"),
        pytest.param(lambda c: (entry_of(c).decode(), "no proof"), "RQC-L004", id="no proof at all"),
        pytest.param(lambda _: proved(entry_of(site.certificate("HP-2"))), "RQC-V140", id="the entry of another lot"),
    ],
)  # fmt: skip
def test_a_proof_that_does_not_hold_is_found(pair: object, code: str) -> None:
    certificate = site.certificate()
    assert codes(document(certificate, pair(certificate))) == [code]  # type: ignore[operator]


def test_a_proof_from_before_the_loss_of_a_key_keeps_the_signature() -> None:
    certificate = site.certificate()
    lost = site.registry().state(
        "key_revoked",
        now=site.START + timedelta(days=77),
        person_id="QP-0001",
        key_id=OpenKey(QP_SEED).key_id,
        basis="lost",
        since="2026-03-18T00:00:00+00:00",
        reason="token lost",
    )
    data = document(certificate, proved(entry_of(certificate)))
    assert site.verify(data, trust=site.trust(policy=POLICY, people=lost.data)).ok
    assert not site.verify(data, trust=site.trust(people=lost.data)).ok


def test_a_proof_from_before_the_compromise_of_the_issuer_keeps_the_seal() -> None:
    certificate = site.certificate()
    revoked = (Withdrawal(site.issuer().key_digest, "2026-03-18T00:00:00Z", "compromised", "stolen"),)
    data = document(certificate, proved(entry_of(certificate)))
    assert site.verify(data, trust=site.trust(policy=POLICY, withdrawn=revoked)).ok
    assert codes(data, "") == []
    assert [fault.code for fault in site.verify(data, trust=site.trust(withdrawn=revoked)).faults] == ["RQC-V115"]


def packet(**files: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for name, content in files.items():
            written.writestr(name.replace("__", "-").replace("_", "."), content)
    return out.getvalue()


def test_a_packet_of_record_and_proof_is_verified() -> None:
    certificate = site.certificate()
    entry, proof = proved(entry_of(certificate))
    data = packet(certificate_json=certificate_bytes(certificate), ledger__entry_json=entry.encode())
    assert site.verify(data, trust=site.trust(policy=POLICY)).ok
    whole = BytesIO(data)
    with zipfile.ZipFile(whole, "a") as written:
        written.writestr("ledger.tlog-proof", proof)
    verdict = site.verify(whole.getvalue(), trust=site.trust(policy=POLICY))
    assert verdict.ok
    assert next(check.passed for check in verdict.checks if check.name == "ledger") is True


def test_a_packet_with_another_record_than_its_pdf_is_refused() -> None:
    data = packet(
        certificate_json=certificate_bytes(site.certificate("HP-2")), certificate_pdf=site.pdf(site.certificate())
    )
    verdict = site.verify(data)
    assert verdict.faults[0].got == "the packet's record is another one than that inside its PDF"


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for name, content in files:
            written.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["pages/certificate.pdf", "Certificate.PDF", "a/b/CERTIFICATE.pdf"])
def test_a_second_certificate_in_another_folder_of_a_packet_is_refused(name: str) -> None:
    genuine, other = site.pdf(site.certificate()), site.pdf(site.certificate("HP-2"))
    verdict = site.verify(zipped(("certificate.pdf", genuine), (name, other)))
    assert f"{verdict.faults[0].code} {verdict.faults[0].got}" == "RQC-V100 a name stands twice in the packet"


def test_what_nothing_vouches_for_in_a_packet_is_named() -> None:
    from hashlib import sha256

    results = b"batch_id,test,result,unit\n"
    made = unsigned_decision()
    named = {"name": "results.csv", "digest": f"sha256:{sha256(results).hexdigest()}"}
    made = identified(made | {"evaluation": made["evaluation"] | {"inputs": [named]}})
    certificate = site.certificate(made=made | {"signatures": [signature(made)]})
    files = [("inputs/results.csv", results), ("certificate of release.pdf", b"%PDF, another")]
    verdict = site.verify(zipped(("certificate.json", certificate_bytes(certificate)), *files))
    assert verdict.ok
    assert [(check.passed, check.said) for check in verdict.checks if check.name == "packet"] == [
        (True, "1 files beside it are those on which the decision rests."),
        (None, "Nothing vouches for what else the packet holds: certificate of release.pdf."),
    ]


def test_proofs_are_found_by_the_digest_that_their_entry_names(tmp_path: Path) -> None:
    certificate = site.certificate()
    entry, proof = proved(entry_of(certificate))
    (tmp_path / "event-0.json").write_text(entry)
    (tmp_path / "event-0.tlog-proof").write_text(proof)
    assert read_proofs(tmp_path) == {decision_digests(certificate.decision)[0]: (entry, proof)}
