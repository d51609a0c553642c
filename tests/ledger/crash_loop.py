"""Kill writers at random moments, over and over, and check after each kill that nothing acknowledged is lost.

Run in a process of its own, because it forks: `python crash_loop.py URL FOLDER KILLS SEED PROCESSES`.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from base64 import b64decode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ledger.crash_worker import Rows, append_for_ever, body_of
from ledger.workbench import LOG_KEY, NOW, ORIGIN, POLICY
from regenqc.ledger import CheckpointMemory, Log

MOST_SECONDS = 0.06
SHARE_OF_EARLY_KILLS = 0.2
LONGEST_OPENING_SECONDS = 60


class Facts:
    """What writers said must survive."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.checkpoints: list[bytes] = []

    def hear(self, said: bytes) -> None:
        for line in said.decode().split("\n")[:-1]:
            kind, _, what = line.partition(" ")
            if kind == "+":
                self.keys.add(what)
            elif kind == "@":
                self.checkpoints = [*self.checkpoints[-5:], b64decode(what)]


def check(url: str, memory: str, facts: Facts) -> None:
    """Open the ledger as the next writer would, and compare it with the facts."""
    with Log.open(url, origin=ORIGIN, projection=Rows(), wait_seconds=30) as log:
        found = log.verify(policy=POLICY if facts.checkpoints else None, outside=facts.checkpoints)
        assert found.ok, found.detections
        with log.read() as snapshot:
            recorded = {each.key.decode(): each for each in snapshot.entries()}
            rows = dict(snapshot.execute("SELECT key, idx FROM crash_row"))
        lost = facts.keys - recorded.keys()
        assert not lost, f"{len(lost)} acknowledged entries are lost"
        assert all(each.body == body_of(key) for key, each in recorded.items())
        assert rows == {key: each.index for key, each in recorded.items()}, "tables and log differ"
        facts.checkpoints.append(log.checkpoint(LOG_KEY, memory=CheckpointMemory(memory), now=NOW).encoded)


def spawn(url: str, memory: str, name: str) -> tuple[int, int]:
    """Return process id and what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(writing, 1)
        try:
            append_for_ever(url, memory, name)
        finally:
            os._exit(70)
    os.close(writing)
    return child, reading


def kill_at_random(children: list[tuple[int, int]], dice: random.Random, facts: Facts) -> None:
    """Kill while the ledger is being opened, or some time after the first acknowledgement; hear what was said until then."""
    said = {reading: b"" for _, reading in children}
    early = dice.random() < SHARE_OF_EARLY_KILLS
    deadline = time.monotonic() + (dice.random() * 0.04 if early else LONGEST_OPENING_SECONDS)
    begun = early
    while (rest := deadline - time.monotonic()) > 0:
        for reading in select.select(list(said), [], [], rest)[0]:
            said[reading] += os.read(reading, 65_536)
            if not begun:
                begun, deadline = True, time.monotonic() + dice.random() * MOST_SECONDS
    assert begun, "no writer acknowledged anything"
    for child, _ in children:
        os.kill(child, signal.SIGKILL)
    for child, reading in children:
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status), f"a writer ended by itself with status {os.waitstatus_to_exitcode(status)}"
        while more := os.read(reading, 65_536):
            said[reading] += more
        os.close(reading)
        facts.hear(said[reading])


def main(url: str, folder: str, kills: int, seed: int, processes: int) -> None:
    """Kill so many times; a new ledger is begun every hundred kills, to keep checking quick."""
    dice = random.Random(seed)
    acknowledged = 0
    for first in range(0, kills, 100):
        ledger = url.format(first)
        memory = f"{folder}/memory-{first}"
        facts = Facts()
        for number in range(first, min(first + 100, kills)):
            children = [spawn(ledger, f"{memory}-{process}" if processes > 1 else memory, f"{number}-{process}")
                        for process in range(processes)]  # fmt: skip
            kill_at_random(children, dice, facts)
            check(ledger, memory, facts)
        acknowledged += len(facts.keys)
    sys.stdout.write(f"{kills} kills, {acknowledged} entries acknowledged, none lost\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
