"""Further processes for verifying: together they check every page of the log, while the first one follows it from event to event.

    python -m regenqc.custody.projection.page_readers

reads what it is to do from its standard input, takes page after page that nobody has taken, and writes its findings to its
standard output.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import msgspec
from msgspec import Struct

from regenqc.custody.projection.page_check import Extent, PageCheck
from regenqc.garbage import collection_paused
from regenqc.ledger.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.ledger import Snapshot

__all__ = ["Findings", "PageReaders", "Portions", "check_portions"]

# So many fit into a pipe that nobody reads from, on every system.
_MOST_PORTIONS: Final = 2_000
_NUMBER_BYTES: Final = 4


class Portions:
    """Hand out portions of a log, each once and in order, to whichever process asks first: their numbers lie in a pipe.

    Args:
        queue: the end of the pipe that is read.
        pages: pages of the log.
        each: pages of a portion.
    """

    def __init__(self, queue: int, *, pages: int, each: int) -> None:
        self.queue = queue
        self.pages = pages
        self.each = each

    @classmethod
    def of(cls, pages: int) -> Self:
        """Return all portions of a log of so many pages.

        Example:
            >>> portions = Portions.of(3)
            >>> [list(pages) for pages in portions]
            [[0], [1], [2]]
            >>> portions.close()
        """
        each = max(1, -(-pages // _MOST_PORTIONS))
        queue, filling = os.pipe()
        with os.fdopen(filling, "wb") as file:
            file.write(b"".join(at.to_bytes(_NUMBER_BYTES, "big") for at in range(-(-pages // each))))
        return cls(queue, pages=pages, each=each)

    def __iter__(self) -> Iterator[range]:
        """Yield the pages of one portion after the other, as long as there are any that nobody has taken."""
        while number := os.read(self.queue, _NUMBER_BYTES):
            start = int.from_bytes(number, "big") * self.each
            yield range(start, min(start + self.each, self.pages))

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self.queue)


class _Task(Struct, frozen=True):
    address: str
    extent: Extent
    queue: int
    each: int


class Findings(Struct, frozen=True):
    """Hold what one process found.

    Args:
        root: root of the tree of as many entries as the extent says, in hexadecimal digits.
        pages: those that it took and in which nothing is wrong.
        uses: the rows of `custody_use` that follow from them.
        wrong: there is something wrong in another one, which nobody else looked at.
    """

    root: str
    pages: list[int]
    uses: list[tuple[int, int]]
    wrong: bool


def check_portions(view: Snapshot, extent: Extent, portions: Portions) -> Findings:
    """Check portions until none is left, or something is wrong."""
    check = PageCheck(view, extent)
    right: list[int] = []
    wrong = False
    for pages in portions:
        for page in pages:
            if not check.is_right(page):
                wrong = True
                break
            right.append(page)
        if wrong:
            break
    return Findings(view.tree().root(extent.size).hex(), right, check.uses, wrong)


class PageReaders:
    """Run further processes that check pages.

    Args:
        address: of the ledger, with everything needed to open it.
        extent: how far it is to be checked.
        count: how many processes.
    """

    def __init__(self, address: str, extent: Extent, *, count: int) -> None:
        self.extent = extent
        self._portions = Portions.of(extent.pages)
        self._processes: list[subprocess.Popen[bytes]] = []
        task = _Task(address, extent, self._portions.queue, self._portions.each)
        for _ in range(count):
            # Where no further process can be had, this one does it all.
            with suppress(OSError, ValueError):
                self._processes.append(self._started(task))

    @staticmethod
    def _started(task: _Task) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "regenqc.custody.projection.page_readers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(task.queue,),
        )
        # By its input, not its arguments: those are shown to everybody on the machine, and an address may hold a password.
        if process.stdin is not None:
            with suppress(OSError), process.stdin as stdin:
                stdin.write(msgspec.json.encode(task))
        return process

    def findings(self, view: Snapshot) -> Sequence[Findings]:
        """Check what is left together with the other processes, and return what all of them found.

        What a process took and did not come back with is checked here.
        """
        found = [check_portions(view, self.extent, self._portions)]
        found += [answer for process in self._processes if (answer := _answer_of(process)) is not None]
        done = {page for each in found for page in each.pages}
        left = [page for page in range(self.extent.pages) if page not in done]
        if left and not any(each.wrong for each in found):
            check = PageCheck(view, self.extent)
            right = [page for page in left if check.is_right(page)]
            found.append(Findings(found[0].root, right, check.uses, wrong=right != left))
        return found

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._portions.close()


def _answer_of(process: subprocess.Popen[bytes]) -> Findings | None:
    """Wait for what a process found; `None` when it could not read the ledger."""
    if process.stdout is None:
        return None
    try:
        return msgspec.json.decode(process.stdout.read(), type=Findings)
    except msgspec.MsgspecError:
        return None


def main() -> None:
    """Take pages of the ledger that standard input names, and write the findings to standard output."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=_Task)
    store = open_store(task.address, read_only=True)
    try:
        store.prepare(None, origin=None)
        with collection_paused(), store.snapshot() as view:
            portions = Portions(task.queue, pages=task.extent.pages, each=task.each)
            found = check_portions(view, task.extent, portions)
            sys.stdout.buffer.write(msgspec.json.encode(found))
    finally:
        store.close()


if __name__ == "__main__":
    main()
