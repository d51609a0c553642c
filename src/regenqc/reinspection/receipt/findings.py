"""What follows from a receipt: each test with its word and its reason, and everything that makes the receipt itself doubtful.

Nothing here decides. A test that was not looked at has no word, so that it is missing where the specification requires it; a
test that was looked at complies or does not, and says why not under a code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from regenqc.custody.words import PERMITTING_DECISIONS
from regenqc.errors import Fault
from regenqc.reinspection.condition.excursions import Trouble
from regenqc.reinspection.receipt.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.reinspection.receipt.expectation import Expectation
    from regenqc.reinspection.receipt.model import Receipt

    _Judge = Callable[[Receipt, Expectation, datetime | None], Iterator[Fault]]

__all__ = ["COMPLIES", "DOES_NOT_COMPLY", "ReceiptFinding", "receipt_findings"]

COMPLIES: Final = "complies"
DOES_NOT_COMPLY: Final = "does not comply"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFinding:
    """Hold what was found for one test of a receipt.

    Args:
        test: test code.
        word: `complies`, `does not comply`, or empty where it was not looked at or cannot be told.
        outcome: word of the ledger where it does not comply.
        faults: why not.
    """

    test: str
    word: str
    outcome: str
    faults: tuple[Fault, ...] = ()


def receipt_findings(
    receipt: Receipt, expected: Expectation, *, now: datetime | None = None
) -> tuple[ReceiptFinding, ...]:
    """Return what was found for every test that a receipt itself answers.

    Args:
        receipt: as written down.
        expected: what the ledger says of the item.
        now: the present moment, with zone; without it a receipt dated in the future is not found.

    Codes: `RQC-H301` unknown shipment, `RQC-H302` received twice, `RQC-H303` count, `RQC-H304` packet of another lot, `RQC-H305`
    packet not verified, `RQC-H306` wrong clock of a logger, `RQC-H307` no time zone, `RQC-H308` two inspectors with one
    identity, `RQC-H309` identity does not match, `RQC-H310` expired, `RQC-H311` condition on the way, `RQC-H312` shipper,
    `RQC-H313` an answer is no, `RQC-H314` fewer than two readings, `RQC-H315` the maker judged by another version of the
    specification than the one in force here, `RQC-H316` received before it was sent, or in the future.
    """
    return tuple([_finding(test, outcome, judge, receipt, expected, now) for test, outcome, judge in _TESTS])


class _NotLookedAtError(Exception):
    """Say that nothing was written down for a test."""


def _finding(
    test: str,
    outcome: str,
    judge: _Judge,
    receipt: Receipt,
    expected: Expectation,
    now: datetime | None,
) -> ReceiptFinding:
    try:
        faults = tuple(judge(receipt, expected, now))
    except _NotLookedAtError:
        return ReceiptFinding(test=test, word="", outcome="")
    if not faults:
        return _GOOD[test]
    # A zone that is missing and a clock that is wrong tell nothing about the product: they hold, they do not fail.
    if all(fault.code in _HOLDING for fault in faults):
        return ReceiptFinding(test=test, word="", outcome="", faults=faults)
    return ReceiptFinding(test=test, word=DOES_NOT_COMPLY, outcome=outcome, faults=faults)


def _fault(code: str, what: str, *, got: str = "", expected: str = "", action: str = "") -> Fault:
    return Fault(code=code, what=what, got=got, expected=expected, action=action)


def _shipment(receipt: Receipt, expected: Expectation, _now: datetime | None) -> Iterator[Fault]:
    if not expected.known or not expected.shipment:
        yield _fault(
            "RQC-H301",
            "The ledger knows no shipment of this container.",
            got=receipt.item if not expected.known else receipt.shipment or "never sent",
            expected="an item that was sent here",
            action="Keep it apart, and ask the sender for the event.",
        )
    elif receipt.shipment and receipt.shipment != expected.shipment:
        yield _fault(
            "RQC-H301",
            "The papers name another shipment than the ledger.",
            got=receipt.shipment,
            expected=expected.shipment,
            action="Keep it apart, and ask the sender.",
        )
    if expected.times_received > 1:
        yield _fault(
            "RQC-H302",
            "The container was received before.",
            got=f"{expected.times_received} receipts",
            expected="one",
            action="Find out which of them is this container.",
        )


def _packet(receipt: Receipt, expected: Expectation, _now: datetime | None) -> Iterator[Fault]:
    packet = receipt.packet
    if packet is None:
        raise _NotLookedAtError
    if not packet.verified:
        yield _fault(
            "RQC-H305",
            "The release packet is not verified.",
            got="; ".join(packet.faults) or "no check was passed",
            expected="every check passed",
            action="Ask the manufacturer for the packet, and for its keys by another way.",
        )
    # What could not be read speaks of no lot at all.
    if expected.lot and packet.batch != expected.lot and (packet.batch or packet.verified):
        yield _fault(
            "RQC-H304",
            "The packet speaks of another lot.",
            got=packet.batch,
            expected=expected.lot,
            action="Keep the container apart, and ask for the packet of its own lot.",
        )
    if packet.verified and packet.decision not in PERMITTING_DECISIONS:
        yield _fault(
            "RQC-H305",
            "The packet carries no release.",
            got=packet.decision,
            expected="release, conditional_release or exceptional_release",
        )
    if packet.installed and packet.fingerprint != packet.installed:
        yield _fault(
            "RQC-H315",
            "The maker judged by another version of the specification than the one in force here.",
            got=f"{packet.specification} {packet.fingerprint or 'without fingerprint'}",
            expected=packet.installed,
            action="Keep it apart, compare both with `regenqc spec diff`, and agree on one version with the maker.",
        )


def _identity(receipt: Receipt, expected: Expectation, _now: datetime | None) -> Iterator[Fault]:
    if not receipt.readings:
        raise _NotLookedAtError
    people = {reading.person for reading in receipt.readings}
    if len(receipt.readings) < 2 or "" in people:
        got = next((reading.by for reading in receipt.readings if reading.person), "nobody")
        yield _fault("RQC-H314", "The label was read by one person only.", got=got, expected="two")
    elif len(people) < 2:
        yield _fault(
            "RQC-H308",
            "Both readings are by one and the same person.",
            got=receipt.readings[0].by,
            expected="two different people",
            action="Let a second person read the label, without seeing what was read.",
        )
    for reading in receipt.readings:
        for name in ("recipient", "coi", "lot"):
            read, known = getattr(reading, name), getattr(expected, name)
            if read != known:
                yield _fault(
                    "RQC-H309",
                    f"What {reading.by} read as {name} is not what the ledger says.",
                    got=read or "nothing",
                    expected=known or "nothing",
                    action="Stop: this is not that item. Keep it apart.",
                )


def _count(receipt: Receipt, expected: Expectation, _now: datetime | None) -> Iterator[Fault]:
    if not receipt.containers:
        raise _NotLookedAtError
    if not receipt.containers.isdecimal() or int(receipt.containers) != expected.containers or not expected.containers:
        yield _fault(
            "RQC-H303",
            "The count disagrees with the shipment.",
            got=receipt.containers,
            expected=str(expected.containers or "a known number"),
            action="Count again with a second person, and tell the sender.",
        )


def _answered(test: str, text: str) -> _Judge:
    def judge(receipt: Receipt, _: Expectation, _now: datetime | None) -> Iterator[Fault]:
        answer = receipt.answer_to(test)
        if answer is None:
            raise _NotLookedAtError
        if answer.answer != "yes":
            yield _fault("RQC-H313", text, got=f"no, says {answer.by}. {answer.remark}".strip(), expected="yes")

    return judge


def _expiry(receipt: Receipt, expected: Expectation, now: datetime | None) -> Iterator[Fault]:
    if not receipt.expires_at or not receipt.received_at:
        raise _NotLookedAtError
    moments: dict[str, datetime] = {}
    for name, text in (("expiry on the label", receipt.expires_at), ("receipt", receipt.received_at)):
        moment = _zoned(text)
        if moment is None:
            yield _fault(
                "RQC-H307",
                f"The {name} is no date and time with zone.",
                got=text,
                expected="as 2027-03-16T00:00+01:00",
                action="Ask which zone the label means; none is assumed.",
            )
            return
        moments[name] = moment
    sent = datetime.fromisoformat(expected.sent_at) if expected.sent_at else None
    if (sent is not None and moments["receipt"] < sent) or (now is not None and moments["receipt"] > now):
        yield _fault(
            "RQC-H316",
            "It cannot have been received then.",
            got=receipt.received_at,
            expected=f"after it was sent, {expected.sent_at or 'whenever that was'}, and not in the future",
            action="Correct the moment of receipt, and check the clocks; whether it was in date is not known until then.",
        )
    if moments["receipt"] > moments["expiry on the label"]:
        yield _fault("RQC-H310", "It had expired on receipt.", got=receipt.received_at, expected=receipt.expires_at)
    if expected.expires_at and datetime.fromisoformat(expected.expires_at) != moments["expiry on the label"]:
        yield _fault(
            "RQC-H310",
            "The label prints another expiry than the ledger.",
            got=receipt.expires_at,
            expected=expected.expires_at,
        )


def _zoned(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _shipper(receipt: Receipt, _: Expectation, _now: datetime | None) -> Iterator[Fault]:
    if not receipt.shipper or not receipt.requalified_until or not receipt.received_at:
        raise _NotLookedAtError
    try:
        until = date.fromisoformat(receipt.requalified_until)
        arrived = datetime.fromisoformat(receipt.received_at).date()
    except ValueError:
        raise _NotLookedAtError from None
    if arrived > until:
        yield _fault(
            "RQC-H312",
            f"The shipper {receipt.shipper} was past its date of requalification.",
            got=receipt.requalified_until,
            expected=f"{arrived.isoformat()} or later",
            action="Its hold time is not shown; judge the data of the logger alone.",
        )


def _way(receipt: Receipt, _: Expectation, _now: datetime | None) -> Iterator[Fault]:
    if not receipt.way:
        raise _NotLookedAtError
    for each in receipt.way:
        if each.verdict == "conforms":
            continue
        clocks = {Trouble.WRONG_CLOCK.name, Trouble.OUT_OF_ORDER.name}
        is_clock = bool(each.troubles) and set(each.troubles) <= clocks
        if _WITHOUT_ZONE in each.troubles:
            yield _fault(
                "RQC-H307",
                "The readings of a logger state no time zone.",
                got=" ".join(each.explanation),
                expected="moments with zone, or a profile that states the zone of the logger",
            )
            continue
        fails = each.verdict == "fails"
        yield _fault(
            "RQC-H311" if fails else "RQC-H306",
            "On the way it was outside what is permitted."
            if fails
            else "The clock of the logger does not fit the way."
            if is_clock
            else "What happened on the way cannot be told.",
            got=" ".join(each.explanation),
            expected="within the limits of the product, watched throughout",
        )


# A moment without zone, as the readers of loggers name it.
_WITHOUT_ZONE: Final = "RQC-H222"
_HOLDING: Final = frozenset({"RQC-H306", "RQC-H307", "RQC-H308", "RQC-H314", "RQC-H315", "RQC-H316"})
# In this order they are looked at, and the first that does not comply says what the ledger records.
_TESTS: Final = (
    ("receipt_shipment", "no_pedigree_match", _shipment),
    ("receipt_packet", "no_pedigree_match", _packet),
    ("receipt_identity", "mismatch_instance", _identity),
    ("receipt_count", "mismatch_quantity", _count),
    *((each.test, each.outcome, _answered(each.test, each.text)) for each in QUESTIONS),
    ("receipt_expiry", "expired", _expiry),
    ("receipt_shipper", "non_conformant", _shipper),
    ("receipt_way", "non_conformant", _way),
)
# Nearly every finding is good, and all good ones of a test are one.
_GOOD: Final = {test: ReceiptFinding(test=test, word=COMPLIES, outcome="") for test, _, _ in _TESTS}
