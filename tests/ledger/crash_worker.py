"""What the crash tests kill: a process that appends, signs, and says what was acknowledged.

Every line on its standard output is a fact that must survive: `+ key` an acknowledged entry, `@ base64` a checkpoint.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ledger.workbench import LOG_KEY, NOW, ORIGIN
from regenqc.errors import LedgerError
from regenqc.ledger import Appended, CheckpointMemory, Entry, Log
from regenqc.ledger.group_commit import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.errors import Fault
    from regenqc.ledger import SignedCheckpoint, Transaction


class Rows:
    """A layer above that keeps one row per entry."""

    name, version = "crash", 1

    def create(self, transaction: Transaction, *, present: int) -> None:
        del present
        transaction.execute("CREATE TABLE crash_row (key TEXT PRIMARY KEY, idx BIGINT NOT NULL)")

    def apply(self, transaction: Transaction, *, first_index: int, entries: Sequence[Entry]) -> Mapping[int, Fault]:
        rows = [(each.key.decode(), index) for index, each in enumerate(entries, start=first_index)]
        transaction.insert_rows("crash_row", ("key", "idx"), rows)
        return {}


def body_of(key: str) -> bytes:
    """Return the content that belongs to a key; long enough to fill pages."""
    return f'{{"event":"{key}"}}'.encode().ljust(300, b".")


def entry_of(key: str) -> Entry:
    return Entry(key.encode(), body_of(key))


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def say_signed(signed: SignedCheckpoint) -> None:
    say(f"@ {b64encode(signed.encoded).decode()}")


def append_for_ever(url: str, memory: str, name: str, *, threads: int = 8) -> None:
    """Append from several threads, and sign now and then, until somebody ends the process."""
    log = Log.open(url, origin=ORIGIN, projection=Rows())

    def append(thread: int) -> None:
        number = 0
        while True:
            # Mostly few; now and then as many as go to the database in other statements than few.
            count = 1 + number % 3 if number % 40 else 300
            keys = [f"{name}-{thread}-{number + offset}" for offset in range(count)]
            for key, outcome in zip(keys, log.append([entry_of(key) for key in keys]), strict=True):
                assert isinstance(outcome, Appended), outcome
                say(f"+ {key}")
            number += len(keys)

    for thread in range(threads):
        threading.Thread(target=append, args=(thread,), daemon=True).start()
    while True:
        say_signed(log.checkpoint(LOG_KEY, memory=CheckpointMemory(memory), now=NOW))
        time.sleep(0.004)


def fixed_work(url: str, memory: str, name: str) -> None:
    """Do the same few things in one thread, so that the n-th system call is always the same one."""
    with Log.open(url, origin=ORIGIN, projection=Rows()) as log:
        for group in range(6):
            keys = [f"{name}-{group}-{number}" for number in range(300 if group == 3 else 60)]
            submission = Submission([entry_of(key) for key in keys])
            log._commit([submission])
            for key, outcome in zip(keys, submission.future.result(), strict=True):
                assert isinstance(outcome, Appended), outcome
                say(f"+ {key}")
            if group % 2:
                say_signed(log.checkpoint(LOG_KEY, memory=CheckpointMemory(memory), now=NOW))


if __name__ == "__main__":
    try:
        fixed_work(*sys.argv[1:4])
    except LedgerError as error:
        say(f"! {error.code}")
        sys.exit(5)
