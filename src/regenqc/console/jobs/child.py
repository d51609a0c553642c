"""Run one evaluation in a child process, within limits of time and memory: `regenqc evaluate`, as anybody would call it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.console.jobs.table import JobState
from regenqc.errors import Fault, fault_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from threading import Event

__all__ = ["Limits", "Outcome", "run_evaluation"]

_REFUSALS: Final = frozenset({2, 3, 4})
_JUDGED: Final = frozenset({0, 1})
# Of Python, of C++, of the system, of the loader of shared libraries, of OpenBLAS.
_NO_MEMORY: Final = (
    "MemoryError",
    "bad_alloc",
    "cannot allocate",
    "Cannot allocate",
    "failed to map segment",
    "Memory allocation still failed",
)
_LOOK_SECONDS: Final = 0.05
_TERMINATION_SECONDS: Final = 5.0
# Of what a child prints when it fails inside, the end says what happened.
_SHOWN_BYTES: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Say how much an evaluation may take.

    Args:
        seconds: of time, and of processor time.
        megabytes: of address space; more than is ever touched, as libraries reserve without use.
    """

    seconds: int = 900
    megabytes: int = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold what came of one run.

    Args:
        state: `done`, `refused` or `failed`; `None` when the run was told to stop and nothing came of it.
        exit_code: of the child; `None` when it was ended by a limit.
        faults: as values of JSON; places name the uploaded files.
    """

    state: JobState | None
    exit_code: int | None = None
    faults: tuple[Mapping[str, str], ...] = ()


def run_evaluation(
    arguments: Sequence[str], *, folder: Path, out: Path, limits: Limits, stop: Event, held: Sequence[int] = ()
) -> Outcome:
    """Run `regenqc evaluate` and return what came of it.

    Args:
        arguments: of the command, save for `--json` and `--out`.
        folder: of the upload; taken out of the places that faults name.
        out: of the output, in the folder; it appears whole or not at all.
        limits: of the child.
        stop: set when the server is about to leave: the child is ended.
        held: descriptors that the child keeps open, so that a lock lasts as long as one of both lives.
    """
    printed, said = folder / "printed.json", folder / "said.txt"
    with printed.open("wb") as answer, said.open("wb") as error:
        child = subprocess.Popen(  # noqa: S603 - our own program; each argument was checked and is none of a shell
            [sys.executable, "-P", "-m", "regenqc", "evaluate", *arguments, "--json", "--out", str(out)],
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=error,
            cwd=folder,
            pass_fds=tuple(held),
        )
        _limit(child.pid, limits)
        code = _wait(child, seconds=limits.seconds, stop=stop)
    if code is None:
        return _failed("RQC-W513", "The evaluation took longer than it may.", f"more than {limits.seconds} s", limits)
    if stop.is_set() and code < 0:
        return Outcome(state=None)
    # A child that breaks down leaves with 1 as well: judged is what has its output.
    if code in _JUDGED and (out / "run.json").is_file():
        return Outcome(state=JobState.DONE, exit_code=code)
    if code in _REFUSALS:
        return Outcome(state=JobState.REFUSED, exit_code=code, faults=tuple(_faults(printed, said, folder)))
    told = said.read_bytes()[-_SHOWN_BYTES:].decode(errors="replace")
    if code in {-signal.SIGKILL, -signal.SIGXCPU} or any(word in told for word in _NO_MEMORY):
        return _failed("RQC-W514", "The evaluation needed more than it may.", f"ended with {code}", limits)
    fault = Fault(
        code="RQC-W515",
        what="The evaluation failed inside.",
        got=told.strip().rpartition("\n")[2][:200],
        action="Report it with the identifier of the evaluation; the upload is kept.",
    )
    return Outcome(state=JobState.FAILED, exit_code=code, faults=(fault_value(fault),))


def _limit(process: int, limits: Limits) -> None:
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - only where there is such a thing

    octets = limits.megabytes * 1_000_000
    # It may have left already.
    with suppress(ProcessLookupError):
        resource.prlimit(process, resource.RLIMIT_AS, (octets, octets))
        resource.prlimit(process, resource.RLIMIT_CPU, (2 * limits.seconds, 2 * limits.seconds + 5))
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))


def _wait(child: subprocess.Popen[bytes], *, seconds: int, stop: Event) -> int | None:
    """Return the exit code, `None` when the time ran out."""
    waited = 0.0
    while waited < seconds:
        try:
            return child.wait(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            waited += _LOOK_SECONDS
        if stop.is_set():
            return _end(child)
    _end(child)
    return None


def _end(child: subprocess.Popen[bytes]) -> int:
    child.terminate()
    try:
        return child.wait(timeout=_TERMINATION_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _faults(printed: Path, said: Path, folder: Path) -> list[Mapping[str, str]]:
    try:
        told: list[dict[str, Any]] = json.loads(printed.read_bytes())["faults"]
    except (OSError, ValueError, KeyError, TypeError):
        text = said.read_bytes()[-_SHOWN_BYTES:].decode(errors="replace").strip()
        return [{"code": "RQC-U001", "what": "The evaluation was asked for in a way that cannot be done.", "got": text}]
    prefixes = (f"{folder / 'inputs'}/", f"{folder}/")
    return [{name: _without(str(value), prefixes) for name, value in fault.items()} for fault in told]


def _without(text: str, prefixes: Sequence[str]) -> str:
    # The places of the server are nobody's business; the name of the uploaded file is.
    for prefix in prefixes:
        text = text.replace(prefix, "")
    return text


def _failed(code: str, what: str, got: str, limits: Limits) -> Outcome:
    fault = Fault(
        code=code,
        what=what,
        got=got,
        expected=f"at most {limits.seconds} s and {limits.megabytes} MB of address space",
        action="Upload fewer lots at once, or ask the administrator for other limits.",
    )
    return Outcome(state=JobState.FAILED, faults=(fault_value(fault),))
