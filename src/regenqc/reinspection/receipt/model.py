"""The record of a receipt: who looked, what they read from the label, what they found, in their own words and as typed."""

from __future__ import annotations

from typing import Final, Literal
from unicodedata import normalize

import msgspec
from msgspec import Struct

from regenqc.canonical import canonical_json
from regenqc.custody.record import Condition  # noqa: TC001 - msgspec reads the type when it decodes
from regenqc.errors import DataError, Fault

__all__ = [
    "SCHEMA",
    "Answer",
    "IdentityReading",
    "PacketFinding",
    "PacketResult",
    "ReTest",
    "Receipt",
    "WayCondition",
    "amended",
    "read_receipt",
    "receipt_bytes",
]

SCHEMA: Final = "regenqc.receipt/1"
_CAME_LATER: Final = frozenset({"specification", "fingerprint", "installed"})


class IdentityReading(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one person read from the label, before seeing what is expected."""

    by: str
    role: str
    recipient: str
    coi: str
    lot: str

    @property
    def person(self) -> str:
        """Return who read it however the name is spelt: another case, blanks and full-width forms make nobody else."""
        return normalize("NFKC", self.by).strip().casefold()


class Answer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Answer one question: `yes` or `no`, by whom, with what remark."""

    question: str
    answer: Literal["yes", "no"]
    by: str
    remark: str = ""


class PacketResult(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One result of the manufacturer, as the certificate of the packet states it, at the stage at which it was obtained."""

    test: str
    stage: str
    result: str
    unit: str = ""
    method: str = ""
    uncertainty: str = ""


class PacketFinding(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of the release packet when it was verified offline.

    Args:
        digest: of the file, `sha256:` and 64 hexadecimal digits.
        verified: every check that could be made was passed.
        batch: to which it speaks.
        decision: kind of the decision that it carries.
        certificate: its identifier.
        pending: results that may follow the release, as `requirement moment`; the moment left out where none is stated.
        faults: codes and sentences of what failed.
        results: of the manufacturer; none where the packet is not verified.
        specification: by which the manufacturer judged, as `id#version`; empty in receipts written before this was asked.
        fingerprint: of it.
        installed: fingerprint of the specification of that identifier as it was agreed with or is in force at the hospital;
            empty where the hospital has none.
    """

    digest: str
    verified: bool
    batch: str
    decision: str
    certificate: str
    pending: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    results: tuple[PacketResult, ...] = ()
    specification: str = ""
    fingerprint: str = ""
    installed: str = ""


class WayCondition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of one channel of a logger on the way.

    Args:
        channel: what was measured.
        logger: its serial number.
        verdict: a word of verdicts.
        explanation: sentences for people.
        troubles: names of what keeps it from conforming.
        digest: of the logger's file.
        condition: as the ledger records it.
    """

    channel: str
    logger: str
    verdict: str
    explanation: tuple[str, ...]
    troubles: tuple[str, ...]
    digest: str
    condition: Condition | None = None


class ReTest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One result of the hospital's own laboratory, as reported; `uncertainty` is a standard uncertainty in the unit."""

    test: str
    result: str
    unit: str = ""
    method: str = ""
    uncertainty: str = ""
    tested_at: str = ""


class Receipt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One container on receipt; what has not been looked at yet is empty, and never conforms.

    Args:
        schema: `regenqc.receipt/1`.
        item: code on the container.
        site: where it arrived.
        shipment: event_id of the event that sent it, from the papers.
        received_at: date and time with zone.
        received_by: pseudonym of whoever took it over.
        received_as: in which role.
        readings: of the label, by two people.
        containers: how many were counted.
        answers: to the questions of `questions`.
        expires_at: date and time with zone, as printed on the label.
        shipper: identifier of the transport container.
        requalified_until: date until which it is qualified.
        packet: what became of the release packet.
        way: what became of the loggers' data.
        results: of the hospital's laboratory.
        thawed_at: when a sample or the dose was thawed for the tests; the day from which a culture runs.
        attributes: further attributes of the batch that the specification selects on.
    """

    schema: str
    item: str
    site: str
    shipment: str = ""
    received_at: str = ""
    received_by: str = ""
    received_as: str = ""
    readings: tuple[IdentityReading, ...] = ()
    containers: str = ""
    answers: tuple[Answer, ...] = ()
    expires_at: str = ""
    shipper: str = ""
    requalified_until: str = ""
    packet: PacketFinding | None = None
    way: tuple[WayCondition, ...] = ()
    results: tuple[ReTest, ...] = ()
    thawed_at: str = ""
    attributes: dict[str, str] = {}

    def answer_to(self, question: str) -> Answer | None:
        """Return the last answer to a question."""
        found = None
        for each in self.answers:
            if each.question == question:
                found = each
        return found


def amended(receipt: Receipt, **members: object) -> Receipt:
    """Return the receipt with other members.

    Example:
        >>> amended(Receipt(schema=SCHEMA, item="DP-1", site="HOSPITAL-1"), containers="2").containers
        '2'
    """
    return msgspec.structs.replace(receipt, **members)


def receipt_bytes(receipt: Receipt) -> bytes:
    """Return the bytes of a receipt's file: one JSON object in its one spelling."""
    value = msgspec.to_builtins(receipt)
    if receipt.packet is not None:
        # What the ledger recorded by its digest keeps its bytes: members that came later are absent where they say nothing.
        value["packet"] = {name: told for name, told in value["packet"].items() if told or name not in _CAME_LATER}
    return canonical_json(value) + b"\n"


def read_receipt(data: bytes, *, where: str = "receipt.json") -> Receipt:
    """Return the receipt that a file states.

    Raises:
        DataError: `RQC-H300`, the file is no receipt.

    Example:
        >>> receipt = Receipt(schema=SCHEMA, item="DP-0001-1", site="HOSPITAL-1")
        >>> read_receipt(receipt_bytes(receipt)) == receipt
        True
    """
    try:
        receipt = msgspec.json.decode(data, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(
            Fault(
                code="RQC-H300",
                what="The file is no receipt.",
                where=where,
                got=str(error),
                expected=f"a JSON object of schema {SCHEMA}",
                action="Start one with `regenqc reinspect FILE --item CODE --form`.",
            )
        ) from error
    if receipt.schema != SCHEMA:
        raise DataError(
            Fault(code="RQC-H300", what="The file is no receipt.", where=where, got=receipt.schema, expected=SCHEMA)
        )
    return receipt
