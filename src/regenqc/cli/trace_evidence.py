"""Write evidence packets whole or not at all, and check them without a ledger."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.cli.ledger_place import open_book, read_file
from regenqc.errors import Fault, LedgerError, UsageError

if TYPE_CHECKING:
    from regenqc.cli.trace_answers import Question
    from regenqc.ledger import Policy

__all__ = ["CheckedPacket", "WrittenPacket", "check_packet", "write_packet"]


@dataclass(frozen=True, slots=True)
class WrittenPacket:
    """Say how much a packet holds."""

    events: int
    items: int
    bytes: int


@dataclass(frozen=True, slots=True)
class CheckedPacket:
    """Say what was shown: so many events stand in a log, under a checkpoint of a size."""

    events: int
    origin: str
    size: int


def write_packet(ledger: str, question: Question, *, out: Path, trust: Policy | None) -> WrittenPacket:
    """Write the evidence for a trace into a new folder.

    Args:
        ledger: URL.
        question: `forward` or `backward`.
        out: the folder; must not be there, or be empty.
        trust: take the newest checkpoint that this policy trusts; `None` for simply the newest.

    Raises:
        UsageError: `RQC-U102`, the folder is in use or cannot be written.
        LedgerError: `RQC-L061`, no checkpoint covers the events yet.
    """
    from regenqc.custody.trace import Reader, backward, events_of_items, evidence_packet, forward, trace_document

    _check_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    size = 0
    try:
        with open_book(ledger, read_only=True) as book:
            with book.read() as view:
                answer = forward if question.name == "forward" else backward
                trace = answer(view, question.about, asking=question.asking)
                reader = Reader(view, question.asking)
                codes = [item.code for item in trace.items]
                indices = sorted({*trace.events, *events_of_items(reader, codes)})
            (work / "events").mkdir()
            for name, data in evidence_packet(
                book.log, indices, question=question.document, answer=trace_document(trace), trust=trust
            ):
                (work / name).write_bytes(data)
                size += len(data)
        if out.exists():
            out.rmdir()
        work.chmod(0o755)
        work.replace(out)
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return WrittenPacket(len(indices), len(codes), size)


def check_packet(packet: Path, trust: Policy, *, now: int) -> CheckedPacket:
    """Check every proof of a packet, and that every event that the answer names is there.

    Args:
        packet: its folder.
        trust: whom to believe.
        now: seconds since 1970 UTC.

    Raises:
        LedgerError: `RQC-L087`, the packet holds other events than its answer names; or a proof does not hold.
        SignatureError: the policy does not trust the checkpoint.
    """
    from regenqc.ledger.proof import parse_proof, verify_proof

    try:
        answer = json.loads(read_file(packet / "answer.json"))
        named = sorted(int(index) for index in answer["events"])
    except (ValueError, KeyError, TypeError) as error:
        raise _other_events(packet, f"answer.json cannot be read: {error}") from error
    there = sorted(int(path.stem) for path in (packet / "events").glob("*.json") if path.stem.isdigit())
    if there != named:
        raise _other_events(packet, f"{len(there)} events where the answer names {len(named)}")
    checkpoint = read_file(packet / "checkpoint")
    signed = trust.trust(checkpoint, now=now).signed
    for index in named:
        proof = read_file(packet / "events" / f"{index}.proof")
        found = verify_proof(proof, read_file(packet / "events" / f"{index}.json"), policy=trust, now=now)
        if found.index != index or parse_proof(proof).checkpoint != checkpoint:
            raise _other_events(packet, f"the proof of event {index} is one of another event or checkpoint")
    return CheckedPacket(len(named), signed.origin, signed.size)


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise _unwritable(out, "it holds something already")


def _unwritable(out: Path, got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U102",
            what="The packet cannot be written there.",
            where=str(out),
            got=got,
            expected="a new or empty folder",
            action="Name another folder; evidence is never overwritten.",
        )
    )


def _other_events(packet: Path, got: str) -> LedgerError:
    return LedgerError(
        Fault(
            code="RQC-L087",
            what="The packet does not hold the events that its answer stands on.",
            where=str(packet),
            got=got,
            action="Ask for the packet again, and keep this one.",
        )
    )
