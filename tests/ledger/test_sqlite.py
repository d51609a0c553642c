"""What can go wrong with one file: two writers, a foreign program, a full disk, a broken file, a fork, read-only media."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from regenqc.errors import LedgerError
from regenqc.ledger import Entry, Log, open_store
from regenqc.ledger.sqlite import SqliteStore

from .workbench import ORIGIN, entries, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = str(Path(__file__).resolve().parents[1])


def run(script: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    head = (
        f"import sys; sys.path.insert(0, {TESTS!r})\nfrom ledger.workbench import *\nfrom regenqc.ledger import Log\n"
    )
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def path_of(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def log(sqlite_url: str) -> Iterator[Log]:
    with Log.open(sqlite_url, origin=ORIGIN) as opened:
        yield opened


# ---- one writer -----------------------------------------------------------------------------------------------------


def test_a_second_process_that_opens_for_writing_is_refused_and_told_who_writes(log: Log, sqlite_url: str) -> None:
    log.append(entries(3))
    done = run("Log.open(sys.argv[1])", sqlite_url)
    assert "RQC-L030" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert log.append_one(entry(3)).index == 3


def test_a_second_writer_in_the_same_process_is_refused(log: Log, sqlite_url: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L030"):
        Log.open(sqlite_url)
    assert log.append_one(entry(0)).index == 0


def test_another_name_of_the_same_file_does_not_let_a_second_writer_in(log: Log, tmp_path: Path) -> None:
    del log
    (tmp_path / "alias.db").symlink_to(tmp_path / "ledger.db")
    with pytest.raises(LedgerError, match="RQC-L030"):
        Log.open(f"sqlite:///{tmp_path}/alias.db")


def test_the_place_of_the_writer_is_free_after_it_closed(sqlite_url: str) -> None:
    for number in range(3):
        with Log.open(sqlite_url, origin=ORIGIN) as log:
            assert log.append_one(entry(number)).index == number


def test_the_place_of_the_writer_is_free_after_it_was_killed(sqlite_url: str) -> None:
    done = run("log = Log.open(sys.argv[1], origin=ORIGIN); log.append(entries(5)); import os; os.kill(os.getpid(), 9)",
               sqlite_url)  # fmt: skip
    assert done.returncode == -9
    with Log.open(sqlite_url) as log:
        assert log.size == 5
        assert log.verify().ok


def test_a_reader_in_another_process_reads_while_the_writer_writes(log: Log, sqlite_url: str) -> None:
    log.append(entries(500))
    done = run("log = Log.open(sys.argv[1], read_only=True); print(log.size, log.verify().ok)", sqlite_url)
    assert done.stdout.split() == ["500", "True"]
    assert log.append_one(entry(500)).index == 500


def test_a_foreign_program_that_writes_stops_the_ledger_from_writing(log: Log, sqlite_url: str) -> None:
    log.append(entries(3))
    foreign = sqlite3.connect(path_of(sqlite_url))
    foreign.execute("CREATE TABLE foreign_table (x)")
    foreign.commit()
    foreign.close()
    with pytest.raises(LedgerError, match="RQC-L041"):
        log.append_one(entry(3))
    with pytest.raises(LedgerError, match="RQC-L033"):
        log.append_one(entry(3))
    assert log.size == 3
    log.close()
    with Log.open(sqlite_url) as again:
        assert again.append_one(entry(3)).index == 3


def test_readers_and_checkpoints_of_the_write_ahead_log_are_not_taken_for_foreign_writers(
    log: Log, sqlite_url: str
) -> None:
    for number in range(12):
        log.append([entry(place, word=f"group-{number}", size=8_000) for place in range(300)])
        with Log.open(sqlite_url, read_only=True) as reader:
            assert reader.size == 300 * (number + 1)
    assert log.verify().ok


def test_a_database_locked_by_a_foreign_program_is_a_clear_error_and_nothing_is_lost(sqlite_url: str) -> None:
    with Log.open(sqlite_url, origin=ORIGIN, wait_seconds=0.05) as log:
        log.append(entries(3))
        foreign = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="RQC-L031"):
            log.append_one(entry(3))
        foreign.execute("ROLLBACK")
        foreign.close()
        assert log.append_one(entry(3)).index == 3


def test_a_child_after_a_fork_is_told_to_open_the_ledger_itself(sqlite_url: str) -> None:
    script = """
        import os
        from regenqc.errors import LedgerError
        log = Log.open(sys.argv[1], origin=ORIGIN)
        child = os.fork()
        if child == 0:
            try:
                log.append_one(entry(0))
            except LedgerError as error:
                os.write(1, error.code.encode())
            os._exit(0)
        os.waitpid(child, 0)
        print(log.append_one(entry(0)).index)
    """
    assert run(script, sqlite_url).stdout == "RQC-L0430\n"


# ---- settings -------------------------------------------------------------------------------------------------------


def test_the_writer_confirms_only_what_is_on_the_disk(log: Log) -> None:
    store = log.store
    assert isinstance(store, SqliteStore)
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.describe()["synchronous"] == "full"


def test_the_guard_against_the_wal_reset_bug_is_reported(log: Log) -> None:
    word = log.store.describe()["WAL-reset bug"]
    assert word.startswith("fixed" if sqlite3.sqlite_version_info >= (3, 51, 3) else "kept out")


def test_readers_cannot_write_or_checkpoint(log: Log) -> None:
    with log.read() as snapshot, pytest.raises(LedgerError, match="RQC-L037"):
        snapshot.execute("CREATE TABLE x (y)")


# ---- full and broken disks ------------------------------------------------------------------------------------------


def append_until_refused(log: Log, *, size: int) -> tuple[int, str]:
    """Append until the ledger refuses; return how many were acknowledged and the code."""
    acknowledged = 0
    try:
        while acknowledged < 5_000:
            log.append([entry(number, size=size) for number in range(acknowledged, acknowledged + 10)])
            acknowledged += 10
    except LedgerError as error:
        return acknowledged, error.code
    return acknowledged, ""


def test_a_file_that_may_not_grow_is_a_clear_error_and_nothing_acknowledged_is_lost(sqlite_url: str) -> None:
    script = """
        import resource
        from regenqc.errors import LedgerError
        log = Log.open(sys.argv[1], origin=ORIGIN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
        acknowledged = 0
        try:
            while True:
                log.append([entry(number, size=2_000) for number in range(acknowledged, acknowledged + 10)])
                acknowledged += 10
        except LedgerError as error:
            print(acknowledged, error.code)
        try:
            log.append_one(entry(10**6))
        except LedgerError as error:
            print(error.code)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.close()
    """
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = run(script, sqlite_url)
    first, code, later = done.stdout.split()
    assert code in {"RQC-L032", "RQC-L033"}
    assert later in {"RQC-L032", "RQC-L033"}
    with Log.open(sqlite_url) as log:
        assert log.size >= int(first) > 0
        assert log.verify().ok
        assert log.append_one(entry(0, size=2_000)).again


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_a_clear_error_and_writing_goes_on_when_there_is_room(tiny_disk: Path) -> None:
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    with Log.open(f"sqlite:///{tiny_disk}/ledger.db", origin=ORIGIN) as log:
        acknowledged, code = append_until_refused(log, size=1_000)
        assert code == "RQC-L032"
        assert log.size == acknowledged
        ballast.unlink()
        assert log.append([entry(acknowledged)])[0].index == acknowledged
        assert log.verify().ok
    with Log.open(f"sqlite:///{tiny_disk}/ledger.db") as log:
        assert log.size == acknowledged + 1


def test_a_folder_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="RQC-L036"):
        Log.open(f"sqlite:///{tmp_path}/nowhere/ledger.db", origin=ORIGIN)


def test_a_folder_in_the_place_of_the_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="RQC-L036"):
        Log.open(f"sqlite:///{tmp_path}", origin=ORIGIN)


@pytest.mark.parametrize("read_only", [False, True], ids=["for writing", "for reading"])
@pytest.mark.parametrize(
    "content",
    [
        b"no database at all, but long enough to be read as the header of one. " * 20,
        b"SQLite format 3\0" + b"\xff" * 4080,
    ],
    ids=["text", "a header with rubbish"],
)
def test_a_file_that_is_no_database_is_refused_and_not_touched(
    tmp_path: Path, content: bytes, *, read_only: bool
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="RQC-L036"):
        Log.open(f"sqlite:///{path}", origin=ORIGIN, read_only=read_only)
    assert path.read_bytes() == content


@pytest.mark.parametrize("read_only", [False, True], ids=["for writing", "for reading"])
def test_the_database_of_another_program_is_refused_and_not_touched(tmp_path: Path, *, read_only: bool) -> None:
    path = tmp_path / "ledger.db"
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE results (batch TEXT)")
    foreign.commit()
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="RQC-L036"):
        Log.open(f"sqlite:///{path}", origin=ORIGIN, read_only=read_only)
    assert path.read_bytes() == before


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///:memory:", "sqlite://", "sqlite:///file:x", "", "ledger.db"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L039"):
        open_store(url)


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with Log.open(f"sqlite:///{tmp_path}/ledger.db", origin=ORIGIN) as log:
        assert log.append_one(entry(0)).index == 0


def test_a_name_with_blanks_and_marks_is_a_name(tmp_path: Path) -> None:
    with Log.open(f"sqlite:///{tmp_path}/a b?c#d%é.db", origin=ORIGIN) as log:
        log.append_one(entry(0))
    assert (tmp_path / "a b?c#d%é.db").is_file()


def test_a_ledger_on_read_only_media_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Log.open(f"sqlite:///{tmp_path}/ledger.db", origin=ORIGIN) as log:
        log.append(entries(10))
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: False if mode == os.W_OK else access(path, mode)
    )  # root may write anywhere
    with Log.open(f"sqlite:///{tmp_path}/ledger.db", read_only=True) as log:
        assert log.size == 10
    assert not (tmp_path / "ledger.db-shm").exists()


def test_a_folder_that_may_not_be_written_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> int:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("regenqc.ledger.sqlite.os.open", refuse)
    with pytest.raises(LedgerError, match="RQC-L037"):
        Log.open(f"sqlite:///{tmp_path}/ledger.db", origin=ORIGIN)


@pytest.mark.parametrize("damage_at", [0.1, 0.3, 0.6, 0.9])
def test_a_damaged_file_is_reported_and_never_believed(sqlite_url: str, damage_at: float) -> None:
    with Log.open(sqlite_url, origin=ORIGIN) as log:
        log.append([entry(number, size=600) for number in range(3_000)])
    path = path_of(sqlite_url)
    content = bytearray(path.read_bytes())
    start = int(len(content) * damage_at) // 4096 * 4096 + 100
    content[start : start + 2000] = bytes(2000)
    path.write_bytes(bytes(content))
    assert outcome_of_verifying(sqlite_url) in {"detected", "RQC-L036", "RQC-L045"}


def outcome_of_verifying(url: str) -> str:
    try:
        with Log.open(url, read_only=True) as log:
            return "verified" if log.verify().ok else "detected"
    except LedgerError as error:
        return error.code


def test_entries_of_a_cancelled_submission_are_not_recorded(log: Log) -> None:
    with log.store.transaction():  # the committer has to wait
        log.submit([entry(1)])
        cancelled = log.submit([Entry(b"cancelled", b"x")])
        was_cancelled = cancelled.cancel()
    log.append_one(entry(2))
    assert (log.find(b"cancelled") is None) == was_cancelled
