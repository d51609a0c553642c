"""A real PostgreSQL server of our own: loopback, own port, own folder, stopped by its own process id."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

__all__ = ["PostgresServer", "why_no_server"]

_NUMBERS = itertools.count(1)
UNPRIVILEGED = "nobody"  # initdb refuses to run as root


def binaries() -> Path | None:
    """Return the folder of the server's programs, `None` where there are none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def why_no_server() -> str:
    """Return why no server can be started, empty when one can."""
    return "" if binaries() is not None else "the PostgreSQL server programs are not installed"


def _identity() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    return {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []}


class PostgresServer:
    """Start, stop and kill one server."""

    def __init__(self) -> None:
        self._bin = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="regenqc-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED)
        self._data = self.folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(self._data), "-U", "regenqc", "--auth=trust", "--no-locale", "--encoding=UTF8")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self.folder, **_identity()
        )

    def start(self, *settings: str) -> None:
        """Start the server, with settings such as `fsync=off`, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._bin / "postgres"),
                    *("-D", str(self._data), "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                    *("-c", "max_connections=60", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"),
                    *(part for setting in settings for part in ("-c", setting)),
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_identity(),
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://regenqc@127.0.0.1:{self.port}/{database}"

    def new_ledger(self) -> str:
        """Return a URL under which there is no ledger yet: a schema of its own, which is quicker than a database."""
        schema = f"ledger_{next(_NUMBERS)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        return f"{self.url('postgres')}?options=-csearch_path%3D{schema}"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGINT is its fast shutdown, SIGKILL a crash."""
        if self._process is None:
            return
        children = _children_of(self._process.pid)
        self._process.send_signal(how)
        self._process.wait(timeout=60)
        self._process = None
        # Killed, the server leaves its workers behind; a crash takes them too, and shared memory is free only then.
        for child in children:
            _end(child, how)

    def remove(self) -> None:
        """Stop the server at once, without writing out what nobody needs any more, and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def _state_of(process: int) -> list[str]:
    """Return state, parent and more of a process; nothing when it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _children_of(parent: int) -> list[int]:
    processes = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [process for process in processes if _state_of(process)[1:2] == [str(parent)]]


def _end(process: int, how: signal.Signals) -> None:
    deadline = time.monotonic() + 30
    while _state_of(process)[:1] not in ([], ["Z"]) and time.monotonic() < deadline:
        if how == signal.SIGKILL:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)
