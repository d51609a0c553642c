"""What the commands that sign share: the folder of people, keys, passwords that never stand in a command line, the clock."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import read_file
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.signing.attempts import AttemptLog
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people_file import PeopleFile
    from regenqc.signing.tokens import TokenKeyFile

__all__ = [
    "Key",
    "PasswordDescriptor",
    "PasswordFile",
    "PeopleFolder",
    "Person",
    "Root",
    "attempt_log",
    "key_file",
    "new_password",
    "people_file",
    "present",
    "read_password",
    "stated_moment",
]

PeopleFolder = Annotated[
    Path,
    typer.Option("--people", help="Folder with people.jsonl and attempts.jsonl.", envvar="REGENQC_PEOPLE"),
]
Root = Annotated[
    str,
    typer.Option(
        "--root", help="Digest of the first line of people.jsonl, as you pinned it.", envvar="REGENQC_PEOPLE_ROOT"
    ),
]
Person = Annotated[str, typer.Option("--person", help="Pseudonym of whoever signs.")]
Key = Annotated[Path, typer.Option("--key", "-k", help="Key file of whoever signs.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="File whose first line is the password; asked for otherwise.")
]
PasswordDescriptor = Annotated[
    int | None, typer.Option("--password-fd", help="Open file descriptor whose first line is the password.")
]


def present() -> datetime:
    """Return the present moment with the zone of this machine."""
    return datetime.now().astimezone()


def people_file(folder: Path, root: str = "") -> PeopleFile:
    """Return the registry of people of a folder."""
    from regenqc.signing.people_file import PeopleFile

    return PeopleFile(folder / "people.jsonl", root=root)


def attempt_log(folder: Path) -> AttemptLog:
    """Return the log of attempts of a folder."""
    from regenqc.signing.attempts import AttemptLog

    return AttemptLog(folder / "attempts.jsonl")


def key_file(path: Path) -> KeyFile | TokenKeyFile:
    """Return a key file; it stays closed."""
    from regenqc.signing.opening import read_any_key_file

    return read_any_key_file(read_file(path), where=str(path))


def read_password(whose: str, *, file: Path | None, descriptor: int | None = None) -> str:
    """Return a password from a file, a file descriptor, or the terminal, where it is not shown.

    Args:
        whose: pseudonym, for the question.
        file: whose first line it is.
        descriptor: open, whose first line it is.

    Raises:
        UsageError: `RQC-U120`, there is none, and nobody to ask.
    """
    if file is not None:
        return _first_line(read_file(file))
    if descriptor is not None:
        try:
            with os.fdopen(descriptor, "rb") as stream:
                return _first_line(stream.read())
        except OSError as error:
            raise _no_password(f"--password-fd {descriptor}", error.strerror or str(error)) from error
    return _asked(f"Password of {whose}: ")


def new_password(whose: str, *, file: Path | None, shortest: int) -> str:
    """Return a new password, asked for twice where somebody types it.

    Raises:
        UsageError: `RQC-U121`, shorter than the site allows, or not the same twice.
    """
    password = read_password(whose, file=file)
    if file is None and _asked("The same again: ") != password:
        raise UsageError(Fault(code="RQC-U121", what="The two passwords differ.", action="Type the same twice."))
    if len(password) < shortest:
        raise UsageError(
            Fault(
                code="RQC-U121",
                what="The password is too short.",
                got=f"{len(password)} characters",
                expected=f"at least {shortest}, as the site decided",
            )
        )
    return password


def stated_moment(text: str, option: str) -> str:
    """Return a moment that an option states.

    Raises:
        UsageError: `RQC-U122`, it states no zone, or is none.
    """
    from regenqc.errors import SignatureError
    from regenqc.signing.moments import moment_text, read_moment

    try:
        return moment_text(read_moment(text))
    except SignatureError as error:
        raise UsageError(
            Fault(
                code="RQC-U122",
                what="This is no date and time with zone.",
                where=option,
                got=text,
                expected="ISO 8601 with zone, for example 2028-12-31T23:59:59+01:00",
            )
        ) from error


def _first_line(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").partition("\n")[0].removesuffix("\r")


def _asked(question: str) -> str:
    import sys
    from getpass import getpass

    if not sys.stdin.isatty():
        raise _no_password("standard input", "no terminal")
    return getpass(question)


def _no_password(where: str, got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U120",
            what="A password is needed, and there is nobody to ask.",
            where=where,
            got=got,
            expected="a terminal, --password-file or --password-fd",
            action="A password never stands in a command line, where others can read it.",
        )
    )
