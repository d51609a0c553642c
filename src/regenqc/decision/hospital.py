"""The decision of a hospital about one container on receipt: what lay before the person, what they decided, who signed it.

It is to a receipt what `regenqc.decision.model` is to a lot, and names the same things by the same names. The whole receipt
stands in it as it was written down, so that it can be read, and checked, without a ledger and without anything else.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from regenqc.canonical import canonical_json, digest_of
from regenqc.decision.model import (
    Attribute,
    DocumentReference,
    Finding,
    InputName,
    PendingItem,
    RegistryName,
    RemovedItem,
    RequiredSignature,
    RequirementRow,
    ResultRow,
    SpecificationName,
)
from regenqc.signing.signature import Signature  # noqa: TC001 - msgspec reads the type when it decodes

__all__ = [
    "ACCEPTS",
    "SCHEMA",
    "SIGNATURE",
    "HospitalCheck",
    "HospitalDecision",
    "HospitalDecisionKind",
    "HospitalEvaluation",
    "hospital_content_bytes",
    "hospital_decision_bytes",
    "hospital_decision_id_of",
    "hospital_decision_schema",
    "people_of_receipt",
    "with_hospital_signature",
]

SCHEMA: Final = "regenqc.hospital_decision/1"
# Decisions that rest on a receipt that conforms; `exceptional` rests on the documents of its path.
ACCEPTS: Final = frozenset({"accept", "accept_for_infusion"})
SIGNATURE: Final = RequiredSignature(
    meaning="receipt",
    roles=("hospital_inspector", "physician", "qualified_person"),
    text="Somebody decides who neither received nor inspected the container, in another role than the one that received it",
    citation="a rule of this software; no source asks for it in these words",
    mark="unverified",
)

HospitalDecisionKind = Literal["accept", "accept_for_infusion", "exceptional", "quarantine", "refuse"]


class HospitalCheck(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """State what was found for one test that the receipt itself answers.

    Args:
        test: test code, `receipt_…`.
        found: `complies`, `does not comply`, or empty where it was not looked at or cannot be told.
        codes: of what was wrong.
        why: in sentences.
    """

    test: str
    found: str
    codes: tuple[str, ...]
    why: str


class HospitalEvaluation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name the evaluation: when and by which version it was made, and the digests of what it rests on.

    `inputs` are the receipt, the release packet and the files of the loggers.
    """

    as_of: str
    engine: str
    inputs: tuple[InputName, ...]


class HospitalDecision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One decision about one container.

    Args:
        schema: `regenqc.hospital_decision/1`.
        decision_id: `HOSPITAL-` and 20 hexadecimal digits that follow from the content; the same decision has the same.
        item: code on the container.
        batch_id: manufactured lot, as the ledger knows it, or else as it was read from the label.
        stage: `hospital_receipt`.
        kind: what was decided; `refuse` is permanent.
        site: who decides, as the registry of people names it.
        place: where the container arrived, as the ledger names it.
        role: in which the person acted, as the ledger names it.
        registry: by which the signature is to be checked.
        spec: by which the receipt was judged.
        disposition: what the data allowed.
        outcome: what the ledger records of the inspection.
        reasons: every cell that does not simply conform, in sentences.
        counts: cells by state.
        evaluation: when it was judged, and on what it rests.
        lot: what certificates say of the container, by the names of batch tables.
        requirements: every cell.
        results: every result with its verdict, those that the receipt itself answers first.
        findings: every cell that does not simply conform.
        removed: requirements that the specification removed.
        checks: what the receipt itself answers, asked for or not.
        pending: results that may follow.
        receipt: as it was written down (`regenqc.receipt/1`).
        receipt_digest: of the file of the receipt, which the ledger names.
        exceptional: documents of the exceptional path.
        reason: in words; empty only where the container was accepted.
        supersedes: decision about the container that this one takes the place of; empty for the first.
        prepared_by: who decides.
        made_at: when, with zone; the signature is later.
        required_signatures: one.
        signatures: given so far; only a decision that is signed is in force.
    """

    schema: str
    decision_id: str
    item: str
    batch_id: str
    stage: str
    kind: HospitalDecisionKind
    site: str
    place: str
    role: str
    registry: RegistryName
    spec: SpecificationName
    disposition: str
    outcome: str
    reasons: str
    counts: dict[str, int]
    evaluation: HospitalEvaluation
    lot: tuple[Attribute, ...]
    requirements: tuple[RequirementRow, ...]
    results: tuple[ResultRow, ...]
    findings: tuple[Finding, ...]
    removed: tuple[RemovedItem, ...]
    checks: tuple[HospitalCheck, ...]
    pending: tuple[PendingItem, ...]
    receipt: dict[str, Any]
    receipt_digest: str
    exceptional: tuple[DocumentReference, ...]
    reason: str
    supersedes: str
    prepared_by: str
    made_at: str
    required_signatures: tuple[RequiredSignature, ...]
    signatures: tuple[Signature, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether it is signed; whether the signature verifies is another question."""
        return bool(self.signatures) and len(self.signatures) == len(self.required_signatures)


def hospital_content_bytes(decision: HospitalDecision) -> bytes:
    """Return what is shown and signed: the canonical bytes without the signatures."""
    members = msgspec.to_builtins(decision)
    del members["signatures"]
    return canonical_json(members)


def hospital_decision_bytes(decision: HospitalDecision) -> bytes:
    """Return the bytes of a decision's file."""
    return canonical_json(msgspec.to_builtins(decision)) + b"\n"


def with_hospital_signature(decision: HospitalDecision, signature: Signature) -> HospitalDecision:
    """Return the decision with its signature."""
    return msgspec.structs.replace(decision, signatures=(*decision.signatures, signature))


def hospital_decision_schema() -> dict[str, Any]:
    """Return the JSON Schema of a hospital's decision, for those who read decisions without regenqc.

    Example:
        >>> hospital_decision_schema()["$ref"]
        '#/$defs/HospitalDecision'
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(HospitalDecision)}


def hospital_decision_id_of(decision: HospitalDecision) -> str:
    """Return the identifier that follows from the content, whenever it is made."""
    members = msgspec.to_builtins(decision)
    for name in ("decision_id", "made_at", "signatures", "registry"):
        del members[name]
    del members["evaluation"]["as_of"]
    return f"HOSPITAL-{digest_of(canonical_json(members)).removeprefix('sha256:')[:20].upper()}"


def people_of_receipt(receipt: dict[str, Any]) -> frozenset[str]:
    """Return the pseudonyms of everybody who received or inspected a container.

    Args:
        receipt: as it was written down.

    Example:
        >>> sorted(people_of_receipt({"received_by": "PHARM-0099", "readings": [{"by": "NURSE-0501"}]}))
        ['NURSE-0501', 'PHARM-0099']
    """
    read = [str(each.get("by", "")) for each in receipt.get("readings", ())]
    answered = [str(each.get("by", "")) for each in receipt.get("answers", ())]
    return frozenset({str(receipt.get("received_by", "")), *read, *answered} - {""})
