"""Time the gate of the console as people at the bedside wait for it; `python -m benchmarks.console_gate`.

A ledger of a given number of events is made, a real server is started on it by `regenqc serve`, and twenty people ask in turn,
each signed in and each question on record, with a pause of half a second to a second and a half after each answer. The processor
time of the server is measured beside what people wait, because other work on the machine makes only the latter longer.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx

from benchmarks.custody import GROUP, NOW, POLICY
from benchmarks.hospital import PEOPLE, WAITING, study_events
from benchmarks.machine import machine_line
from regenqc.cli.demo import demo_command
from regenqc.cli.demo_console import make_accounts, make_console_home
from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.serve import console_clock
from regenqc.console.settings import read_settings
from regenqc.custody import Book, Declined

__all__ = ["time_gate"]

_PERSON: Final = "PHYS-0001"
_QUESTIONS_EACH: Final = 40
_THINK_SECONDS: Final = (0.5, 1.5)
_SITE: Final = "HOSP-001"


def time_gate(*, events: int, users: int) -> dict[str, float]:
    """Return how long people wait for an answer of the gate, and what it takes.

    Args:
        events: in the ledger.
        users: who ask at once.
    """
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as name:
        home, doses = _home(Path(name), events)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "regenqc", "serve", "--home", str(home), "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ)) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                cookies = _signed_in(address)
                _ask(address, cookies, doses, number=10_000, questions=10, pause=False)
                used = _processor_seconds(process.pid)
                with ThreadPoolExecutor(users) as pool:
                    asked = pool.map(lambda number: _ask(address, cookies, doses, number=number), range(users))
                    waits = sorted(seconds for person in asked for seconds in person)
                used = _processor_seconds(process.pid) - used
                memory = _peak_memory_mb(process.pid)
            finally:
                process.terminate()
    return {
        "events in the ledger": events,
        "people": users,
        "answers": len(waits),
        "gate, median, ms": median(waits) * 1e3,
        "gate, 95th percentile, ms": waits[int(len(waits) * 0.95)] * 1e3,
        "processor time of the server per answer, ms": used / len(waits) * 1e3,
        "memory of the server at most, MB": memory,
    }


def _home(folder: Path, events: int) -> tuple[Path, int]:
    """Make the home of a console of a hospital whose ledger is large; return it and the number of doses in that."""
    with redirect_stdout(StringIO()):  # what the demonstration tells
        demo_command(folder / "demo")
    home = folder / "home"
    make_console_home(home, folder / "demo", now=datetime.now(UTC))
    settings = read_settings(home)
    make_accounts(settings, clock=console_clock(settings))
    stated = (home / "console.toml").read_text(encoding="utf-8")
    (home / "console.toml").write_text(stated.replace('"MAKER-1"', f'"{_SITE}"'), encoding="utf-8")
    rules = 'schema = "regenqc.gate/1"\nbedside_check_minutes = 30\n'
    (home / "ledger-home" / "gate.toml").write_text(rules, encoding="utf-8")
    for old in (home / "ledger-home").glob("ledger.db*"):
        old.unlink()
    shutil.rmtree(home / "ledger-home" / "signed")
    bodies, lots = study_events(events, seed=1)
    url = f"sqlite:///{home / 'ledger-home' / 'ledger.db'}"
    with Book.open(url, origin="bench.example/ledger", policy=POLICY, now=lambda: NOW) as book:
        for start in range(0, len(bodies), GROUP):
            if any(isinstance(outcome, Declined) for outcome in book.append(bodies[start : start + GROUP])):
                raise SystemExit("the story of the benchmark violates a rule")
    return home, lots // WAITING


def _signed_in(address: str) -> httpx.Cookies:
    for _ in range(600):
        try:
            with httpx.Client(base_url=address, timeout=60) as client:
                csrf = _csrf(client.get("/sign-in").text)
                told = {"csrf": csrf, "next": "/", "name": _PERSON, "password": PASSWORD}
                if client.post("/sign-in", data=told).status_code != 303:
                    raise SystemExit("nobody could sign in")
                return client.cookies
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the console did not begin to answer")


def _ask(
    address: str,
    cookies: httpx.Cookies,
    doses: int,
    *,
    number: int,
    questions: int = _QUESTIONS_EACH,
    pause: bool = True,
) -> list[float]:
    """Ask as one person and return how long each answer took, in seconds."""
    chance = random.Random(number)
    waits = []
    with httpx.Client(base_url=address, cookies=cookies, timeout=60) as client:
        csrf = _csrf(client.get("/gate").text)
        for _ in range(questions):
            name = f"{chance.randrange(doses) * WAITING:07d}"
            asked: dict[str, Any] = {
                "csrf": csrf, "item": f"DP-{name}", "recipient": f"PATIENT-{name}", "coi": f"COI-{name}",
                "actor": PEOPLE[0][0], "role": PEOPLE[0][1], "second_actor": PEOPLE[1][0], "second_role": PEOPLE[1][1],
            }  # fmt: skip
            began = time.perf_counter()
            answer = client.post("/gate", data=asked)
            waits.append(time.perf_counter() - began)
            if answer.status_code != 200 or 'class="verdict' not in answer.text:
                raise SystemExit(f"no answer: {answer.status_code}")
            if pause:
                time.sleep(chance.uniform(*_THINK_SECONDS))
    return waits


def _csrf(page: str) -> str:
    return page.split('name="csrf" value="')[1].split('"', maxsplit=1)[0]


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_memory_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console_gate", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=20)
    stated = parser.parse_args()
    print(machine_line())
    for name, value in time_gate(events=stated.events, users=stated.users).items():
        print(f"{name:<48} {value:>12,.1f}" if isinstance(value, float) else f"{name:<48} {value:>12,}")


if __name__ == "__main__":
    main()
