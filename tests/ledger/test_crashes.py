"""Killed at any moment, failed by any disk: nothing acknowledged is lost, and the tree stays one growing tree.

The long run kills 1,000 times per store; REGENQC_KILLS sets another number. Power loss is not simulated: a killed process
leaves its pages with the kernel. That the kernel was asked to write them before acknowledging is what strace shows here.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regenqc.errors import LedgerError
from regenqc.ledger import Log

from .crash_loop import Facts, check
from .crash_worker import Rows, entry_of
from .postgres_server import PostgresServer, why_no_server
from .workbench import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
KILLS = int(os.environ.get("REGENQC_KILLS", "1000"))
SEED = int(os.environ.get("REGENQC_SEED", str(time.time_ns() % 1_000_000)))


def kill_writers(url: str, folder: Path, *, kills: int, processes: int) -> str:
    """Run the loop in a process of its own; the seed is part of every message."""
    command = [sys.executable, str(HERE / "crash_loop.py"), url, str(folder), str(kills), str(SEED), str(processes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {SEED}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_writers_of_sqlite_killed_at_random_lose_nothing(tmp_path: Path) -> None:
    assert "none lost" in kill_writers(f"sqlite:///{tmp_path}/ledger-{{}}.db", tmp_path, kills=10, processes=1)


def test_writers_of_postgresql_killed_at_random_lose_nothing(postgres_url: str, tmp_path: Path) -> None:
    assert "none lost" in kill_writers(postgres_url, tmp_path, kills=6, processes=2)


@pytest.mark.long
def test_writers_of_sqlite_killed_a_thousand_times_lose_nothing(tmp_path: Path) -> None:
    assert "none lost" in kill_writers(f"sqlite:///{tmp_path}/ledger-{{}}.db", tmp_path, kills=KILLS, processes=1)


@pytest.mark.long
def test_writers_of_postgresql_killed_a_thousand_times_lose_nothing(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    for first in range(0, KILLS, 100):
        url = postgres_server.new_ledger()
        folder = tmp_path / str(first)
        folder.mkdir()
        assert "none lost" in kill_writers(url, folder, kills=min(100, KILLS - first), processes=2)


# ---- the server is killed -------------------------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Return a server that the test may crash."""
    if why_no_server():
        pytest.skip(why_no_server())
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


def kill_server(server: PostgresServer, folder: Path, *, rounds: int) -> int:
    """Kill the server under two writers, over and over; return how many entries were acknowledged."""
    url = server.new_ledger()
    facts = Facts()
    script = (
        f"import sys; sys.path.insert(0, {str(HERE.parent)!r})\n"
        "from ledger.crash_worker import append_for_ever\n"
        "append_for_ever(*sys.argv[1:])\n"
    )
    memory = str(folder / "memory")
    for number in range(rounds):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", script, url, memory, f"{number}-{writer}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for writer in range(2)
        ]
        first = [writer.stdout.read1(65_536) for writer in writers]
        time.sleep(0.02 * (number % 7))
        server.stop(signal.SIGKILL)
        for writer, said in zip(writers, first, strict=True):
            writer.kill()
            facts.hear(said + writer.communicate()[0])
        server.start()
        check(url, memory, facts)
    return len(facts.keys)


def test_a_server_killed_under_its_writers_loses_nothing(own_server: PostgresServer, tmp_path: Path) -> None:
    assert kill_server(own_server, tmp_path, rounds=2) > 0


@pytest.mark.long
def test_a_server_killed_many_times_under_its_writers_loses_nothing(own_server: PostgresServer, tmp_path: Path) -> None:
    assert kill_server(own_server, tmp_path, rounds=max(10, KILLS // 20)) > 0


# ---- the disk fails: faults injected at the system calls that write -------------------------------------------------

WRITING = "pwrite64,pwritev,fdatasync,fsync,ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat"
HOW = {"killed": "signal=KILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}


@cache
def why_no_strace() -> str:
    """Return why faults cannot be injected here, empty when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(
        ["strace", "-e", "inject=fsync:error=EIO:when=999", sys.executable, "-c", "pass"],
        capture_output=True,
        check=False,
    )
    return "" if done.returncode == 0 else "strace may not trace processes here"


def work_under_strace(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[bytes], str]:
    if why_no_strace():
        pytest.skip(why_no_strace())
    url = f"sqlite:///{folder}/ledger.db"
    done = subprocess.run(
        [
            *("strace", "-f", "-o", str(folder / "trace"), "-e", f"trace={WRITING}", *options),
            *(sys.executable, "-B", str(HERE / "crash_worker.py"), url, str(folder / "memory"), "work"),
        ],
        capture_output=True,
        check=False,
    )
    return done, url


@cache
def places(parent: Path) -> int:
    """Return how many times the work asks the system to write."""
    folder = parent / "count"
    folder.mkdir()
    done, _ = work_under_strace(folder)
    assert done.returncode == 0, done.stderr
    return len(re.findall(r"^\d+ +\w+\(", (folder / "trace").read_text(), re.MULTILINE))


def fail_at(folder: Path, how: str, place: int) -> None:
    """Fail one system call, and check what is left as the next process finds it."""
    folder.mkdir()
    done, url = work_under_strace(folder, "-e", f"inject={WRITING}:{HOW[how]}:when={place}")
    facts = Facts()
    facts.hear(done.stdout)
    if how == "killed":
        assert done.returncode in {0, -9, 137}, done.stderr
    else:
        # Either SQLite could do without the call, or the ledger said what happened; nothing else may come out.
        assert done.returncode in {0, 5}, done.stderr
        assert (done.returncode == 5) == (re.search(rb"^! RQC-L0", done.stdout, re.MULTILINE) is not None)
    check(url, str(folder / "memory"), facts)
    with Log.open(url, projection=Rows()) as log:
        assert all(log.append_one(entry_of(key)).again for key in sorted(facts.keys)[:5])
        assert log.append_one(entry_of(f"after {how} at {place}")).index == log.size - 1


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85])
def test_a_failed_system_call_loses_nothing(tmp_path: Path, how: str, share: float) -> None:
    fail_at(tmp_path / how, how, max(1, round(share * places(tmp_path))))


@pytest.mark.long
@pytest.mark.parametrize("how", HOW)
def test_every_system_call_that_writes_may_fail_and_nothing_is_lost(tmp_path: Path, how: str) -> None:
    count = places(tmp_path)
    assert count > 50
    for place in range(1, count + 1):
        fail_at(tmp_path / f"{how}-{place}", how, place)
        shutil.rmtree(tmp_path / f"{how}-{place}")


def test_nothing_is_acknowledged_before_it_was_asked_onto_the_disk(tmp_path: Path) -> None:
    """Between the write of a group and its acknowledgement stands a successful fdatasync of the same file."""
    if why_no_strace():
        pytest.skip(why_no_strace())
    url = f"sqlite:///{tmp_path}/ledger.db"
    command = [
        *("strace", "-f", "-y", "-o", str(tmp_path / "trace"), "-e", "trace=pwrite64,fdatasync,fsync,write"),
        *(sys.executable, "-B", str(HERE / "crash_worker.py"), url, str(tmp_path / "memory"), "work"),
    ]
    subprocess.run(command, capture_output=True, check=True)
    waiting = False
    acknowledged = 0
    for line in (tmp_path / "trace").read_text().splitlines():
        if re.search(r"pwrite64\(\d+<[^>]*ledger\.db-wal>", line):
            waiting = True
        elif re.search(r"f(data)?sync\(\d+<[^>]*ledger\.db-wal>\) += 0", line):
            waiting = False
        elif re.search(r'write\(1<[^>]*>, "\+ ', line):
            assert not waiting, line
            acknowledged += 1
    assert acknowledged == 600


# ---- the ledger as it was opened by nobody --------------------------------------------------------------------------


def test_a_write_ahead_log_cut_at_any_place_leaves_a_consistent_beginning(tmp_path: Path) -> None:
    """What is lost with the end of the write-ahead log is lost silently: only an outside checkpoint shows it."""
    folder = tmp_path / "source"
    folder.mkdir()
    url = f"sqlite:///{folder}/ledger.db"
    script = (
        f"import sys; sys.path.insert(0, {str(HERE.parent)!r})\n"
        "from ledger.crash_worker import *\n"
        "log = Log.open(sys.argv[1], origin=ORIGIN)\n"
        "for number in range(12):\n"
        "    log.append([entry_of(f'{number}-{each}') for each in range(5)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, url], check=False).returncode == -9
    wal = (folder / "ledger.db-wal").read_bytes()
    sizes = []
    for cut in range(0, len(wal), max(512, len(wal) // 40 // 512 * 512)):
        copy = tmp_path / f"cut-{cut}"
        copy.mkdir()
        shutil.copy(folder / "ledger.db", copy / "ledger.db")
        (copy / "ledger.db-wal").write_bytes(wal[:cut])
        try:
            with Log.open(f"sqlite:///{copy}/ledger.db", origin=ORIGIN) as log:
                assert log.verify().ok
                sizes.append(log.size)
        except LedgerError as error:
            raise AssertionError(cut) from error
    assert sizes == sorted(sizes)
    assert all(size % 5 == 0 for size in sizes)
