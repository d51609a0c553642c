"""Attacks that one type of certificate shows for all; those on every type and form stand in `attacks.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from certificate import site
from certificate.attacks import increment
from certificate.lots import ANALYST_SEED, QP_SEED, decision, identified, signature, unsigned_decision
from regenqc.canonical import canonical_json
from regenqc.certificate.content import certificate_bytes
from regenqc.certificate.offline.judging import judge
from regenqc.certificate.offline.scanned import qr_text
from regenqc.certificate.offline.trust import Withdrawal
from regenqc.signing.keys import OpenKey

if TYPE_CHECKING:
    from regenqc.certificate.offline.verdict import Verdict


def codes(verdict: Verdict) -> list[str]:
    return [fault.code for fault in verdict.faults]


def first(verdict: Verdict) -> str:
    assert not verdict.ok
    fault = verdict.faults[0]
    return f"{fault.code} {fault.what}"


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


def test_an_update_of_an_unsigned_pdf_is_found(unsigned: bytes) -> None:
    verdict = site.verify(increment(unsigned, b"<</Type/Page/Contents 9001 0 R>>"))
    assert first(verdict) == "RQC-V102 The signature does not cover the whole file."
    assert verdict.faults[0].got == "something was appended that is no signature over the whole file"


def test_a_page_made_of_another_template_with_the_same_record_is_found(unsigned: bytes) -> None:
    shown = unsigned.index(b"/MediaBox[0 0 595")
    attacked = unsigned[:shown] + b"/MediaBox[0 0 495" + unsigned[shown + 17 :]
    verdict = site.verify(attacked)
    assert first(verdict) == "RQC-V190 The pages are not those that the record gives."


def test_a_signature_moved_and_rewritten_for_another_lot_is_found() -> None:
    content = unsigned_decision("HP-00000002")
    stolen = signature(content)["value"]
    forged = signature(content, seed=ANALYST_SEED, key_id=OpenKey(QP_SEED).key_id)
    assert forged["value"] != stolen
    verdict = site.verify(site.pdf(site.certificate(made=content | {"signatures": [forged]})))
    assert first(verdict) == "RQC-G034 The signature does not verify."


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


def test_a_second_signature_over_the_first_is_refused(signed: bytes) -> None:
    data = increment(signed, b"<</Type/Sig/ByteRange [0 10 20 30]>>")
    verdict = site.verify(data)
    assert verdict.faults[0].got == "something was appended that is no signature over the whole file"


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
