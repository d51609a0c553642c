"""What the commands on a ledger share: where it is, where its keys and rules are, and how it is opened."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody import Book
    from regenqc.custody.rules import Policy as Rules
    from regenqc.custody.site import Site
    from regenqc.ledger import Log, Policy
    from regenqc.ledger.note import Signer

__all__ = [
    "AsJson",
    "Home",
    "HomeOption",
    "Ledger",
    "PolicyFile",
    "moment_now",
    "open_book",
    "open_log",
    "read_file",
    "read_files",
    "read_policy",
    "read_policy_if_any",
    "read_secret_key",
    "read_site",
    "seconds_now",
    "write_file",
]

Ledger = Annotated[
    str,
    typer.Option(
        "--ledger", "-l", help="sqlite:///ledger.db or postgresql://user@host/database.", envvar="REGENQC_LEDGER"
    ),
]
HomeOption = Annotated[
    Path,
    typer.Option(
        "--home", help="Folder with site.toml, log.key, policy.txt and signed/.", envvar="REGENQC_LEDGER_HOME"
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Whom to believe (tlog-policy); default policy.txt of the home.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


@dataclass(frozen=True, slots=True)
class Home:
    """Name the files of a site: its rules, its key, whom it believes, and what its signer remembers."""

    folder: Path

    @property
    def site(self) -> Path:
        """Return the file with the rules of the site."""
        return self.folder / "site.toml"

    @property
    def key(self) -> Path:
        """Return the secret key of the log."""
        return self.folder / "log.key"

    @property
    def next_key(self) -> Path:
        """Return the secret key that is to follow, while the log is being given it."""
        return self.folder / "next.key"

    @property
    def public_key(self) -> Path:
        """Return the public key of the log, for others to pin."""
        return self.folder / "log.pub"

    @property
    def policy(self) -> Path:
        """Return the file that says whom to believe."""
        return self.folder / "policy.txt"

    @property
    def signed(self) -> Path:
        """Return the folder in which the signer remembers what it signed."""
        return self.folder / "signed"


def seconds_now() -> int:
    """Return seconds since 1970 UTC."""
    return int(time.time())


def moment_now() -> str:
    """Return the present moment as the record writes it."""
    from regenqc.custody.moments import moment_of

    return moment_of(datetime.now(UTC))


def open_book(
    url: str,
    *,
    site: Site | None = None,
    rules: Rules | None = None,
    origin: str | None = None,
    read_only: bool = False,
) -> Book:
    """Open a ledger of custody.

    Args:
        url: of the ledger.
        site: who records, and by which rules; `None` where nothing is judged.
        rules: to judge by, where nobody records.
        origin: of a ledger that may be made.
        read_only: open for reading only.
    """
    from regenqc.custody import Book

    policy = site.policy if site is not None else rules
    keeper = site.keeper if site is not None and not read_only else None
    if origin is None and not read_only:
        with open_log(url):  # writing would make what is not there, and ask for an origin
            pass
    return Book.open(url, policy=policy, now=moment_now, origin=origin, keeper=keeper, read_only=read_only)


def open_log(url: str) -> Log:
    """Open a ledger for reading, whatever is recorded in it."""
    from regenqc.ledger import Log

    return Log.open(url, read_only=True)


def read_site(home: Path) -> Site:
    """Return what a site says of itself."""
    from regenqc.custody.site import parse_site

    path = Home(home).site
    return parse_site(read_file(path).decode(errors="replace"), where=str(path))


def read_policy(policy: Path | None, home: Path) -> Policy:
    """Return whom to believe: by the file that is named, or by that of the home."""
    from regenqc.ledger import parse_policy

    path = policy if policy is not None else Home(home).policy
    return parse_policy(read_file(path).decode(errors="replace"))


def read_policy_if_any(policy: Path | None, home: Path) -> Policy | None:
    """Return whom to believe, `None` when no file is named and the home has none."""
    return read_policy(policy, home) if policy is not None or Home(home).policy.exists() else None


def read_secret_key(path: Path) -> Signer:
    """Return the signer of a secret key's file."""
    from regenqc.ledger import parse_secret_key

    return parse_secret_key(read_file(path).decode(errors="replace"))


def read_file(path: Path) -> bytes:
    """Return the bytes of a file that a command needs.

    Raises:
        UsageError: `RQC-U101`, it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            Fault(
                code="RQC-U101",
                what="A file that this command needs cannot be read.",
                where=str(path),
                got=error.strerror or str(error),
                action="Check the path; `regenqc ledger init` makes the files of a home.",
            )
        ) from error


def write_file(path: Path, data: bytes, *, mode: int = 0o644, replace: bool = False) -> None:
    """Write a file whole or not at all.

    Args:
        path: where.
        data: what.
        mode: permissions; 0o600 for secrets.
        replace: a file that is there already may be replaced.

    Raises:
        UsageError: `RQC-U102`, it is there already, or it cannot be written.
    """
    import os

    new = path.with_name(f"{path.name}.new")
    try:
        if path.exists() and not replace:
            raise FileExistsError(17, "it is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise UsageError(
            Fault(
                code="RQC-U102",
                what="A file cannot be written.",
                where=str(path),
                got=error.strerror or str(error),
                action="Name another place; keys and proofs are never overwritten.",
            )
        ) from error


def read_files(paths: Sequence[Path]) -> list[bytes]:
    """Return the bytes of files."""
    return [read_file(path) for path in paths]
