"""Work that takes an engine: the same commands as on a terminal, each in a process of its own with limits.

The server stays small, and what a screen starts is what a person could start by hand. A long command leaves its answer in a
folder, so that a page can be asked for it again, also after a restart of the server.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import DataError, Fault, InternalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = ["Job", "answer_of", "jobs_of", "read_job", "start_job"]

_SECONDS: Final = 120
_JOB_SECONDS: Final = 3600
_KEPT: Final = 40
# 0 done, 1 done and something is not as it should be, 5 a check that failed: all of them answer.
_ANSWERS: Final = frozenset({0, 1, 5})
_CODE: Final = re.compile(r"(RQC-[A-Z][0-9]{3}) (.*)")
_TOLD: Final = re.compile(r"  (at|got|expected|do) +(.*)")
_MEMBERS: Final = {"at": "where", "got": "got", "expected": "expected", "do": "action"}
_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z_-]{10,40}")
# Child processes that the server started, so that at its end none is left behind.
_ALONE: Final = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hold what is known of a command that runs, or ran.

    Args:
        job_id: of its folder.
        kind: word of the screen that started it.
        about: what it is about, in words.
        started_at: moment.
        started_by: person.
        code: exit code, `None` while it runs.
        answer: what it printed as JSON, `None` for nothing.
        errors: what it printed beside it.
    """

    job_id: str
    kind: str
    about: str
    started_at: str
    started_by: str
    code: int | None
    answer: Any
    errors: str

    @property
    def is_running(self) -> bool:
        """Return whether there is no answer yet."""
        return self.code is None

    @property
    def answered(self) -> bool:
        """Return whether the command came to its end."""
        return self.code in _ANSWERS


def answer_of(arguments: Sequence[str], *, folder: Path, module: str = "regenqc", given: bytes = b"") -> Any:
    """Run a command of regenqc that prints JSON, and return that.

    Args:
        arguments: after `regenqc`.
        folder: in which it runs.
        module: that is run; the command line unless stated.
        given: to its standard input.

    Raises:
        DataError: with the code that the command named, or `RQC-U161` when it took longer than two minutes.
        InternalError: `RQC-X041`, it printed nothing that can be read.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, with arguments that are never a shell's
            _command(arguments, module),
            cwd=folder,
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(
            Fault(code="RQC-U161", what="The engine took too long.", got=f"more than {_SECONDS} s", action="Try again.")
        ) from error
    if done.returncode not in _ANSWERS or not done.stdout:
        raise _refused(done.stderr.decode(errors="replace"))
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise InternalError(
            Fault(code="RQC-X041", what="The answer of the engine cannot be read.", got=str(error))
        ) from error


def start_job(arguments: Sequence[str], *, kind: str, about: str, home: Path, person_id: str, now: datetime) -> str:
    """Start a command whose answer is asked for later, and return the identifier of its folder.

    Args:
        arguments: after `regenqc`; `{folder}` in them becomes the folder of the job.
        kind: word of the screen that starts it.
        about: what it is about, in words.
        home: of the console.
        person_id: who starts it.
        now: the present moment.

    Raises:
        DataError: `RQC-U162`, one of this kind is running.
    """
    with _ALONE:
        if any(job.is_running for job in jobs_of(home, kind)):
            raise DataError(
                Fault(code="RQC-U162", what="One of these is running.", where=kind, action="Wait until it is done.")
            )
        job_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        folder = home / "jobs" / kind / job_id
        folder.mkdir(parents=True)
        about_it = {
            "kind": kind,
            "about": about,
            "started_at": now.astimezone(UTC).isoformat(),
            "started_by": person_id,
        }
        filled = [each.replace("{folder}", str(folder)) for each in arguments]
        with (folder / "answer.json").open("wb") as out, (folder / "errors.txt").open("wb") as err:
            child = subprocess.Popen(  # noqa: S603 - this interpreter, with arguments that are never a shell's
                _command(filled), cwd=folder, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=_environment()
            )
        (folder / "job.json").write_text(json.dumps(about_it | {"process": child.pid}), encoding="utf-8")
    threading.Thread(target=_wait, args=(child, folder), name=f"job {job_id}", daemon=True).start()
    for old in sorted(folder.parent.iterdir())[:-_KEPT]:
        _forget(old)
    return job_id


def read_job(home: Path, kind: str, job_id: str) -> Job | None:
    """Return what is known of a job, `None` when there is none of this identifier."""
    if _IDENTIFIER.fullmatch(job_id) is None or _IDENTIFIER.fullmatch(f"{kind}__________") is None:
        return None
    folder = home / "jobs" / kind / job_id
    try:
        told = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        errors = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
    code = _code_of(folder, int(told["process"]))
    answer = None
    if code in _ANSWERS:
        try:
            answer = json.loads((folder / "answer.json").read_bytes())
        except (OSError, ValueError):
            answer = None
    return Job(
        job_id=job_id,
        kind=told["kind"],
        about=told["about"],
        started_at=told["started_at"],
        started_by=told["started_by"],
        code=code,
        answer=answer,
        errors=errors[:4000],
    )


def jobs_of(home: Path, kind: str) -> list[Job]:
    """Return the jobs of a kind, the last one first."""
    folder = home / "jobs" / kind
    names = sorted((each.name for each in folder.iterdir()), reverse=True) if folder.is_dir() else []
    return [job for name in names if (job := read_job(home, kind, name)) is not None]


def _command(arguments: Sequence[str], module: str = "regenqc") -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]


def _environment() -> dict[str, str]:
    # No colours, and nothing of the environment that changes what a command prints.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGENQC_")}
    return kept | {"COLUMNS": "4000", "NO_COLOR": "1", "PYTHONUTF8": "1"}


def _wait(child: subprocess.Popen[bytes], folder: Path) -> None:
    try:
        code = child.wait(timeout=_JOB_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        code = 124
    (folder / "code").write_text(str(code), encoding="utf-8")


def _code_of(folder: Path, process: int) -> int | None:
    """Return the exit code; one whose server ended before it is told as broken off."""
    try:
        return int((folder / "code").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pass
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return 130
    except PermissionError:
        return 130
    return None


def _forget(folder: Path) -> None:
    import shutil  # noqa: PLC0415

    shutil.rmtree(folder, ignore_errors=True)


def _refused(errors: str) -> DataError:
    """Return the faults that a command printed."""
    found: list[dict[str, str]] = []
    for line in errors.splitlines():
        started = _CODE.match(line)
        told = _TOLD.match(line)
        if started is not None:
            found.append({"code": started[1], "what": started[2]})
        elif told is not None and found:
            found[-1].setdefault(_MEMBERS[told[1]], told[2][:400])
    if not found:
        said = [" ".join(line.split()) for line in errors.splitlines() if line.strip()]
        found = [
            {"code": "RQC-U163", "what": "The engine refused this.", "got": (said or ["nothing was said"])[-1][:400]}
        ]
    return DataError(*(Fault(**each) for each in found))
