"""Measure what a hospital waits for: the gate, the traces of loggers, receipts; `python -m benchmarks.hospital`.

Everything is generated from a seed. Times are processor times of one thread: the machine may be busy with other work.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

import regenqc
from benchmarks.custody import GROUP, NOW, POLICY, Story
from benchmarks.machine import machine_line
from regenqc.custody.book import Book, Declined
from regenqc.custody.canonical import decode_event, encode_event
from regenqc.custody.record import Measurement
from regenqc.reinspection.condition import (
    ChannelRequirement,
    Traces,
    join_traces,
    judge_traces,
    logger_profiles,
    read_logger_csv,
)
from regenqc.reinspection.gate import GateRules, Question, ask_gate
from regenqc.reinspection.receipt import (
    QUESTIONS,
    Answer,
    Expectation,
    IdentityReading,
    PacketFinding,
    Receipt,
    ReTest,
    WayCondition,
    judge_receipts,
)
from regenqc.vocabulary import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAVED = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"
SUBJECTS_PER_STUDY = 70
SUBJECTS_PER_COHORT = 10
GATE_QUESTIONS = 300
# Every so manieth dose waits at the bedside; the others are given.
WAITING = 10
PEOPLE = (("NURSE-0501", "nurse"), ("PHYS-0077", "physician"))
END = "2098-06-01T00:00:00.000Z"


class StudyStory(Story):
    """Write the events of lots that are given in studies, with what holds of study, recipient, site and people."""

    def event(self, kind: str, *, site: str = "MAKER-1", **members: Any) -> bytes:
        """Return the next event; the product belongs to the study of its lot."""
        if kind == "filling":
            members["study"] = self._study
        return super().event(kind, site=site, **members)

    def standing(self) -> Iterator[bytes]:
        """Yield people and sites."""
        for code, role in PEOPLE:
            yield _by_quality(super().event("actor_enrolled", person=code, roles=(role,)))
            granted: dict[str, Any] = {"outcome": "granted", "documents": ("DOC-1",), "expires_at": END}
            yield _by_quality(super().event("person_qualified", person=code, **granted))
        for number in range(50):
            site = f"HOSP-{number:03d}"
            yield super().event(
                "site_qualified", destination=site, outcome="granted", documents=("DOC-1",), expires_at=END
            )

    def lot(self, number: int) -> Iterator[bytes]:
        """Yield the life of one lot, and before it what holds of its recipient."""
        self._study = f"STUDY-{number // SUBJECTS_PER_STUDY:05d}"
        cohort = (Measurement("cohort", f"C{number % SUBJECTS_PER_STUDY // SUBJECTS_PER_COHORT}"),)
        recipient = {"recipient": f"PATIENT-{number:07d}"}
        if number % SUBJECTS_PER_STUDY == 0:
            plan = (
                Measurement("protocol_version", "PROTOCOL-2"),
                Measurement("consent_version", "CONSENT-2"),
                Measurement("minimum_age", "18", "y"),
                Measurement("observation_hold", "1", "h"),
            )
            yield super().event("study_plan", study=self._study, documents=("FILING-1",), measurements=plan)
        if number % SUBJECTS_PER_COHORT == 0:
            yield super().event("cohort_opened", study=self._study, documents=("BOARD-1",), measurements=cohort)
        yield super().event("consent", outcome="given", documents=("CONSENT-2",), **recipient)
        yield super().event(
            "subject_enrolled",
            study=self._study,
            outcome="enrolled",
            documents=("PROTOCOL-2",),
            measurements=(Measurement("age", "50", "y"), *cohort),
            **recipient,
        )
        if number % SUBJECTS_PER_COHORT == 0:
            assessed = (Measurement("serious", "no"),)
            yield super().event("adverse_event", measurements=assessed, **recipient)
        life = list(super().lot(number))
        yield from life[:-1] if number % WAITING == 0 else life


def _by_quality(body: bytes) -> bytes:
    return encode_event(replace(decode_event(body), role="quality_assurance"))


def study_events(count: int, *, seed: int) -> tuple[list[bytes], int]:
    """Return so many events or a few more, and the number of lots in them."""
    story = StudyStory(seed=seed)
    found = [*story.materials(), *story.standing()]
    lots = 0
    while len(found) < count:
        found.extend(story.lot(lots))
        lots += 1
    return found, lots


def _gate(folder: Path, *, events: int) -> dict[str, Any]:
    """Return milliseconds of an answer in a large ledger, the opening of its view included."""
    bodies, lots = study_events(events, seed=1)
    with Book.open(
        f"sqlite:///{folder}/ledger.db", origin="bench.example/ledger", policy=POLICY, now=lambda: NOW
    ) as book:
        for start in range(0, len(bodies), GROUP):
            if any(isinstance(outcome, Declined) for outcome in book.append(bodies[start : start + GROUP])):
                raise SystemExit("the story of the benchmark violates a rule")
        dice = random.Random(2)
        rules = GateRules(bedside_check_minutes=30)
        times, reasons = [], []
        for _ in range(GATE_QUESTIONS):
            number = dice.randrange(lots // WAITING) * WAITING
            with book.read() as view:
                question = _question(number)
                began = time.process_time()
                answer = ask_gate(view, question, rules=rules)
                times.append((time.process_time() - began) * 1e3)
            reasons.append(len(answer.reasons))
    return {
        "events in the ledger of the gate": len(bodies),
        "gate, processor milliseconds per answer, median": median(times),
        "gate, processor milliseconds per answer, 99th of 100": quantiles(times, n=100)[98],
        "gate, reasons per answer, median": median(reasons),
    }


def _question(number: int) -> Question:
    name = f"{number:07d}"
    return Question(
        item=f"DP-{name}",
        recipient=f"PATIENT-{name}",
        coi=f"COI-{name}",
        site="HOSP-001",
        actor=PEOPLE[0][0],
        role=PEOPLE[0][1],
        second_actor=PEOPLE[1][0],
        second_role=PEOPLE[1][1],
        now="2097-01-01T00:00:00.000Z",
    )


def _loggers(*, traces: int, readings: int) -> dict[str, Any]:
    """Return seconds to judge traces, and to read as many from one file."""
    requirement = ChannelRequirement(
        name="temperature",
        unit="°C",
        low=None,
        high=Decimal(-120),
        longest_minutes=Decimal(5),
        total_minutes=Decimal(15),
        gap_minutes=Decimal(10),
        citation="synthetic",
        mark=Mark.UNVERIFIED,
    )
    dice = np.random.default_rng(3)
    values = dice.normal(-150.0, 6.0, traces * readings)
    began = dice.integers(0, 10**9, traces) * 1000
    moments = (began[:, None] + np.arange(readings) * 60_000).ravel()
    made = Traces(
        names=tuple(f"L-{number}" for number in range(traces)),
        channel="temperature",
        unit="°C",
        moments=moments,
        values=values,
        offsets=np.arange(traces + 1) * readings,
    )
    ways = {"began": began, "ended": began + (readings - 1) * 60_000}
    used = []
    for _ in range(3):
        start = time.process_time()
        found = judge_traces(made, requirement, **ways, now=10**15)
        used.append(time.process_time() - start)
    one, several = _files_of(made)
    profile = logger_profiles()["generic"]
    # Compiled code is loaded once in the life of a process.
    read_logger_csv(several[0], profile=profile, name="", compiled=True)
    together, apart = [], []
    for _ in range(3):
        start = time.process_time()
        read = read_logger_csv(one, profile=profile, name="")["temperature"]
        judge_traces(read, requirement, **ways, now=10**15)
        together.append(time.process_time() - start)
        start = time.process_time()
        parts = [read_logger_csv(data, profile=profile, name="")["temperature"] for data in several]
        judge_traces(join_traces(parts), requirement, **ways, now=10**15)
        apart.append(time.process_time() - start)
    start = time.process_time()
    tables = [read_logger_csv(data, profile=profile, name="", compiled=False) for data in several[: traces // 20]]
    by_table = time.process_time() - start
    return {
        f"judging {traces:,} traces of {readings:,} readings, processor seconds": median(used),
        "excursions found": int(found.excursions.sum()),
        f"megabytes of CSV of {traces * readings:,} readings": len(one) / 1e6,
        "reading and judging them, one file, processor seconds": min(together),
        "reading and judging them, a file for each trace, processor seconds": min(apart),
        "by the reader of tables, million readings per processor second": len(tables) * readings / by_table / 1e6,
    }


def _files_of(traces: Traces) -> tuple[bytes, list[bytes]]:
    """Return traces as one file, and as a file for each of them."""
    header = b"logger,moment,temperature\n"
    parts = []
    for number in range(traces.count):
        own = traces.one(number)
        moments = np.datetime_as_string(own.moments.astype("datetime64[ms]"), unit="s").tolist()
        rows = zip(moments, own.values.tolist(), strict=True)
        parts.append("".join(f"L-{number},{moment}Z,{value:.2f}\n" for moment, value in rows).encode())
    return b"".join([header, *parts]), [header + part for part in parts]


def _receipts(*, count: int) -> dict[str, Any]:
    """Return seconds to judge receipts as records, and to judge what they say as a table of results."""
    specification = regenqc.load_specification("example/msc-post-thaw")
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    seen = {"recipient": "PATIENT-0815", "coi": "COI-0001", "lot": "LOT-0001"}
    expected = Expectation(
        known=True, shipment="SHIP-1", containers=2, expires_at="2027-03-16T00:00:00.000Z", times_received=1, **seen
    )
    digest = "sha256:" + 64 * "0"
    told = Receipt(
        schema="regenqc.receipt/1",
        item="",
        site="HOSPITAL-1",
        shipment="SHIP-1",
        received_at="2026-03-16T09:30:00+01:00",
        received_by="PHARM-0099",
        received_as="pharmacist",
        readings=tuple(IdentityReading(by=by, role="pharmacist", **seen) for by in ("PHARM-0100", "PHARM-0101")),
        containers="2",
        answers=tuple(Answer(question=each.test, answer="yes", by="PHARM-0100") for each in QUESTIONS),
        expires_at="2027-03-16T01:00:00+01:00",
        shipper="SHIPPER-12",
        requalified_until="2026-06-30",
        packet=PacketFinding(digest=digest, verified=True, batch="LOT-0001", decision="release", certificate="C-1"),
        way=(
            WayCondition(
                channel="temperature", logger="L", verdict="conforms", explanation=(), troubles=(), digest=digest
            ),
        ),
        results=(
            ReTest(test="gram_stain", result="negative"),
            ReTest(test="viability", result="84.1", unit="%"),
            ReTest(test="endotoxin_per_body_weight", result="<0.6", unit="EU/kg"),
            ReTest(test="cell_count", result="102", unit="10^6 cells"),
            ReTest(test="sterility", result="no growth"),
        ),
        thawed_at="2026-03-16T10:00:00+01:00",
        attributes={"cell_source": "msc"},
    )
    received = [(replace(told, item=f"DP-{number:07d}"), expected) for number in range(count)]
    used = []
    for _ in range(2):
        start = time.process_time()
        found = judge_receipts(received, specification=specification, now=now)
        used.append(time.process_time() - start)
    if not all(each.conforms for each in found):
        raise SystemExit("a receipt of the benchmark does not conform")
    return {f"judging {count:,} receipts, processor seconds": min(used)}


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hospital", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events of the ledger (1000000 for the record)")
    parser.add_argument("--traces", type=int, default=10_000, help="traces of loggers")
    parser.add_argument("--receipts", type=int, default=100_000, help="receipts")
    parser.add_argument("--save", action="store_true", help="save the figures under docs/benchmarks")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine_line()}
    print(figures["machine"])
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        parts: list[Callable[[], dict[str, Any]]] = [
            lambda: _loggers(traces=options.traces, readings=1_440),
            lambda: _receipts(count=options.receipts),
            lambda: _gate(Path(temporary), events=options.events),
        ]
        for part in parts:
            found = part()
            figures |= found
            for name, value in found.items():
                print(f"{name:<72} {value:>12,.3f}" if value < 100 else f"{name:<72} {value:>12,.0f}", flush=True)
    if options.save:
        SAVED.mkdir(parents=True, exist_ok=True)
        (SAVED / "hospital.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
