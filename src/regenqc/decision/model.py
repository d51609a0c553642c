"""The decision: what a named person saw of a batch, what they confirmed, what they decided, and who signed it.

Everything on which the decision rests stands in it: the specification by fingerprint, the evaluation by digests, every
judged result with its limit, every finding, every answer. It can be read, and checked, without anything else.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from regenqc.canonical import canonical_json, digest_of
from regenqc.signing.signature import Signature  # noqa: TC001 - msgspec reads the type when it decodes

__all__ = [
    "SCHEMA",
    "Acknowledgement",
    "Answer",
    "Attribute",
    "AuditReviewed",
    "Decision",
    "DecisionKind",
    "DocumentReference",
    "EvaluationName",
    "Finding",
    "InputName",
    "PendingItem",
    "RegistryName",
    "RemovedItem",
    "RequiredSignature",
    "RequirementRow",
    "ResultRow",
    "SpecificationName",
    "content_bytes",
    "decision_bytes",
    "decision_id_of",
    "decision_schema",
    "with_signature",
]

SCHEMA: Final = "regenqc.decision/1"

DecisionKind = Literal["release", "conditional_release", "exceptional_release", "reject", "withdrawal"]


class SpecificationName(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name the specification by which the batch was judged."""

    id: str
    version: str
    fingerprint: str
    title: str
    jurisdiction: str
    pathway: str
    extends: tuple[str, ...]


class InputName(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name an input file of the evaluation by its digest."""

    name: str
    digest: str


class EvaluationName(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name the evaluation: when and by which version it was made, and the digests of its files."""

    as_of: str
    engine: str
    inputs: tuple[InputName, ...]
    run: str
    dispositions: str
    findings: str
    results: str
    verdicts: str


class Attribute(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """State one attribute of the lot, as exported."""

    name: str
    value: str


class Finding(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Copy one explained cell that does not simply conform."""

    requirement_id: str
    verdict: str
    reason_code: str
    test: str
    reported: str
    unit: str
    limit: str
    explanation: str


class RequirementRow(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """State one cell: a requirement that applied to the batch, and its verdict.

    `pending` says that its result may follow the release; `mark` how far its source has been checked.
    """

    requirement_id: str
    title: str
    test: str
    limit: str
    method: str
    citation: str
    force: str
    mark: str
    verdict: str
    pending: bool


class ResultRow(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Copy one judged row.

    Args:
        requirement_id: of the requirement that it is evidence for; empty when none speaks of the test.
        title: of that requirement.
        reported: the text as reported.
        computed: the row was computed from others.
        counts: it was judged; false for a superseded, invalidated or preliminary row.
        changed: what changed after entry, in a sentence; empty when nothing did. Printed as a mark beside the result.
        uncertainty: standard uncertainty in `unit`, as stated; whoever receives the lot compares with it. Left out where none is.
    """

    requirement_id: str
    title: str
    test: str
    reported: str
    unit: str
    limit: str
    method: str
    verdict: str
    reason_code: str
    result_id: str
    revision: str
    status: str
    analyst: str
    laboratory: str
    tested_at: str
    reported_at: str
    source: str
    row_number: int
    computed: bool
    counts: bool
    changed: str
    uncertainty: str = ""


class Answer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Answer one item of the checklist: `yes`, `no` or `not_applicable`, by whom, with what comment."""

    id: str
    text: str
    citation: str
    mark: str
    answer: Literal["yes", "no", "not_applicable"]
    comment: str
    by: str


class Acknowledgement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Acknowledge, by name, one thing that is not as it should be.

    `kind` is `alert`, `conditional`, `removed`, `unverified_limit`, `failure`, `inconclusive` or `missing`.
    """

    id: str
    kind: str
    text: str
    by: str


class PendingItem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name a requirement whose result may follow the release, and when it is due (empty when unknown)."""

    requirement_id: str
    title: str
    due: str


class RemovedItem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name a requirement of an extended specification that the specification removed, and why."""

    requirement_id: str
    justification: str


class DocumentReference(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Refer to a document of the exceptional path: what it is, who asks for it, and its identifier."""

    id: str
    text: str
    citation: str
    mark: str
    reference: str


class AuditReviewed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say which audit trail lay before the person: number of entries, and digest of them."""

    entries: int
    digest: str


class RegistryName(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name the registry of people: by its first line, and by its last line when the decision was prepared."""

    root: str
    head: str


class RequiredSignature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say whose signature the decision needs: what it means, in which of these roles, and which rule asks for it."""

    meaning: str
    roles: tuple[str, ...]
    text: str
    citation: str
    mark: str


class Decision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One decision about one batch at one stage under one specification.

    Args:
        schema: `regenqc.decision/1`.
        decision_id: `DECISION-` and 20 hexadecimal digits that follow from the content; the same decision has the same.
        kind: what was decided; `withdrawal` leaves the batch without decision.
        site: who decides, as the registry of people names it.
        registry: by which the signatures are to be checked: the registry, at least as far as it went then.
        disposition: what the data allowed.
        reasons: of the disposition, as the evaluation words them.
        counts: cells by state: `fails`, `inconclusive`, `missing`, `pending`, `alerts`.
        checklist: identifier of the checklist.
        justification: why the decision departs from the disposition; empty when it does not.
        exceptional: documents of the exceptional path.
        supersedes: decision that this one takes the place of.
        reason: why it does.
        prepared_by: person who answered and acknowledged.
        made_at: when, with zone; every signature is later.
        required_signatures: in the order in which they are given, by as many different people.
        signatures: given so far. Only a decision with all of them is in force.
    """

    schema: str
    decision_id: str
    batch_id: str
    stage: str
    kind: DecisionKind
    site: str
    registry: RegistryName
    spec: SpecificationName
    disposition: str
    reasons: str
    counts: dict[str, int]
    evaluation: EvaluationName
    lot: tuple[Attribute, ...]
    requirements: tuple[RequirementRow, ...]
    results: tuple[ResultRow, ...]
    findings: tuple[Finding, ...]
    removed: tuple[RemovedItem, ...]
    pending: tuple[PendingItem, ...]
    checklist_id: str
    checklist: tuple[Answer, ...]
    acknowledged: tuple[Acknowledgement, ...]
    justification: str
    exceptional: tuple[DocumentReference, ...]
    audit: AuditReviewed
    supersedes: str | None
    reason: str
    prepared_by: str
    made_at: str
    required_signatures: tuple[RequiredSignature, ...]
    signatures: tuple[Signature, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether every required signature is there; whether they verify is another question."""
        return len(self.signatures) == len(self.required_signatures)

    @property
    def is_release(self) -> bool:
        """Return whether it lets the batch go."""
        return self.kind in {"release", "conditional_release", "exceptional_release"}

    @property
    def lot_attributes(self) -> dict[str, str]:
        """Return the attributes of the lot by name."""
        return {each.name: each.value for each in self.lot}


def content_bytes(decision: Decision) -> bytes:
    """Return what is shown and signed: the canonical bytes without the signatures."""
    members = msgspec.to_builtins(decision)
    del members["signatures"]
    return canonical_json(members)


def decision_bytes(decision: Decision) -> bytes:
    """Return the bytes of a decision's file."""
    return canonical_json(msgspec.to_builtins(decision)) + b"\n"


def with_signature(decision: Decision, signature: Signature) -> Decision:
    """Return the decision with one more signature."""
    return msgspec.structs.replace(decision, signatures=(*decision.signatures, signature))


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema of a decision, for those who read decisions without regenqc.

    Example:
        >>> decision_schema()["$ref"]
        '#/$defs/Decision'
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Decision)}


def decision_id_of(decision: Decision) -> str:
    """Return the identifier that follows from the content, whenever it is made.

    The same evaluation with the same answers by the same person is the same decision, so that deciding again adds nothing.
    """
    members = msgspec.to_builtins(decision)
    for name in ("decision_id", "made_at", "signatures", "audit", "registry"):
        del members[name]
    # The record of a run holds how long it took, which is another time when the same is judged again.
    del members["evaluation"]["run"]
    return f"DECISION-{digest_of(canonical_json(members)).removeprefix('sha256:')[:20].upper()}"
