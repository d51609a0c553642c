"""What a receipt learns from files: the release packet, and the loggers of the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.canonical import digest_of
from regenqc.cli.ledger_place import open_log, read_file
from regenqc.cli.trace_answers import moment_stated
from regenqc.errors import DataError, Fault, UsageError
from regenqc.reinspection.receipt import PacketFinding, PacketResult, WayCondition, amended

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from regenqc.reinspection.condition import ChannelRequirement, TraceFindings, Traces
    from regenqc.reinspection.receipt import Receipt
    from regenqc.specification.model import Specification

__all__ = ["add_packet", "add_way"]


def add_packet(
    receipt: Receipt, path: Path, *, trust: Path, now: datetime, used: Specification, agreed: Mapping[str, str]
) -> Receipt:
    """Return the receipt with what became of the release packet, verified offline.

    Args:
        receipt: of the container.
        path: of the packet.
        trust: folder with the keys that the hospital had before.
        now: the present moment.
        used: specification by which the hospital judges.
        agreed: fingerprints that the hospital and its makers agreed on, by identifier (`Site.specifications`).
    """
    from regenqc.cli.certify import need_libraries

    need_libraries()
    from regenqc.certificate.offline.judging import judge
    from regenqc.certificate.offline.trust import read_trust

    data = read_file(path)
    verdict, certificate, _ = judge(data, trust=read_trust(trust), now=now)
    decision = certificate.decision if certificate is not None else {}
    pending = decision.get("pending") or ()
    spec = {name: str(value) for name, value in ((decision.get("spec") or {}) if verdict.ok else {}).items()}
    stage = str(decision.get("stage", ""))
    # What does not count was superseded or set aside; what was computed is computed again from what was reported.
    told = [each for each in decision.get("results") or () if verdict.ok and each.get("counts")]
    return amended(
        receipt,
        packet=PacketFinding(
            digest=digest_of(data),
            verified=verdict.ok,
            batch=str(decision.get("batch_id", "")),
            decision=str(decision.get("kind", "")),
            certificate=certificate.certificate_id if certificate is not None else "",
            pending=tuple(f"{each.get('requirement_id')} {each.get('due', '')}".strip() for each in pending),
            faults=tuple(f"{fault.code} {fault.what}" for fault in verdict.faults),
            results=tuple(
                PacketResult(
                    test=str(each.get("test", "")),
                    stage=stage,
                    result=str(each.get("reported", "")),
                    unit=str(each.get("unit", "")),
                    method=str(each.get("method", "")),
                    uncertainty=str(each.get("uncertainty", "")),
                )
                for each in told
            ),
            specification=f"{spec.get('id', '')}#{spec.get('version', '')}" if spec else "",
            fingerprint=spec.get("fingerprint", ""),
            installed=_in_force(spec.get("id", ""), used, agreed) if spec else "",
        ),
    )


def _in_force(name: str, used: Specification, agreed: Mapping[str, str]) -> str:
    """Return the fingerprint of a specification here: as agreed, as used for the receipt, or as it is installed."""
    from regenqc.errors import SpecificationError
    from regenqc.specification import load_specification
    from regenqc.specification.lookup import find_specification

    if name in agreed:
        return agreed[name]
    if name == used.id:
        return used.fingerprint
    # An identifier alone, never a path: what a packet names is looked up among what is installed.
    installed = find_specification(name, roots=())
    try:
        return load_specification(installed).fingerprint if installed is not None else ""
    except SpecificationError:
        return ""


def add_way(
    receipt: Receipt,
    paths: Sequence[Path],
    *,
    profile: str,
    condition: Path | None,
    ledger: str,
    now: str,
    sent_at: str | None,
    pictures: list[str],
    in_turn: bool = False,
) -> Receipt:
    """Return the receipt with what became of the loggers' data on the way from shipping to receipt.

    Args:
        receipt: with the moment of receipt.
        paths: files of loggers.
        profile: how they write.
        condition: file with what the product permits.
        ledger: which says when it was sent.
        now: the present moment.
        sent_at: when it was sent, where another ledger tells that; `None` to ask this one.
        pictures: gets an SVG document for each trace.
        in_turn: the loggers travelled one after another; otherwise each of them travelled the whole way.
    """
    from regenqc.custody.moments import milliseconds_of
    from regenqc.reinspection.condition import parse_condition

    if condition is None:
        raise UsageError(
            Fault(
                code="RQC-U143",
                what="What the product permits on its way is not stated.",
                where="--condition",
                expected="a file of schema regenqc.condition/1, from the label of the product",
            )
        )
    permitted = parse_condition(read_file(condition).decode(errors="replace"), where=str(condition))
    began, ended = _way(receipt, ledger, sent_at)
    way = _Way(f"The way of {receipt.item}", began, ended, milliseconds_of(now))
    told: list[tuple[str, dict[str, Traces]]] = []
    found: list[WayCondition] = []
    for path in paths:
        data = read_file(path)
        try:
            told.append((digest_of(data), _read(data, profile, path)))
        except DataError as error:
            # A file that cannot be read stays evidence: it holds the container, and the ledger says why.
            found += [_unread(name, digest_of(data), error) for name in permitted.channels]
    for name, requirement in permitted.channels.items():
        own = [(digest, read[name]) for digest, read in told if name in read]
        if in_turn and own:
            found += _judged_in_turn(own, requirement, way, pictures)
        else:
            for digest, traces in own:
                found += _judged_apart(traces, digest, requirement, way, pictures)
    missing = permitted.channels.keys() - {each.channel for each in found}
    if missing:
        raise UsageError(
            Fault(
                code="RQC-U143",
                what="No file of a logger has a channel that the product limits.",
                where=", ".join(map(str, paths)),
                got=", ".join(sorted({each.channel for each in found})) or "none",
                expected=", ".join(sorted(missing)),
                action="Give the file of that logger, too, or state another profile.",
            )
        )
    return amended(receipt, way=tuple(found))


@dataclass(frozen=True, slots=True)
class _Way:
    """The way of one container: its title, when it began and ended, and the present moment, in milliseconds since 1970 UTC."""

    title: str
    began: int
    ended: int
    now: int


def _unread(channel: str, digest: str, error: DataError) -> WayCondition:
    return WayCondition(
        channel=channel,
        logger="",
        verdict="inconclusive",
        explanation=tuple(str(fault) for fault in error.faults),
        troubles=tuple(dict.fromkeys(fault.code for fault in error.faults)),
        digest=digest,
    )


def _judged_apart(
    traces: Traces, digest: str, requirement: ChannelRequirement, way: _Way, pictures: list[str]
) -> Iterator[WayCondition]:
    """Yield what became of the whole way by each of some loggers."""
    from regenqc.reinspection.condition import judge_traces

    ways = {"began": np.full(traces.count, way.began), "ended": np.full(traces.count, way.ended)}
    judged = judge_traces(traces, requirement, **ways, now=way.now)
    for row in range(traces.count):
        yield _leg(traces, judged, row, digest, requirement, way, pictures)


def _judged_in_turn(
    told: Sequence[tuple[str, Traces]], requirement: ChannelRequirement, way: _Way, pictures: list[str]
) -> Iterator[WayCondition]:
    """Yield what became of each leg, and of all of them together."""
    from regenqc.reinspection.condition import explain_way, judge_in_turn

    legs = judge_in_turn([traces for _, traces in told], requirement, began=way.began, ended=way.ended, now=way.now)
    digests = {name: digest for digest, traces in told for name in traces.names}
    for row, (began, ended) in enumerate(zip(legs.began, legs.ended, strict=True)):
        own = _Way(f"{way.title}, leg {row + 1}", began, ended, way.now)
        yield _leg(legs.traces, legs.findings, row, digests[legs.traces.names[row]], requirement, own, pictures)
    yield WayCondition(
        channel=requirement.name,
        logger=" + ".join(legs.traces.names),
        verdict=legs.whole.verdict.word,
        explanation=explain_way(legs, requirement),
        troubles=tuple(each.name or "" for each in legs.whole.trouble),
        digest=told[0][0],
    )


def _leg(
    traces: Traces,
    judged: TraceFindings,
    row: int,
    digest: str,
    requirement: ChannelRequirement,
    way: _Way,
    pictures: list[str],
) -> WayCondition:
    from regenqc.reinspection.condition import condition_of_trace, explain_trace, trace_picture

    total = requirement.total_minutes
    left = None if total is None else max(int(total * 60_000) - int(judged.outside_at_most[row]), 0)
    ends = {"began": way.began, "ended": way.ended}
    pictures.append(trace_picture(traces, judged, row, requirement, **ends, title=way.title))
    return WayCondition(
        channel=requirement.name,
        logger=traces.names[row],
        verdict=judged.verdict(row).word,
        explanation=explain_trace(traces, judged, row, requirement),
        troubles=tuple(each.name or "" for each in judged.trouble(row)),
        digest=digest,
        condition=condition_of_trace(traces, judged, row, **ends, left=left),
    )


def _read(data: bytes, profile: str, path: Path) -> dict[str, Traces]:
    from regenqc.reinspection.condition import logger_profiles, read_epcis_sensors, read_logger_csv

    if path.suffix in {".json", ".jsonld"}:
        try:
            document = json.loads(data)
        except ValueError as error:
            raise UsageError(
                Fault(code="RQC-U143", what="The file is no EPCIS document.", where=str(path), got=str(error))
            ) from error
        return read_epcis_sensors(document, where=str(path))
    profiles = logger_profiles()
    if profile not in profiles:
        raise UsageError(
            Fault(
                code="RQC-U143", what="There is no such profile of a logger.", got=profile, expected=", ".join(profiles)
            )
        )
    return read_logger_csv(data, profile=profiles[profile], name=path.stem, where=str(path))


def _way(receipt: Receipt, ledger: str, stated: str | None) -> tuple[int, int]:
    """Return when the way began, by the ledger, and when it ended, by the receipt; milliseconds since 1970 UTC."""
    from datetime import datetime

    from regenqc.custody.moments import milliseconds_of, moment_of
    from regenqc.custody.projection.source import TableSource
    from regenqc.errors import RegenqcError
    from regenqc.reinspection.receipt import expectation_of

    with open_log(ledger) as log, log.read() as view:
        shipment = expectation_of(view, receipt.item, site=receipt.site).shipment
        recorded = TableSource(view).recorded(shipment) if shipment else None
        sent_at = TableSource(view).event(recorded.index).event_time if recorded is not None else ""
    if not sent_at and stated is not None:
        sent_at = moment_stated(stated, "--sent-at")
    try:
        ended = milliseconds_of(moment_of(datetime.fromisoformat(receipt.received_at)))
    except (ValueError, RegenqcError) as error:
        raise UsageError(
            Fault(
                code="RQC-U144",
                what="When the way ended is not known.",
                where="received_at",
                got=receipt.received_at or "nothing",
                expected="date and time of receipt, with zone",
            )
        ) from error
    if not sent_at:
        raise UsageError(
            Fault(
                code="RQC-U144",
                what="When the way began is not known: the ledger has no event by which it was sent.",
                where=receipt.item,
                got=shipment or "no shipment",
                action="State it with --sent-at, from the sender's papers, or import the event from the sender.",
            )
        )
    return milliseconds_of(sent_at), ended
