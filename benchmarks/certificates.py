"""Time certificates on one core: made and rendered, signed, verified; and many of them on two cores.

Every certificate has data of its own. The time of the processor counts, so that other work on the machine does not.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["main", "time_certificates"]

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def time_certificates(*, certificates: int, languages: Sequence[str]) -> dict[str, float]:
    """Return the median seconds of processor time for one certificate, by step.

    Args:
        certificates: counted, after five that are not.
        languages: of the certificates.
    """
    from certificate import lots, site
    from regenqc.certificate.making import make_certificate
    from regenqc.certificate.verifying import verify_certificate

    profile, renderer, key, trust = lots.profile(*languages), site.renderer(), site.issuer(), site.trust()
    sealer = site.PdfSealer(key)
    decisions = [_decision(number) for number in range(certificates + 5)]
    documents: list[bytes] = []
    signed: list[bytes] = []

    def render(decision: dict[str, Any]) -> None:
        record = key.seal(make_certificate(decision, profile=profile, issued_at=lots.ISSUED_AT))
        documents.append(renderer.pdf(record))

    def sign(document: bytes) -> None:
        signed.append(sealer.sign(document, signed_at=site.NOW))

    def verify(document: bytes) -> None:
        if not verify_certificate(document, trust=trust, now=site.NOW, renderer=renderer).ok:
            raise AssertionError

    times = {"made and rendered": _times(render, decisions), "signed": _times(sign, documents)}
    both = [one + other for one, other in zip(times["made and rendered"], times["signed"], strict=True)]
    # Verified in another order than made, so that nothing is still warm from the making.
    times |= {"made, rendered and signed": both, "verified": _times(verify, signed[::-1])}
    return {name: median(found[5:]) for name, found in times.items()}


def _decision(number: int) -> dict[str, Any]:
    """Return a decision whose lot and results are those of no other."""
    from certificate import lots

    content = lots.unsigned_decision(f"HP-{number:08d}")
    rows = [
        row
        | {
            "result_id": f"R-{number}-{at}",
            "reported": f"{row['reported']}{number % 997:03d}" if "." in row["reported"] else row["reported"],
        }
        for at, row in enumerate(content["results"])
    ]
    lot = [
        entry
        | {
            "value": f"COI-{number:08d}"
            if entry["name"] == "coi_id"
            else f"2026-03-01T{number % 24:02d}:{number % 60:02d}:00Z"
        }
        if entry["name"] in {"coi_id", "manufactured_at"}
        else entry
        for entry in content["lot"]
    ]
    content = lots.identified(content | {"results": rows, "lot": lot})
    return content | {"signatures": [lots.signature(content)]}


def _times(work: Callable[[Any], None], things: Sequence[Any]) -> list[float]:
    times = []
    for thing in things:
        started = time.process_time()
        work(thing)
        times.append(time.process_time() - started)
    return times


def time_many(*, certificates: int, processes: int) -> tuple[float, float, float]:
    """Return how long issuing many signed certificates takes, and the peak memory of one process.

    Returns:
        Seconds by the clock, seconds of all processors together, MB.
    """
    from certificate import test_issuing
    from regenqc.certificate.issuing import issue_all

    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as folder:
        place = Path(folder)
        paths = [
            path
            for number in range(certificates)
            for path in test_issuing.write(place / "decisions", _decision(number))
        ]
        started, busy = time.perf_counter(), _processor_seconds()
        issue_all(paths, test_issuing.how(place / "certificates"), processes=processes, on_issued=_expect_issued)
        seconds, busy = time.perf_counter() - started, _processor_seconds() - busy
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return seconds, busy, peak / 1024


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _expect_issued(issued: Any) -> None:
    if issued.state != "issued":
        raise AssertionError(issued)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process, with all its threads, on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", type=int, default=100, help="for each figure of one core")
    parser.add_argument("--many", type=int, default=0, help="also issue so many on two processes")
    options = parser.parse_args()
    print(machine_line())
    for languages in (("en",), ("en", "zh")):
        with on_one_core():
            figures = time_certificates(certificates=options.certificates, languages=languages)
        for name, seconds in figures.items():
            print(f"{'+'.join(languages):<6} {name:<26} {seconds * 1000:7.1f} ms  {1 / seconds:7.1f}/s")
    if options.many:
        seconds, busy, megabytes = time_many(certificates=options.many, processes=2)
        print(
            f"{options.many:,} signed by two processes: {seconds:.0f} s by the clock, {busy:.0f} s of processors,"
            f" {megabytes:.0f} MB at most in one process"
        )


if __name__ == "__main__":
    main()
