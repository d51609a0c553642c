"""Time the console as its users wait for it: queue and lot at the 95th percentile with twenty people at once, and its memory.

A store of 100,000 synthetic lots and two million results is made row by row, a real server is started on it by `regenqc serve`,
and twenty people open queue and lots in turn with a pause after each page. Run `python -m benchmarks.console`; with
`--lots 1000000 --results-per-lot 0` the queue of a million lots.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from sqlalchemy import insert, select

from benchmarks.machine import machine_line
from regenqc.cli.demo_console import make_accounts, make_console_home
from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.serve import console_clock
from regenqc.console.settings import read_settings
from regenqc.console.store.current_lots import Regrouping, folded, lot_key
from regenqc.console.store.database import open_store
from regenqc.console.store.tables import (
    BATCHES,
    CELLS,
    EVALUATIONS,
    FINDINGS,
    JUDGEMENTS,
    LOTS,
    NEVER,
    RESULTS,
)
from regenqc.console.store.upkeep import load_all
from regenqc.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

__all__ = ["make_store", "time_console"]

_SPECIFICATION: Final = "example/hipsc-progenitors"
_STAGE: Final = "drug_product_release"
_USERS: Final = 20
_PAGES_EACH: Final = 40
# Somebody reads a page before they open the next one.
_THINK_SECONDS: Final = (0.5, 1.5)
_AT_ONCE: Final = 5_000


def make_store(store: Engine, *, lots: int, results_per_lot: int, seed: int = 11) -> list[str]:
    """Write synthetic lots, all judged by one specification, and return the keys of some of them.

    Args:
        store: empty or not.
        lots: to write, in evaluations of 10,000.
        results_per_lot: rows of each.
        seed: of what differs between them.
    """
    chance = random.Random(seed)
    specification = load_specification(_SPECIFICATION)
    own = [entry for entry in specification.requirements if entry.stage == _STAGE and entry.test]
    keys: list[str] = []
    first = 10_000_000
    for begin in range(0, lots, 10_000):
        _write_evaluation(
            store, range(first + begin, first + min(begin + 10_000, lots)), own, results_per_lot, chance, keys
        )
    return chance.sample(keys, min(len(keys), 2_000))


def _write_evaluation(
    store: Engine, numbers: range, own: list[Any], results_per_lot: int, chance: random.Random, keys: list[str]
) -> None:
    specification = load_specification(_SPECIFICATION)
    with store.begin() as connection:
        evaluation = connection.execute(
            insert(EVALUATIONS)
            .values(
                digest=f"sha256:{numbers.start:064}", state="loaded", folder=f"synthetic-{numbers.start}",
                as_of="2026-06-30T00:00:00Z", as_of_seconds=1_782_777_600, engine="regenqc", profile="canonical",
                loaded_at="", rows_read=0, rows_judged=0, rows_refused=0, lots=len(numbers),
                run='{"schema": "regenqc.run/1", "as_of": "2026-06-30T00:00:00Z", "engine": {"regenqc": "0.1.0"},'
                ' "inputs": [], "batches": null, "specifications": []}',
                digests='{"run": "", "dispositions": "", "findings": "", "results": "", "verdicts": ""}',
            )
            .returning(EVALUATIONS.c.id)
        ).scalar_one()  # fmt: skip
        groups = Regrouping(connection)
        for begin in range(numbers.start, numbers.stop, _AT_ONCE):
            some = range(begin, min(begin + _AT_ONCE, numbers.stop))
            tables: dict[Any, list[dict[str, Any]]] = {
                table: [] for table in (BATCHES, JUDGEMENTS, CELLS, FINDINGS, RESULTS, LOTS)
            }
            for number in some:
                _write_lot(tables, number, evaluation, specification.fingerprint, own, results_per_lot, chance, groups)
            for table, rows in tables.items():
                if rows:
                    connection.execute(insert(table), rows)
            keys += [row["key"] for row in tables[LOTS]]
        groups.finish()


def _write_lot(
    tables: dict[Any, list[dict[str, Any]]], number: int, evaluation: int, fingerprint: str, own: list[Any],
    results_per_lot: int, chance: random.Random, groups: Regrouping,
) -> None:  # fmt: skip
    name = f"LOT/{number:08}"
    word, verdict = chance.choices(
        [("eligible", "conforms"), ("hold", "inconclusive"), ("reject", "fails"), ("conditional", "missing")],
        [85, 6, 6, 3],
    )[0]
    key = lot_key(name, _STAGE, _SPECIFICATION)
    counts = dict.fromkeys(("fails", "inconclusive", "missing", "pending", "alerts"), 0)
    counts[{"fails": "fails", "inconclusive": "inconclusive", "missing": "pending"}.get(verdict, "alerts")] = (
        word != "eligible"
    )
    odd = own[number % len(own)]
    tables[BATCHES].append(
        {"id": number, "evaluation_id": evaluation, "batch_id": name, "attributes": '{"product": "P"}'}
    )
    tables[JUDGEMENTS].append(
        {
            "id": number, "key": key, "batch": number, "evaluation_id": evaluation, "stage": _STAGE,
            "spec_id": _SPECIFICATION, "spec_version": "1", "spec_fingerprint": fingerprint, "disposition": word,
            "reasons": "", "pending_until": "", **counts,
        }
    )  # fmt: skip
    for entry in own if results_per_lot else ():
        is_odd = entry is odd and word != "eligible"
        tables[CELLS].append(
            {"judgement_id": number, "requirement_id": entry.id, "verdict": verdict if is_odd else "conforms"}
        )
        if is_odd:
            tables[FINDINGS].append(
                {
                    "judgement_id": number, "requirement_id": entry.id, "verdict": verdict,
                    "reason_code": "pending" if verdict == "missing" else "below_minimum", "test": entry.test,
                    "reported": "51.9", "unit": "%", "limit": "≥ 70 %", "row_number": 1, "source": "results.csv",
                    "explanation": f"{entry.name}: reported “51.9 %” is below the limit ≥ 70 %.",
                }
            )  # fmt: skip
    for at in range(results_per_lot):
        entry = own[at % len(own)]
        tables[RESULTS].append(
            {
                "batch": number, "stage": _STAGE, "test": entry.test, "result": f"{70 + at}.{number % 10}", "unit": "%",
                "verdict": "conforms", "reason_code": "conforms", "row_number": at + 1, "source": "results.csv",
                "result_id": f"R{at}", "revision": "1", "status": "verified", "method": "flow cytometry",
                "analyst": "analyst-01", "laboratory": "LAB-1", "tested_at": "2026-06-29T11:00:00Z",
                "reported_at": "2026-06-29T12:00:00Z", "others": "",
            }
        )  # fmt: skip
    due = 1_790_000_000 + chance.randrange(10_000_000)
    lot = {
        "key": key, "batch_id": name, "folded": folded(name), "stage": _STAGE, "spec_id": _SPECIFICATION,
        "product": f"PRODUCT-{number % 40}", "site": f"SITE-{number % 5}", "judgement_id": number,
        "as_of_seconds": 1_782_777_600, "disposition": word, "reasons": "", "state": "open", "decision_id": "",
        "due_at": due, "expires_at": due, "pending_until": NEVER, **counts,
    }  # fmt: skip
    tables[LOTS].append(lot | {"group_id": groups.enter(lot)})


def time_console(*, lots: int, results_per_lot: int, users: int = _USERS) -> dict[str, float]:
    """Return how long users wait for a page, by its kind, and how much memory the server takes."""
    with tempfile.TemporaryDirectory() as name:
        home = _home(Path(name))
        settings = read_settings(home)
        store = open_store(settings.store)
        keys = make_store(store, lots=lots, results_per_lot=results_per_lot)
        with store.connect() as connection:
            written = connection.execute(select(LOTS.c.id).order_by(LOTS.c.id.desc()).limit(1)).scalar_one()
        store.dispose()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "regenqc", "serve", "--home", str(home), "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ)) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                cookies = _signed_in(address)
                if not results_per_lot:
                    keys = []
                waits = _use(address, cookies, keys, users)
                memory = _peak_memory_mb(process.pid)
            finally:
                process.terminate()
        found: dict[str, float] = {"lots": written, "results": lots * results_per_lot, "people": users}
        for kind, seconds in waits.items():
            found[f"{kind}, pages"] = len(seconds)
            found[f"{kind}, 95th percentile, ms"] = _percentile(seconds) * 1000
        return found | {"memory of the server at most, MB": memory}


def _home(folder: Path) -> Path:
    from datetime import UTC, datetime

    from regenqc.cli.demo import demo_command

    with redirect_stdout(StringIO()):  # what the demonstration tells
        demo_command(folder / "demo")
    make_console_home(folder / "home", folder / "demo", now=datetime.now(UTC))
    settings = read_settings(folder / "home")
    make_accounts(settings, clock=console_clock(settings))
    store = open_store(settings.store)
    load_all(store, settings, now=datetime.now(UTC))
    store.dispose()
    return folder / "home"


def _signed_in(address: str) -> httpx.Cookies:
    for _ in range(600):
        try:
            with httpx.Client(base_url=address, timeout=60) as client:
                text = client.get("/sign-in").text
                csrf = text.split('name="csrf" value="')[1].split('"')[0]
                done = client.post(
                    "/sign-in", data={"csrf": csrf, "next": "/", "name": "QP-0001", "password": PASSWORD}
                )
                if done.status_code != 303:
                    raise RuntimeError(done.text)
                return client.cookies
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the console did not begin to answer")


def _use(address: str, cookies: httpx.Cookies, keys: list[str], users: int) -> dict[str, list[float]]:
    waits: dict[str, list[float]] = {"queue": [], "queue with filters": [], **({"lot": []} if keys else {})}

    def person(number: int) -> Iterator[tuple[str, float]]:
        chance = random.Random(number)
        paths = {
            "queue": lambda: "/",
            "queue with filters": lambda: (
                f"/?disposition=hold&product=PRODUCT-{chance.randrange(40)}&site=SITE-{chance.randrange(5)}"
            ),
            "lot": lambda: f"/lots/{chance.choice(keys)}",
        }
        with httpx.Client(base_url=address, cookies=cookies, timeout=60) as client:
            for _ in range(_PAGES_EACH):
                kind = chance.choice(list(waits))
                started = time.perf_counter()
                done = client.get(paths[kind]())
                yield kind, time.perf_counter() - started
                if done.status_code != 200:
                    raise RuntimeError(f"{done.status_code} {done.url}")
                time.sleep(chance.uniform(*_THINK_SECONDS))

    with ThreadPoolExecutor(users) as pool:
        for measured in pool.map(lambda number: list(person(number)), range(users)):
            for kind, seconds in measured:
                waits[kind].append(seconds)
    return waits


def _percentile(seconds: list[float], *, of: float = 0.95) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of))]


def _peak_memory_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=100_000)
    parser.add_argument("--results-per-lot", type=int, default=20)
    parser.add_argument("--users", type=int, default=_USERS)
    stated = parser.parse_args()
    print(machine_line())
    found = time_console(lots=stated.lots, results_per_lot=stated.results_per_lot, users=stated.users)
    for name, value in found.items():
        print(f"{name:<40} {value:,.1f}" if isinstance(value, float) else f"{name:<40} {value:,}")


if __name__ == "__main__":
    main()
