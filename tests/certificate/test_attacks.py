"""Attacks on certificates: each is found, and the message says exactly what is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from certificate import site
from certificate.lots import ANALYST_SEED, QP_SEED, decision, identified, signature, unsigned_decision
from regenqc.canonical import canonical_json
from regenqc.certificate.content import certificate_bytes
from regenqc.certificate.offline.judging import judge
from regenqc.certificate.offline.scanned import qr_text
from regenqc.certificate.offline.trust import Withdrawal
from regenqc.certificate.pades import PdfSealer
from regenqc.signing.keys import OpenKey

if TYPE_CHECKING:
    from regenqc.certificate.offline.verdict import Verdict


def codes(verdict: Verdict) -> list[str]:
    return [fault.code for fault in verdict.faults]


def first(verdict: Verdict) -> str:
    assert not verdict.ok
    fault = verdict.faults[0]
    return f"{fault.code} {fault.what}"


def increment(document: bytes, body: bytes, *, number: int = 9000) -> bytes:
    """Return a document with an appended revision, as any PDF tool writes one."""
    previous = int(re.findall(rb"startxref\s+(\d+)", document)[-1])
    root = re.findall(rb"/Root (\d+) 0 R", document)[-1]
    head = b"%d 0 obj\n" % number
    at = len(document)
    table = at + len(head + body + b"\nendobj\n")
    return (
        document
        + head
        + body
        + b"\nendobj\nxref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %b 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (number, at, number + 1, root, previous, table)
    )


@pytest.fixture(scope="module")
def signed() -> bytes:
    return site.pdf(site.certificate())


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    return site.pdf(site.certificate(), signed=False)


def test_an_untouched_certificate_is_verified(signed: bytes) -> None:
    verdict = site.verify(signed)
    assert (verdict.ok, verdict.faults) == (True, ())


def test_an_untouched_pdf_without_signature_is_verified_by_making_its_pages_again(unsigned: bytes) -> None:
    assert site.verify(unsigned).ok


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9], ids="a byte at {} of the file".format)
def test_a_flipped_byte_is_found(signed: bytes, share: float) -> None:
    data = bytearray(signed)
    data[int(len(data) * share)] ^= 0x01
    assert not site.verify(bytes(data)).ok


def test_a_flipped_byte_of_a_page_says_so(signed: bytes) -> None:
    data = bytearray(signed)
    data[signed.index(b"stream\n") + 20] ^= 0x01
    verdict = site.verify(bytes(data))
    assert first(verdict) == "RQC-V103 The signature of the PDF does not hold."
    assert verdict.faults[0].got == "the digest of the file is another than the one that was signed"
    assert "RQC-V190" in codes(verdict)


def test_bytes_appended_after_the_signature_are_found(signed: bytes) -> None:
    verdict = site.verify(signed + b"% a comment\n")
    assert first(verdict) == "RQC-V102 The signature does not cover the whole file."
    assert verdict.faults[0].got == f"the signature covers {len(signed)} of {len(signed) + 12} bytes"


def test_page_content_altered_by_an_incremental_update_is_found(signed: bytes) -> None:
    attacked = increment(signed, b"<</Type/Page/Contents 9001 0 R>>")
    assert first(site.verify(attacked)) == "RQC-V102 The signature does not cover the whole file."


def test_an_update_of_an_unsigned_pdf_is_found(unsigned: bytes) -> None:
    verdict = site.verify(increment(unsigned, b"<</Type/Page/Contents 9001 0 R>>"))
    assert first(verdict) == "RQC-V102 The signature does not cover the whole file."
    assert verdict.faults[0].got == "something was appended that is no signature over the whole file"


def test_text_hidden_under_an_image_is_found(signed: bytes) -> None:
    image = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1>>\nstream\n\xff\nendstream"
    assert first(site.verify(increment(signed, image))) == "RQC-V102 The signature does not cover the whole file."


def test_an_image_drawn_over_the_page_before_the_issuer_signs_is_found(unsigned: bytes) -> None:
    covered = increment(unsigned, b"<</Length 22>>\nstream\n1 g 0 0 300 300 re f  \nendstream")
    attacked = PdfSealer(site.issuer()).sign(covered, signed_at=site.NOW)
    verdict = site.verify(attacked)
    assert first(verdict) == "RQC-V102 The signature does not cover the whole file."


def test_a_page_made_of_another_template_with_the_same_record_is_found(unsigned: bytes) -> None:
    shown = unsigned.index(b"/MediaBox[0 0 595")
    attacked = unsigned[:shown] + b"/MediaBox[0 0 495" + unsigned[shown + 17 :]
    verdict = site.verify(attacked)
    assert first(verdict) == "RQC-V190 The pages are not those that the record gives."


def test_a_replaced_record_in_a_pdf_is_found() -> None:
    one, other = site.certificate("HP-1"), site.certificate("HP-2")
    pages = site.renderer().pdf(one)
    inside, instead = (zlib_stream(certificate_bytes(each)) for each in (one, other))
    assert inside in pages
    if len(instead) <= len(inside):
        attacked = pages.replace(inside, instead.ljust(len(inside), b"\x00"))
    else:
        attacked = pages.replace(inside, instead[: len(inside)])
    assert not site.verify(attacked).ok


def zlib_stream(data: bytes) -> bytes:
    """Return the compressed stream of an embedded file as it stands in the PDF of that record."""
    from regenqc.certificate.content import read_certificate

    made = site.renderer().pdf(read_certificate(data))
    start = made.index(b"/EmbeddedFile")
    length = int(re.findall(rb"/Length (\d+)", made[:start])[-1])
    begin = made.index(b"stream\n", start) + 7
    return made[begin : begin + length]


def test_a_changed_record_is_found() -> None:
    data = certificate_bytes(site.certificate()).replace(b'"92.4"', b'"99.9"')
    verdict = site.verify(data)
    assert first(verdict) == "RQC-V113 The record is not what its issuer sealed."
    assert "RQC-G031" in codes(verdict)


def test_a_record_with_blanks_is_no_record() -> None:
    spaced = json.dumps(json.loads(certificate_bytes(site.certificate()))).encode()
    assert first(site.verify(spaced)) == "RQC-V100 The file is no certificate."


def test_a_changed_result_that_the_issuer_sealed_again_is_found() -> None:
    made = decision()
    made["results"][1]["reported"] = "99.9"
    verdict = site.verify(site.pdf(site.certificate(made=made)))
    assert first(verdict) == "RQC-G031 The content is not what was signed."


def test_a_signature_moved_to_another_lot_is_found() -> None:
    content = unsigned_decision("HP-00000002")
    moved = content | {"signatures": decision("HP-00000001")["signatures"]}
    verdict = site.verify(site.pdf(site.certificate(made=moved)))
    assert [f"{fault.code} {fault.what}" for fault in verdict.faults] == [
        "RQC-G031 The content is not what was signed.",
        "RQC-G032 The signature belongs to another document.",
    ]


def test_a_signature_moved_and_rewritten_for_another_lot_is_found() -> None:
    content = unsigned_decision("HP-00000002")
    stolen = signature(content)["value"]
    forged = signature(content, seed=ANALYST_SEED, key_id=OpenKey(QP_SEED).key_id)
    assert forged["value"] != stolen
    verdict = site.verify(site.pdf(site.certificate(made=content | {"signatures": [forged]})))
    assert first(verdict) == "RQC-G034 The signature does not verify."


def test_an_older_revision_presented_as_current_is_found() -> None:
    older = decision()
    newer = unsigned_decision("HP-00000001", "reject", supersedes=older["decision_id"], reason="late positive")
    newer |= {"signatures": [signature(newer)]}
    known = (("newer.json", canonical_json(newer) + b"\n"),)
    verdict = site.verify(site.pdf(site.certificate(made=older)), trust=site.trust(known=known))
    assert first(verdict) == "RQC-V151 A later decision superseded the one that this certificate carries."
    assert verdict.faults[0].got == f"reject {newer['decision_id']} of 2026-03-16T13:05:00Z"


def test_a_superseding_decision_that_nobody_signed_withdraws_nothing() -> None:
    older = decision()
    newer = unsigned_decision("HP-00000001", "reject", supersedes=older["decision_id"]) | {"signatures": []}
    known = (("forged.json", canonical_json(newer)),)
    assert site.verify(site.pdf(site.certificate(made=older)), trust=site.trust(known=known)).ok


def test_a_superseding_certificate_is_found() -> None:
    older = site.certificate()
    later = site.issuer().seal(
        msgspec.structs.replace(older, certificate_id="C-2", supersedes=older.certificate_id, seal=None)
    )
    trust = site.trust(known=(("later.json", certificate_bytes(later)),))
    assert first(site.verify(site.pdf(older), trust=trust)) == "RQC-V152 A later certificate superseded this one."


def test_a_first_revision_cut_out_of_a_signed_pdf_is_no_signed_pdf(signed: bytes) -> None:
    first_revision = signed[: signed.index(b"%%EOF") + 5]
    verdict, _, _ = judge(first_revision, trust=site.trust(), now=site.NOW)
    assert first(verdict) == (
        "RQC-V101 The PDF has no signature, so nothing shows that its pages say what the record says."
    )


def test_a_withdrawn_certificate_is_found(signed: bytes) -> None:
    number = site.certificate().certificate_id
    trust = site.trust(withdrawn=(Withdrawal(number, "2026-03-18T00:00:00Z", "withdrawn", "late positive"),))
    assert first(site.verify(signed, trust=trust)) == "RQC-V150 It was withdrawn."


@pytest.mark.parametrize(
    ("basis", "since", "found"),
    [
        pytest.param("superseded", "2026-03-16T00:00:00Z", True, id="revoked before the issue"),
        pytest.param("superseded", "2026-03-18T00:00:00Z", False, id="replaced after the issue"),
        pytest.param("compromised", "2026-03-18T00:00:00Z", True, id="compromised later, without proof of time"),
    ],
)
def test_a_revoked_key_of_the_issuer_is_found(signed: bytes, basis: str, since: str, *, found: bool) -> None:
    revoked = Withdrawal(site.issuer().key_digest, since, basis, "as told by the issuer")
    verdict = site.verify(signed, trust=site.trust(withdrawn=(revoked,)))
    assert codes(verdict) == (["RQC-V115"] if found else [])
    if found:
        assert first(verdict) == "RQC-V115 The issuer's key was revoked."


def test_an_issuer_that_is_not_believed_is_found() -> None:
    attacker = site.issuer("Somebody else")
    forged = attacker.seal(msgspec.structs.replace(site.certificate(), seal=None))
    verdict = site.verify(site.pdf(forged, key=attacker))
    assert [f"{fault.code} {fault.what}" for fault in verdict.faults] == [
        "RQC-V104 The PDF was signed by somebody else than an issuer that you believe.",
        "RQC-V111 The record was sealed by nobody whom you believe.",
    ]


def test_a_believed_record_in_a_pdf_that_somebody_else_signed_is_found(unsigned: bytes) -> None:
    attacked = PdfSealer(site.issuer("Somebody else")).sign(unsigned, signed_at=site.NOW)
    assert codes(site.verify(attacked)) == ["RQC-V104"]


def test_a_second_signature_over_the_first_is_refused(signed: bytes) -> None:
    data = increment(signed, b"<</Type/Sig/ByteRange [0 10 20 30]>>")
    verdict = site.verify(data)
    assert verdict.faults[0].got == "something was appended that is no signature over the whole file"


def test_a_revoked_key_of_a_signer_is_found(signed: bytes) -> None:
    registry = site.registry().state(
        "key_revoked",
        now=site.START + timedelta(days=70),
        person_id="QP-0001",
        key_id=OpenKey(QP_SEED).key_id,
        basis="left",
        since="2026-03-10T00:00:00+00:00",
        reason="left the site",
    )
    assert first(site.verify(signed, trust=site.trust(people=registry.data))) == "RQC-G037 The key had been revoked."


def test_a_key_that_was_lost_later_needs_proof_of_time(signed: bytes) -> None:
    registry = site.registry().state(
        "key_revoked",
        now=site.START + timedelta(days=77),
        person_id="QP-0001",
        key_id=OpenKey(QP_SEED).key_id,
        basis="lost",
        since="2026-03-18T00:00:00+00:00",
        reason="token lost",
    )
    assert first(site.verify(signed, trust=site.trust(people=registry.data))) == (
        "RQC-G037 The key was lost or compromised, and nothing shows that it signed before."
    )


def test_an_expired_key_of_a_signer_is_found(signed: bytes) -> None:
    expired = site.registry(qp_valid_to=datetime(2026, 3, 1, tzinfo=UTC))
    assert first(site.verify(signed, trust=site.trust(people=expired.data))) == "RQC-G036 The key had expired."


def test_a_key_of_a_role_that_may_not_sign_is_found() -> None:
    content = unsigned_decision()
    content["required_signatures"][0]["roles"] = ["analyst"]
    content = identified(content | {"prepared_by": "A-0001"})
    signer: dict[str, Any] = {"printed_name": "Ann Example", "person_id": "A-0001", "role": "analyst"}
    forged = content | {"signatures": [signature(content, seed=ANALYST_SEED, **signer)]}
    verdict = site.verify(site.pdf(site.certificate(made=forged)))
    assert first(verdict) == "RQC-V184 Nobody signed whose role may decide this."
    assert verdict.faults[0].got == "certification as analyst"


def test_a_role_that_the_person_does_not_hold_is_found() -> None:
    content = unsigned_decision()
    signer: dict[str, Any] = {"printed_name": "Ann Example", "person_id": "A-0001", "role": "qualified_person"}
    forged = content | {"signatures": [signature(content, seed=ANALYST_SEED, **signer)]}
    assert first(site.verify(site.pdf(site.certificate(made=forged)))) == "RQC-G038 The person did not hold this role."


@pytest.mark.parametrize("name", ["Ada Example", "Dr. Аdа Example"], ids=["without the title", "Cyrillic letters"])
def test_one_person_who_signs_under_two_identifiers_is_found(name: str) -> None:
    seed = bytes(range(96, 128))
    registry = site.registry().with_person("QP-0002", name, "qualified_person", seed)
    content = unsigned_decision()
    rule = content["required_signatures"][0]
    rules = [rule | {"meaning": "factory_release"}, rule | {"meaning": "marketing_release"}]
    named = {"root": registry.people.root, "head": registry.people.head}
    content = identified(content | {"required_signatures": rules, "registry": named})
    second: dict[str, Any] = {"printed_name": name, "person_id": "QP-0002", "meaning": "marketing_release"}
    both = [signature(content, meaning="factory_release"), signature(content, seed=seed, **second)]
    verdict = site.verify(
        site.pdf(site.certificate(made=content | {"signatures": both})), trust=site.trust(people=registry.data)
    )
    assert first(verdict) == "RQC-V183 Nobody can tell the names of two signers apart: they may be one person."


def test_a_person_of_no_registry_is_found(signed: bytes) -> None:
    verdict = site.verify(signed, trust=site.trust(people=site.founded().data))
    assert first(verdict) == "RQC-G033 The registry of people knows no such key of this person."


def test_another_registry_than_the_pinned_one_is_found(signed: bytes) -> None:
    verdict = site.verify(signed, trust=site.trust(people_root="sha256:" + 64 * "0"))
    assert first(verdict) == "RQC-G028 This is another registry of people than the pinned one."


def test_without_any_registry_nobody_has_signed(signed: bytes) -> None:
    assert not site.verify(signed, trust=site.trust(people=b"")).ok


def test_a_clock_that_is_ahead_is_found(signed: bytes) -> None:
    verdict = site.verify(signed, now=datetime(2026, 3, 16, 10, tzinfo=UTC))
    assert codes(verdict) == ["RQC-G035", "RQC-V131"]
    assert verdict.faults[1].what == "The certificate is dated in the future."


def test_a_certificate_issued_before_the_signature_is_found() -> None:
    early = site.issuer().seal(msgspec.structs.replace(site.certificate(), issued_at="2026-03-16T12:00:00Z", seal=None))
    assert first(site.verify(site.pdf(early))) == "RQC-V132 The certificate was issued before the decision was signed."


def test_a_swapped_code_is_found(signed: bytes) -> None:
    own, other = site.certificate(), site.certificate("HP-00000002")

    def scanned(certificate: Any) -> str:
        digest = site.verify(certificate_bytes(certificate)).facts["content"]
        return qr_text(certificate.certificate_id, certificate.decision["batch_id"], digest, certificate.seal.value)

    assert site.verify(signed, code=scanned(own)).ok
    verdict = site.verify(signed, code=scanned(other))
    assert first(verdict) == "RQC-V170 The code on the page belongs to another certificate."


def test_a_code_exchanged_on_the_page_by_somebody_who_has_the_key_of_the_issuer_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = site.certificate("HP-00000002")
    swapped = qr_text(other.certificate_id, "HP-00000002", f"sha256:{64 * '0'}", other.seal.value)
    with monkeypatch.context() as patch:
        patch.setattr("regenqc.certificate.page.verification_text", lambda *_: swapped)
        forged = site.pdf(site.certificate())
    verdict = site.verify(forged)
    assert [f"{fault.code} {fault.what}" for fault in verdict.faults] == [
        "RQC-V190 The pages are not those that the record gives."
    ]


def test_pages_of_another_lot_around_a_genuine_record_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from regenqc.certificate.content import record_and_digest

    genuine = site.certificate()
    with monkeypatch.context() as patch:
        patch.setattr("regenqc.certificate.rendering.record_and_digest", lambda _: record_and_digest(genuine))
        forged = site.pdf(site.certificate("HP-00000002"))
    verdict = site.verify(forged)
    assert verdict.facts["batch"] == "HP-00000001"
    assert first(verdict) == "RQC-V190 The pages are not those that the record gives."


def test_a_release_certificate_of_a_rejected_batch_is_found() -> None:
    rejected = site.certificate(made=decision(kind="reject"))
    forged = site.issuer().seal(msgspec.structs.replace(rejected, type="release_certificate", seal=None))
    assert first(site.verify(certificate_bytes(forged))) == (
        "RQC-V121 The type of the certificate does not fit what was decided."
    )


def test_another_batch_number_than_the_decision_has_is_found() -> None:
    other = site.certificate()
    fields = other.fields | {"batch_number": "HP-00000002"}
    forged = site.issuer().seal(msgspec.structs.replace(other, fields=fields, seal=None))
    assert first(site.verify(certificate_bytes(forged))) == (
        "RQC-V122 The certificate names another batch than the decision."
    )


def test_evidence_that_the_decision_does_not_rest_on_is_found(signed: bytes) -> None:
    verdict = site.verify(signed, evidence={"results.csv": b"other"})
    assert first(verdict) == "RQC-V160 This is no file on which the decision rests."


def test_evidence_that_it_rests_on_is_accepted() -> None:
    content = b"batch_id,test,result,unit\n"
    from hashlib import sha256

    made = unsigned_decision()
    made["evaluation"] = made["evaluation"] | {
        "inputs": [{"name": "results.csv", "digest": f"sha256:{sha256(content).hexdigest()}"}]
    }
    made = identified(made)
    made |= {"signatures": [signature(made)]}
    assert site.verify(certificate_bytes(site.certificate(made=made)), evidence={"results.csv": content}).ok


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"%PDF-1.7\n%%EOF\n", id="an empty PDF"),
        pytest.param(b"PK\x03\x04 damaged", id="a damaged packet"),
        pytest.param(b"{}", id="an empty record"),
        pytest.param(b"{" * 100_000, id="deep nesting"),
        pytest.param(b"\xff\xfe", id="binary"),
    ],
)
def test_what_is_no_certificate_is_said_to_be_none(data: bytes) -> None:
    assert first(site.verify(data)) == "RQC-V100 The file is no certificate."


def test_a_trust_without_issuers_believes_nobody(signed: bytes) -> None:
    assert codes(site.verify(signed, trust=replace(site.trust(), issuers={}))) == ["RQC-V104", "RQC-V111"]
