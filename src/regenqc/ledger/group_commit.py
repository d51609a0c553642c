"""Group commit: entries of many callers in one transaction, because a disk confirms a group as fast as one entry.

One thread commits. While it waits for the disk, further submissions gather, and the next transaction takes them all; a
lone caller therefore never waits for company, and no timer is needed. A submission is never divided.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.ledger.faults import ledger_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regenqc.ledger.entries import Entry, Outcome

__all__ = ["GroupCommitter", "Submission"]

MOST_ENTRIES_PER_GROUP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Submission:
    """Hold entries that one caller wants recorded together, and what he will be told."""

    entries: Sequence[Entry]
    future: Future[tuple[Outcome, ...]] = field(default_factory=Future)


class GroupCommitter:
    """Commit submissions in groups, in the order in which they came.

    Args:
        commit: records a group and answers its futures; must not raise.
        name: of the thread.
    """

    def __init__(self, commit: Callable[[list[Submission]], None], *, name: str) -> None:
        self._commit = commit
        self._name = name
        self._waiting: deque[Submission] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, entries: Sequence[Entry]) -> Future[tuple[Outcome, ...]]:
        """Return what will say, when it is durable, what became of the entries."""
        submission = Submission(entries)
        with self._changed:
            if self._closed:
                raise ledger_error("RQC-L038", "The ledger is closed.")
            self._waiting.append(submission)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return submission.future

    def close(self) -> None:
        """Commit what was submitted, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                group = self._next_group()
            running = [submission for submission in group if submission.future.set_running_or_notify_cancel()]
            if running:
                self._commit(running)

    def _next_group(self) -> list[Submission]:
        group = [self._waiting.popleft()]
        count = len(group[0].entries)
        while self._waiting and count + len(self._waiting[0].entries) <= MOST_ENTRIES_PER_GROUP:
            count += len(self._waiting[0].entries)
            group.append(self._waiting.popleft())
        return group
