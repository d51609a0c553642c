"""Measure the book of custody: appending, deriving, tracing, evidence; `python -m benchmarks.custody`.

The events are those of allogeneic and autologous lots from collection to patient, about as many and as long as in practice;
everything is generated from a seed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine_line
from regenqc.custody.book import Book, Declined
from regenqc.custody.canonical import encode_event
from regenqc.custody.moments import moment_of_milliseconds
from regenqc.custody.record import SCHEMA, Condition, Event, Item, Measurement, Previous
from regenqc.custody.rules import Policy, signatures_unchecked
from regenqc.custody.trace import (
    Reader,
    backward,
    completeness,
    events_of_items,
    evidence_packet,
    forward,
    trace_document,
)
from regenqc.custody.trace.lineage import reached
from regenqc.ledger import CheckpointMemory, make_key, parse_secret_key, verify_proof
from regenqc.ledger import Policy as TrustPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from regenqc.ledger import Verification

SAVED = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"
POLICY = Policy(check_signature=signatures_unchecked, enrolled_people_only=False, signed_kinds=frozenset())
GROUP = 10_000
START = 1_767_225_600_000  # 2026-01-01
MINUTE = 60_000
NOW = "2099-01-01T00:00:00.000Z"
MATERIALS = 60
PARTS = ("append", "trace", "evidence", "verify")
# The material whose recall is asked for.
RECALLED = "MAT-0003"


class Story:
    """Write the events of many lots.

    Args:
        seed: of everything random.
    """

    def __init__(self, *, seed: int) -> None:
        self._dice = random.Random(seed)
        self._clock = START
        self._count = 0

    def event(self, kind: str, *, site: str = "MAKER-1", **members: Any) -> bytes:
        """Return the next event."""
        self._count += 1
        self._clock += self._dice.randrange(1, 4) * MINUTE
        moment = moment_of_milliseconds(self._clock)
        staff = f"STAFF-{self._dice.randrange(200):04d}"
        return encode_event(
            Event(
                schema=SCHEMA,
                kind=kind,
                event_id=f"EV-{self._count:09d}",
                event_time=moment,
                record_time=moment,
                zone="+01:00",
                actor=staff,
                role="operator",
                site=site,
                **members,
            )
        )

    def materials(self) -> Iterator[bytes]:
        """Yield the receipts of materials that all lots use."""
        for number in range(MATERIALS):
            yield self.event("receipt", outputs=(Item(f"MAT-{number:04d}", "100000000", "mL"),), lot=f"L{number:05d}")

    def lot(self, number: int) -> Iterator[bytes]:
        """Yield the life of one lot: 26 events."""
        dice = self._dice
        name, coi = f"{number:07d}", f"COI-{number:07d}"
        hospital = f"HOSP-{dice.randrange(50):03d}"
        media = [Item(f"MAT-{dice.randrange(MATERIALS):04d}", "250", "mL") for _ in range(2)]
        media = list({item.id: item for item in media}.values())
        incubator = f"INC-{dice.randrange(60):03d}"
        culture, dose, box = Item(f"CU-{name}"), Item(f"DP-{name}"), f"BOX-{name}"
        cabinet = (f"BSC-{dice.randrange(20):03d}",)
        yield self.event(
            "donation",
            site="CLINIC-1",
            donor=f"DONOR-{name}",
            outputs=(Item(f"AP-{name}"),),
            coi=coi,
            lot=f"LOT-{name}",
        )
        shipped = self._count + 1
        yield self.event(
            "ship", site="CLINIC-1", items=(Item(f"AP-{name}"),), destination="MAKER-1", carrier="COURIER-1", coi=coi
        )
        yield self.event(
            "receive", items=(Item(f"AP-{name}"),), previous=Previous(f"EV-{shipped:09d}"), coi=coi, place="ROOM-01"
        )
        yield self.event(
            "modification",
            inputs=(Item(f"AP-{name}"), *media),
            outputs=(culture,),
            coi=coi,
            stage="in_process",
            equipment=cabinet,
            lot=f"LOT-{name}",
        )
        for _ in range(6):
            yield self.event(
                "sensor_reading",
                items=(culture,),
                equipment=(incubator,),
                conditions=(self._condition(),),
            )
        for day in range(3):
            yield self.event(
                "expansion",
                items=(culture,),
                inputs=tuple(media),
                coi=coi,
                equipment=(incubator,),
                place=f"ROOM-{day:02d}",
            )
        yield self.event("sampling", inputs=(culture,), outputs=(Item(f"SA-{name}"),), coi=coi, lot=f"LOT-{name}")
        for test in ("sterility", "viability", "mycoplasma", "endotoxin"):
            yield self.event(
                "test_result", site="LAB-1", items=(Item(f"SA-{name}"),), measurements=(Measurement(test, "No growth"),)
            )
        yield self.event(
            "formulation", inputs=(culture, media[0]), outputs=(Item(f"DS-{name}"),), coi=coi, lot=f"LOT-{name}"
        )
        yield self.event(
            "filling",
            inputs=(Item(f"DS-{name}"),),
            outputs=(dose,),
            coi=coi,
            lot=f"LOT-{name}",
            expires_at="2098-01-01T00:00:00.000Z",
        )
        yield self.event("label", items=(dose,), labels=(f"LBL-{name}",), coi=coi, recipient=f"PATIENT-{name}")
        yield self.event("decision", items=(dose,), outcome="release")
        yield self.event("store", items=(dose,), place=f"TANK-{dice.randrange(9)}")
        yield self.event("pack", items=(dose,), container=box)
        shipped = self._count + 1
        yield self.event("ship", items=(Item(box),), destination=hospital, carrier="COURIER-1")
        yield self.event("sensor_reading", items=(Item(box),), conditions=(self._condition(),))
        yield self.event(
            "receive", site=hospital, items=(Item(box),), previous=Previous(f"EV-{shipped:09d}"), place="PHARMACY-1"
        )
        yield self.event("unpack", site=hospital, items=(dose,), container=box)
        yield self.event("reinspect", site=hospital, items=(dose,), outcome="conformant", coi=coi)
        yield self.event("decision", site=hospital, items=(dose,), outcome="accept")
        yield self.event(
            "administer",
            site=hospital,
            items=(dose,),
            recipient=f"PATIENT-{name}",
            coi=coi,
            second_actor=f"NURSE-{dice.randrange(200):04d}",
            second_role="nurse",
        )

    def _condition(self) -> Condition:
        return Condition(
            "temperature",
            "°C",
            moment_of_milliseconds(self._clock - 60 * MINUTE),
            moment_of_milliseconds(self._clock),
            minimum="36.8",
            maximum="37.2",
            mean="37.01",
            excursion_seconds="0",
        )


def events(count: int, *, seed: int = 1) -> list[bytes]:
    """Return so many events."""
    story = Story(seed=seed)
    found = list(story.materials())
    number = 0
    while len(found) < count:
        found.extend(story.lot(number))
        number += 1
    return found[:count]


def main() -> None:
    """Run the benchmarks named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.custody", description=__doc__)
    parser.add_argument(
        "--events", type=int, default=100_000, help="events of the large ledger (1000000 for the record)"
    )
    parser.add_argument("--packet", type=int, default=10_000, help="items of the evidence packet")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of the append benchmarks")
    parser.add_argument("--postgres", help="URL of an empty PostgreSQL database, to measure appending there too")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--save", action="store_true", help="save the figures under docs/benchmarks")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine_line()}
    print(figures["machine"])
    bodies = events(options.events)
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        folder = Path(temporary)
        for found in chain(
            [{"events": options.events, "bytes per event": sum(map(len, bodies)) / len(bodies)}],
            [_append(bodies[: 5 * GROUP], folder, runs=options.runs)] if "append" in options.parts else [],
            [_append_to_postgres(bodies[: 5 * GROUP], options.postgres)] if options.postgres else [],
            _large(bodies, folder, options.parts, runs=options.runs, packet=options.packet),
        ):
            figures |= found
            for name, value in found.items():
                print(f"{name:<82} {value:>12,.3f}" if value < 100 else f"{name:<82} {value:>12,.0f}", flush=True)
    if options.save:
        SAVED.mkdir(parents=True, exist_ok=True)
        (SAVED / "custody.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _open(path: Path, policy: Policy | None) -> Book:
    return _open_url(f"sqlite:///{path}", policy)


def _open_url(url: str, policy: Policy | None) -> Book:
    return Book.open(url, origin="bench.example/ledger", policy=policy, now=lambda: NOW)


def _append(bodies: list[bytes], folder: Path, *, runs: int) -> dict[str, Any]:
    """Return events per second: groups of ten thousand, judged by the rules or copied, and one by one."""
    figures: dict[str, Any] = {}
    for name, policy in (("judged by the rules", POLICY), ("copied from another log", None)):
        groups = []
        for run in range(runs):
            with _open(folder / f"append {bool(policy)} {run}.db", policy) as book:
                groups += _time_groups(book, bodies)
        figures |= _rates(groups, name)
    with _open(folder / "single.db", POLICY) as book:
        began = time.perf_counter()
        for body in bodies[:2000]:
            book.append([body])
        figures["events per second, one durable event after the other"] = 2000 / (time.perf_counter() - began)
    return figures


def _append_to_postgres(bodies: list[bytes], url: str) -> dict[str, Any]:
    """Return events per second on PostgreSQL, whose server's processor time is not counted."""
    with _open_url(url, POLICY) as book:
        return _rates(_time_groups(book, bodies), "judged by the rules, PostgreSQL")


def _time_groups(book: Book, bodies: list[bytes]) -> list[tuple[float, float]]:
    """Return events per second, and processor microseconds per event, of each group of ten thousand."""
    found = []
    began, used = time.perf_counter(), time.process_time()
    for outcomes in book.append_many(bodies, per_transaction=GROUP):
        seconds, processor = time.perf_counter() - began, time.process_time() - used
        began, used = began + seconds, used + processor
        if any(isinstance(outcome, Declined) for outcome in outcomes):
            raise SystemExit("the story of the benchmark violates a rule")
        found.append((len(outcomes) / seconds, processor / len(outcomes) * 1e6))
    return found


def _rates(groups: list[tuple[float, float]], name: str) -> dict[str, Any]:
    return {
        f"events per second, {name}": median(rate for rate, _ in groups),
        f"processor microseconds per event, {name}": median(processor for _, processor in groups),
    }


def _large(
    bodies: list[bytes], folder: Path, parts: Sequence[str], *, runs: int, packet: int
) -> Iterator[dict[str, Any]]:
    """Yield what is measured on one large ledger."""
    if not {"trace", "evidence", "verify"} & set(parts):
        return
    path = folder / "large.db"
    with _open(path, None) as book:
        for start in range(0, len(bodies), GROUP):
            book.append(bodies[start : start + GROUP])
    yield {"bytes on disk per event, edges and indexes included": path.stat().st_size / len(bodies)}
    with _open(path, POLICY) as book:
        if "trace" in parts:
            with book.read() as view:
                ((edges,),) = view.execute("SELECT COUNT(*) FROM custody_edge")
                yield {"edges": int(edges)}
                yield _trace(Reader(view), view)
        if "evidence" in parts:
            yield _evidence(book, folder, count=packet)
        if "verify" in parts:
            yield _verify(book, runs=runs)


def _verify(book: Book, *, runs: int) -> dict[str, float]:
    """Return how long verifying takes: the log alone, and with the projection derived again, by one process and by two."""

    def derived(policy: Policy | None, processes: int) -> Callable[[], Verification]:
        def verify() -> Verification:
            book._policy = policy  # noqa: SLF001 - the benchmark compares both
            return book.verify(indexes=False, processes=processes)

        return verify

    ways: dict[str, Callable[[], Verification]] = {
        "log only": lambda: book.log.verify(indexes=False),
        "log and projection, tables only": derived(None, 1),
        "log and projection, tables and rules": derived(POLICY, 1),
        "log and projection, tables and rules, two processes": derived(POLICY, 2),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    used: dict[str, list[float]] = {name: [] for name in ways}
    others: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, verify in ways.items():
            began, processor, children = time.perf_counter(), time.process_time(), _seconds_of_children()
            if not verify().ok:
                raise SystemExit("the ledger of the benchmark does not verify")
            times[name].append(time.perf_counter() - began)
            used[name].append(time.process_time() - processor)
            others[name].append(_seconds_of_children() - children)
    return {
        **{f"seconds to verify, {name}": median(found) for name, found in times.items()},
        **{f"own processor seconds to verify, {name}": median(found) for name, found in used.items()},
        **{
            f"processor seconds of others to verify, {name}": median(found)
            for name, found in others.items()
            if any(found)
        },
    }


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _evidence(book: Book, folder: Path, *, count: int) -> dict[str, Any]:
    """Return how long a recall of so many items takes with the evidence for all of them, and checking one of its proofs."""
    signer = parse_secret_key(make_key("bench.example/ledger", purpose="log", random=random.Random(1).randbytes))
    trust = TrustPolicy.of([signer.verifier])
    book.log.checkpoint(signer, memory=CheckpointMemory(folder / "memory"), now=1)
    out = folder / "packet"
    (out / "events").mkdir(parents=True)
    began, processor = time.perf_counter(), time.process_time()
    traces, codes, indices = [], set[str](), set[int]()
    with book.read() as view:
        for number in range(MATERIALS):
            if len(codes) >= count:
                break
            # As many materials are recalled together as it takes to reach so many items.
            trace = forward(view, f"MAT-{number:04d}")
            new = [item for item in trace.items if item.code not in codes][: count - len(codes)]
            traces.append(trace_document(replace(trace, items=tuple(new))))
            codes.update(item.code for item in new)
            indices.update(trace.events)
        indices.update(events_of_items(Reader(view), sorted(codes)))
    wanted = sorted(indices)
    answer = {"traces": traces}
    largest = 0
    for name, data in evidence_packet(
        book.log, wanted, question={"materials": len(traces)}, answer=answer, trust=trust
    ):
        (out / name).write_bytes(data)
    seconds, used = time.perf_counter() - began, time.process_time() - processor
    checks = []
    for index in wanted[:: max(1, len(wanted) // 300)]:
        proof, entry = ((out / "events" / f"{index}.{kind}").read_bytes() for kind in ("proof", "json"))
        largest = max(largest, len(proof) + len(entry))
        checking = time.perf_counter()
        verify_proof(proof, entry, policy=trust)
        checks.append((time.perf_counter() - checking) * 1e3)
    return {
        "items of the evidence packet": len(codes),
        "events of the evidence packet": len(wanted),
        "seconds for recall with evidence packet": seconds,
        "own processor seconds for recall with evidence packet": used,
        "milliseconds to check an event offline": median(checks),
        "bytes of an event with its proof, largest": largest,
    }


def _trace(reader: Reader, view: Any) -> dict[str, Any]:
    small = "AP-0000100"
    questions: dict[str, tuple[Callable[[], Any], int]] = {
        "forward from one collection, reach": (lambda: reached(reader, small, sorts=("item",)), 50),
        "forward from one collection, full answer": (lambda: forward(view, small), 20),
        "backward from one dose, reach": (
            lambda: reached(reader, "DP-0000100", direction="backward", sorts=("item",)),
            50,
        ),
        "backward from one dose, full answer": (lambda: backward(view, "DP-0000100"), 20),
        "forward from a material of many lots, reach": (lambda: reached(reader, RECALLED, sorts=("item",)), 10),
        "forward from a material of many lots, full answer": (lambda: forward(view, RECALLED), 3),
        "completeness of a material": (lambda: completeness(view, RECALLED), 2),
    }
    figures: dict[str, Any] = {"items reached from the material": len(reached(reader, RECALLED, sorts=("item",)))}
    for name, (ask, runs) in questions.items():
        times = []
        for _ in range(runs):
            began = time.perf_counter()
            ask()
            times.append((time.perf_counter() - began) * 1e3)
        figures[f"milliseconds, {name}"] = median(times)
    return figures


if __name__ == "__main__":
    main()
