"""Measure the ledger: `python -m benchmarks.ledger sqlite:///bench.db --events 1000000`.

The events are synthetic and typical in size: 300 bytes, a time-ordered key of 16 bytes, three edges each (one output,
two inputs) with two indexes, which is the least that a layer above needs for tracing. Wall times say what this machine
gave; processor times say what the ledger took, and compare better when the machine is shared.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine_line
from regenqc.ledger import CheckpointMemory, Entry, Log, Policy, make_key, parse_secret_key, verify_proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.errors import Fault
    from regenqc.ledger import Transaction

__all__ = ["Edges", "time_ledger"]

ORIGIN = "bench.example/ledger"
PER_TRANSACTION = 10_000
EDGES_PER_EVENT = 3
_ROUNDS = 3


class Edges:
    """Keep edges, as a layer above that traces lots would; the events carry them in fixed places."""

    name, version = "bench", 1

    def create(self, transaction: Transaction, *, present: int) -> None:
        """Create the tables."""
        del present
        columns = "item BIGINT NOT NULL, idx BIGINT NOT NULL, role SMALLINT NOT NULL"
        if transaction.dialect == "sqlite":
            transaction.execute(f"CREATE TABLE bench_edge ({columns}, PRIMARY KEY (item, idx, role)) WITHOUT ROWID")
        else:
            # PostgreSQL keeps equal keys of an index as one; a key of all columns would be larger than its table.
            transaction.execute(f"CREATE TABLE bench_edge ({columns})")
            transaction.execute("CREATE INDEX bench_edge_item ON bench_edge (item)")
        transaction.execute("CREATE INDEX bench_edge_event ON bench_edge (idx)")

    def apply(self, transaction: Transaction, *, first_index: int, entries: Sequence[Entry]) -> Mapping[int, Fault]:
        """Write three edges per event."""
        edges = []
        for index, entry in enumerate(entries, start=first_index):
            first, second = int(entry.body[21:33]), int(entry.body[41:53])
            edges += [(index, index, 0), (first, index, 1), (second, index, 2)]
        transaction.insert_rows("bench_edge", ("item", "idx", "role"), edges)
        return {}


def events(count: int, *, start: int, dice: random.Random) -> list[Entry]:
    """Return typical events; their inputs are items of the last ten thousand events."""
    now = 1_700_000_000_000 + start
    padding = "x" * 236
    found = []
    for number in range(start, start + count):
        inputs = (max(0, number - dice.randrange(1, 5_000)), max(0, number - dice.randrange(5_000, 10_000)))
        body = f'{{"kind":"step","in":"{inputs[0]:012d}","two":{inputs[1]:>12d},"pad":"{padding}"}}'
        key = (now + number).to_bytes(6, "big") + number.to_bytes(4, "big") + dice.randbytes(6)
        found.append(Entry(key, body.encode()))
    return found


def time_ledger(url: str, *, count: int, producers: int, folder: Path) -> dict[str, Any]:
    """Return what was measured on a new ledger at a URL."""
    dice = random.Random(1)
    figures: dict[str, Any] = {}
    signer = parse_secret_key(make_key(ORIGIN, purpose="log", random=secrets.token_bytes))
    policy = Policy.of([signer.verifier])
    memory = CheckpointMemory(folder / "memory")
    with Log.open(url, origin=ORIGIN, projection=Edges()) as log:
        figures |= log.store.describe()
        rates = []
        processor = 0.0
        server = _server_seconds(log)
        for start in range(0, count, PER_TRANSACTION):
            batch = events(min(PER_TRANSACTION, count - start), start=start, dice=dice)
            began, busy = time.perf_counter(), time.process_time()
            log.append(batch)
            rates.append(len(batch) / (time.perf_counter() - began))
            processor += time.process_time() - busy
        figures["batch append with edges, events/s, median"] = median(rates)
        figures["batch append with edges, events/s, slowest tenth"] = sorted(rates)[len(rates) // 10]
        figures["batch append with edges, own processor time, us/event"] = processor / count * 1e6
        if server is not None and (later := _server_seconds(log)) is not None:
            figures["batch append with edges, processor time of the server, us/event"] = (later - server) / count * 1e6
        figures["checkpoint, ms"] = _milliseconds(lambda: log.checkpoint(signer, memory=memory, now=1))
    # Closed and opened again: the write-ahead log is folded into the file, and nothing is warm but the disk's cache.
    with Log.open(url, projection=Edges()) as log:
        figures["bytes per event"] = _size_of(log, url) / count
        seconds, processor = _seconds(lambda: log.verify(policy=policy, indexes=False), runs=3)
        figures["full verification, s"] = seconds
        figures["full verification, own processor time, s"] = processor
        checked, _ = _seconds(lambda: log.verify(policy=policy), runs=1)
        figures["full verification with the database's index check, s"] = checked
        figures |= _time_proofs(log, policy, count=count, dice=dice)
        each_round = [
            _time_group_commit(log, producers=producers, start=count * (number + 2), dice=dice)
            for number in range(_ROUNDS)
        ]
        figures |= {name: median(found[name] for found in each_round) for name in each_round[0]}
    return figures


def _time_proofs(log: Log, policy: Policy, *, count: int, dice: random.Random) -> dict[str, float]:
    indices = [dice.randrange(count) for _ in range(300)]
    times, busy, checks, largest = [], [], [], 0
    for index in indices:
        began, processor = time.perf_counter(), time.process_time()
        proof = log.prove(index)
        times.append(time.perf_counter() - began)
        busy.append(time.process_time() - processor)
        body = log.entry(index).body
        began = time.perf_counter()
        verify_proof(proof, body, policy=policy)
        checks.append(time.perf_counter() - began)
        largest = max(largest, len(proof))
    many = [dice.randrange(count) for _ in range(10_000)]
    began = time.perf_counter()
    log.proofs(many)
    return {
        "inclusion proof as a file, ms, median": median(times) * 1e3,
        "inclusion proof as a file, own processor time, ms, median": median(busy) * 1e3,
        "inclusion proof as a file, ms, 99th of 100": sorted(times)[-3] * 1e3,
        "first inclusion proof of a process, ms": times[0] * 1e3,
        "proofs of 10,000 entries under one checkpoint, s": time.perf_counter() - began,
        "offline verification, ms, median": median(checks) * 1e3,
        "proof file, bytes, largest": largest,
    }


def _time_group_commit(log: Log, *, producers: int, start: int, dice: random.Random) -> dict[str, float]:
    """Let many producers record single events, each waiting until its event is durable."""
    each = 200
    work = [events(each, start=start + number * each, dice=dice) for number in range(producers)]
    ready = threading.Barrier(producers + 1)
    latencies: list[float] = []

    def produce(mine: list[Entry]) -> None:
        ready.wait()
        for entry in mine:
            began = time.perf_counter()
            log.append_one(entry)
            latencies.append(time.perf_counter() - began)

    with ThreadPoolExecutor(producers) as threads:
        running = [threads.submit(produce, mine) for mine in work]
        ready.wait()
        began, processor = time.perf_counter(), time.process_time()
        for future in running:
            future.result()
        seconds, busy = time.perf_counter() - began, time.process_time() - processor
    alone = events(200, start=start + producers * each, dice=dice)
    began = time.perf_counter()
    for entry in alone:
        log.append_one(entry)
    return {
        f"group commit, durable events/s, {producers} producers": producers * each / seconds,
        "group commit, own processor time, us/event": busy / producers / each * 1e6,
        "group commit, ms until durable, median": median(latencies) * 1e3,
        "group commit, ms until durable, 99th of 100": sorted(latencies)[len(latencies) * 99 // 100] * 1e3,
        "single durable event, one producer, events/s": len(alone) / (time.perf_counter() - began),
    }


def _server_seconds(log: Log) -> float | None:
    """Return the processor seconds of the server's process for the writer, `None` when there is none on this machine."""
    with log.store.transaction() as transaction:
        if transaction.dialect != "postgresql":
            return None
        ((number,),) = transaction.execute("SELECT pg_backend_pid()")
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    name, _, rest = state.rpartition(")")
    if "postgres" not in name:
        return None
    user, system = rest.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _size_of(log: Log, url: str) -> int:
    if url.startswith("sqlite"):
        return os.stat(url.removeprefix("sqlite:///")).st_size  # noqa: PTH116 - a URL, not a path
    with log.read() as snapshot:
        ((size,),) = snapshot.execute(
            "SELECT SUM(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind = 'r' AND n.nspname = current_schema() AND (c.relname LIKE 'ledger%' OR c.relname LIKE 'bench%')"
        )
    return int(size)


def _seconds(action: Any, *, runs: int) -> tuple[float, float]:
    times, busy = [], []
    for _ in range(runs):
        began, processor = time.perf_counter(), time.process_time()
        found = action()
        times.append(time.perf_counter() - began)
        busy.append(time.process_time() - processor)
        if not found.ok:
            raise SystemExit(f"the ledger does not verify: {found.detections}")
    return median(times), median(busy)


def _milliseconds(action: Any) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


def offline_process(folder: Path) -> float:
    """Return how long a whole process takes that verifies one proof, in seconds, the interpreter's start included."""
    from regenqc.ledger.checkpoint import Checkpoint
    from regenqc.ledger.merkle import leaf_hash
    from regenqc.ledger.note import Note
    from regenqc.ledger.proof import encode_proof

    signer = parse_secret_key(make_key(ORIGIN, purpose="log", random=secrets.token_bytes))
    text = Checkpoint(ORIGIN, 1, leaf_hash(b"entry")).text
    (folder / "a.tlog-proof").write_bytes(encode_proof(0, [], Note(text, (signer.sign(text, time=0),)).encoded))
    (folder / "policy.txt").write_text(Policy.of([signer.verifier]).text)
    script = (
        "from pathlib import Path\nfrom regenqc.ledger import parse_policy, verify_proof\n"
        f"folder = Path({str(folder)!r})\n"
        "verify_proof((folder / 'a.tlog-proof').read_bytes(), b'entry', "
        "policy=parse_policy((folder / 'policy.txt').read_text()))\n"
    )
    times = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], check=True)
        times.append(time.perf_counter() - began)
    return median(times)


def synchronisation_milliseconds(folder: Path) -> float:
    """Return what the disk takes to confirm one page, the floor under every durable event."""
    times = []
    with (folder / "page").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times) * 1e3


def main() -> None:
    """Measure one store and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("url", help="where a new ledger is made: sqlite:////path.db or postgresql://…")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--producers", type=int, default=64)
    options = parser.parse_args()
    sys.stdout.write(f"{machine_line()}\n")
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as folder:
        figures: dict[str, Any] = {"fdatasync of one page, ms, median": synchronisation_milliseconds(Path(folder))}
        figures["a whole process that verifies one proof, s"] = offline_process(Path(folder))
        figures |= time_ledger(options.url, count=options.events, producers=options.producers, folder=Path(folder))
    for name, value in figures.items():
        sys.stdout.write(f"{name:<60} {value if isinstance(value, str) else f'{value:,.2f}'}\n")


if __name__ == "__main__":
    main()
