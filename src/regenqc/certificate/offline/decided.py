"""Check the decision inside a certificate: who signed it, whether they could, and whether a later one took its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from regenqc.canonical import canonical_json, digest_of
from regenqc.certificate.content import Certificate, read_certificate
from regenqc.certificate.offline.pdf import UnreadablePdfError, read_pdf
from regenqc.certificate.offline.sealed import REFUSE, fault, seal_faults
from regenqc.decision.hospital import SCHEMA as HOSPITAL_SCHEMA
from regenqc.decision.hospital import HospitalDecision
from regenqc.decision.hospital_verification import hospital_decision_faults
from regenqc.decision.model import Decision, decision_id_of
from regenqc.decision.registry import registry_faults
from regenqc.errors import RegenqcError
from regenqc.signing.names import look_of
from regenqc.signing.people import People, read_people
from regenqc.signing.signature import Signature
from regenqc.signing.verification import signature_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from regenqc.certificate.offline.trust import Trust
    from regenqc.errors import Fault

__all__ = ["content_digest", "decision_digests", "decision_faults", "later_decisions"]

_SCHEMA: Final = "regenqc.decision/1"
_RELEASES: Final = {"release", "conditional_release", "exceptional_release"}
# Only a Qualified Person certifies a release: EudraLex Volume 4, Annex 11, section 15; GMP of China (2010), Art. 230.
_RELEASING_MEANINGS: Final = {"certification", "factory_release", "marketing_release"}
_DECIDING_ROLES: Final = {
    "release": {"qualified_person"},
    "conditional_release": {"qualified_person"},
    "exceptional_release": {"qualified_person"},
    "reject": {"qualified_person"},
    "withdrawal": {"qualified_person"},
}
_read: dict[tuple[bytes, str], People] = {}


def content_digest(decision: Mapping[str, Any]) -> str:
    """Return the digest of what was signed: the canonical bytes of a decision without its signatures."""
    return digest_of(canonical_json({name: value for name, value in decision.items() if name != "signatures"}))


def decision_digests(decision: Mapping[str, Any]) -> tuple[str, str]:
    """Return the digests by which a ledger may name a decision: of its file with the signatures, and of what was signed."""
    return digest_of(canonical_json(dict(decision)) + b"\n"), content_digest(decision)


def decision_faults(
    decision: Mapping[str, Any], *, trust: Trust, now: datetime, proved_at: datetime | None
) -> list[Fault]:
    """Return why the signatures under a decision do not make it one; nothing when they do.

    Args:
        decision: the document.
        trust: whom to believe.
        now: the present moment.
        proved_at: moment by which a ledger shows that it existed.
    """
    try:
        people = _people(trust)
        if decision.get("schema") == HOSPITAL_SCHEMA:
            received = msgspec.json.decode(canonical_json(decision), type=HospitalDecision)
            return hospital_decision_faults(received, people=people, now=now, proved_at=proved_at)
        signatures = [
            msgspec.json.decode(canonical_json(entry), type=Signature) for entry in decision.get("signatures", ())
        ]
        required = list(decision["required_signatures"])
        needed = [(str(entry["meaning"]), [str(role) for role in entry["roles"]]) for entry in required]
        content = canonical_json({name: value for name, value in decision.items() if name != "signatures"})
        whole = msgspec.json.decode(canonical_json(decision), type=Decision)
    except (RegenqcError, msgspec.MsgspecError, KeyError, TypeError) as error:
        if isinstance(error, RegenqcError):
            return list(error.faults)
        return [
            fault(
                "RQC-V180",
                "The decision cannot be read.",
                where=str(decision.get("decision_id")),
                got=str(error),
                expected=f"a decision of schema {_SCHEMA} or {HOSPITAL_SCHEMA}, whole",
                action=REFUSE,
            )
        ]
    faults = []
    for signature in signatures:
        faults += signature_faults(
            signature,
            content=content,
            document_id=str(decision.get("decision_id")),
            document_schema=_SCHEMA,
            people=people,
            now=now,
            proved_at=proved_at,
        )
    return [
        *faults,
        *_entitlement_faults(whole, signatures, needed),
        *_identity_faults(whole, people),
    ]


def _identity_faults(decision: Decision, people: People) -> Iterator[Fault]:
    if decision.decision_id != decision_id_of(decision):
        yield fault(
            "RQC-A052",
            "The identifier of the decision is not that of its content.",
            where=decision.decision_id,
            got=decision.decision_id,
            expected=decision_id_of(decision),
            action="Refuse it: the content was changed.",
        )
    yield from registry_faults(decision, people=people)


def _entitlement_faults(
    decision: Decision, signatures: list[Signature], needed: list[tuple[str, list[str]]]
) -> list[Fault]:
    faults = []
    kind, where = str(decision.kind), decision.decision_id
    if not signatures or len(signatures) != len(needed):
        faults.append(
            fault(
                "RQC-V181",
                "The decision is not signed by everyone who has to sign it.",
                where=where,
                got=", ".join(f"{each.meaning} by {each.person_id}" for each in signatures) or "no signature",
                expected=", ".join(f"{meaning} as {_either(roles)}" for meaning, roles in needed) or "at least one",
                action="Do not use the batch; wait until everyone has signed.",
            )
        )
    for signature, (meaning, roles) in zip(signatures, needed, strict=False):
        if signature.meaning != meaning or signature.role not in roles:
            faults.append(
                fault(
                    "RQC-V182",
                    "A signature is another one than the decision needs.",
                    where=signature.person_id,
                    got=f"{signature.meaning} as {_either([signature.role])}",
                    expected=f"{meaning} as {_either(roles)}",
                    action=REFUSE,
                )
            )
    if len({signature.person_id for signature in signatures}) != len(signatures):
        faults.append(
            fault(
                "RQC-V183",
                "One person signed twice where different people have to.",
                where=where,
                got=", ".join(f"{signature.meaning} by {signature.person_id}" for signature in signatures),
                expected="signatures of different people",
                action=REFUSE,
            )
        )
    elif len({look_of(signature.printed_name) for signature in signatures}) != len(signatures):
        faults.append(
            fault(
                "RQC-V183",
                "Nobody can tell the names of two signers apart: they may be one person.",
                where=where,
                got=", ".join(f"{signature.printed_name} ({signature.person_id})" for signature in signatures),
                expected="names that differ to the eye",
                action="Ask the site who signed.",
            )
        )
    roles_that_decide = _DECIDING_ROLES.get(kind, set())
    deciding = [
        signature
        for signature in signatures
        if signature.role in roles_that_decide and (kind not in _RELEASES or signature.meaning in _RELEASING_MEANINGS)
    ]
    if signatures and not deciding:
        faults.append(
            fault(
                "RQC-V184",
                "Nobody signed whose role may decide this.",
                where=where,
                got=", ".join(f"{signature.meaning} as {_either([signature.role])}" for signature in signatures),
                expected=f"a signature as {_either(sorted(roles_that_decide)) or 'nobody: the kind is unknown'}",
                action=REFUSE,
            )
        )
    return faults


def _either(roles: Sequence[str]) -> str:
    return " or ".join(roles).replace("_", " ")


def later_decisions(certificate: Certificate, *, trust: Trust, now: datetime) -> tuple[list[Fault], int]:
    """Return what among the known documents takes the place of a certificate or its decision, and how many do not verify.

    A known document counts only when the people who signed it could; otherwise anybody could withdraw a certificate.
    """
    faults, unread = [], 0
    for name, data in trust.known:
        other, decision = _known(data)
        if (
            decision is None
            or decision_faults(decision, trust=trust, now=now, proved_at=None)
            or (other is not None and any(seal_faults(other, trust, None)))
        ):
            unread += 1
            continue
        if decision.get("supersedes") == certificate.decision.get("decision_id"):
            faults.append(
                fault(
                    "RQC-V151",
                    "A later decision superseded the one that this certificate carries.",
                    where=name,
                    got=f"{str(decision.get('kind')).replace('_', ' ')} {decision.get('decision_id')} of {decision.get('made_at')}",
                    expected=f"{certificate.decision.get('decision_id')} as the last decision that is known",
                    action="Ask for the certificate of the later decision; do not use this one.",
                )
            )
        if other is not None and other.supersedes == certificate.certificate_id:
            faults.append(
                fault(
                    "RQC-V152",
                    "A later certificate superseded this one.",
                    where=name,
                    got=f"{other.certificate_id} of {other.issued_at}",
                    expected=f"{certificate.certificate_id} as the last certificate that is known",
                    action="Use the later one.",
                )
            )
    return faults, unread


def _known(data: bytes) -> tuple[Certificate | None, Mapping[str, Any] | None]:
    try:
        record = read_pdf(data).files["certificate.json"] if data.startswith(b"%PDF") else data.removesuffix(b"\n")
        if b'"regenqc.certificate/1"' in record:
            certificate = read_certificate(record)
            return certificate, certificate.decision
        decision = msgspec.json.decode(record)
        if canonical_json(decision) == record and decision["schema"] in {_SCHEMA, HOSPITAL_SCHEMA}:
            return None, decision
    except (UnreadablePdfError, RegenqcError, msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError):
        pass
    return None, None


def _people(trust: Trust) -> People:
    """Return the registry, read once."""
    key = (trust.people, trust.people_root)
    if key not in _read:
        _read.clear()
        _read[key] = read_people(trust.people, root=trust.people_root)
    return _read[key]
