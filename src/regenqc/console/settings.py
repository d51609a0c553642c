"""Where the console finds and keeps everything: its store, evaluations, decisions, people, certificates and the ledger."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from regenqc.errors import Fault, UsageError

__all__ = ["FILE_NAME", "SCHEMA", "ConsoleSettings", "read_settings"]

SCHEMA: Final = "regenqc.console/1"
FILE_NAME: Final = "console.toml"
_KEYS: Final[dict[str, type]] = {
    "schema": str, "site": str, "store": str, "ledger": str, "ledger_home": str, "language": str, "people_root": str,
    "clock_ahead_seconds": int, "evaluation_seconds": int, "evaluation_megabytes": int, "webhook_networks": list,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Say where the console finds and keeps everything.

    Args:
        home: folder of the console; what has no place of its own lies in it.
        site: identifier of the site, as in the ledger.
        store_url: database of the console, `sqlite:///…` or `postgresql://…`; in the home when empty.
        ledger_url: ledger of the site; empty for none.
        ledger_home: folder with the `site.toml` of the ledger; in the home when `None`.
        language: of people who state none: `en`, `zh`, `ja` or `ko`.
        is_secure: cookies travel by TLS alone; off only on loopback.
        people_root: digest of the first line of the registry of people, as the site pinned it; empty pins nothing.
        clock_ahead_seconds: by how much the console's clock is ahead of the machine's; only a demonstration states it.
        evaluation_seconds: how long an uploaded evaluation may take.
        evaluation_megabytes: how much address space it may have; libraries reserve more than they use.
        webhook_networks: networks that are not public and that webhooks may reach all the same, as `10.1.0.0/16`.

    Example:
        >>> from pathlib import Path
        >>> ConsoleSettings(home=Path("console"), site="SITE-A").decisions.as_posix()
        'console/decisions'
    """

    home: Path
    site: str
    store_url: str = ""
    ledger_url: str = ""
    ledger_home: Path | None = None
    language: str = "en"
    is_secure: bool = True
    people_root: str = ""
    clock_ahead_seconds: int = 0
    evaluation_seconds: int = 900
    evaluation_megabytes: int = 8192
    webhook_networks: tuple[str, ...] = ()

    @property
    def store(self) -> str:
        """Return the address of the database of the console."""
        return self.store_url or f"sqlite:///{self.home / 'console.db'}"

    @property
    def evaluations(self) -> Path:
        """Return the folder of evaluations, each a folder as `regenqc evaluate --out` writes it."""
        return self.home / "evaluations"

    @property
    def decisions(self) -> Path:
        """Return the folder of decisions, a file each."""
        return self.home / "decisions"

    @property
    def people(self) -> Path:
        """Return the folder of the registry of people and of the log of attempts."""
        return self.home / "people"

    @property
    def keys(self) -> Path:
        """Return the folder of the key files of people, `PERSON.key`; only a password opens one."""
        return self.home / "keys"

    @property
    def certificates(self) -> Path:
        """Return the folder of certificates."""
        return self.home / "certificates"

    @property
    def custody(self) -> Path:
        """Return the folder with the `site.toml` of the ledger."""
        return self.ledger_home or self.home / "ledger-home"

    @property
    def specifications(self) -> Path:
        """Return the folder of the site's own specifications, searched before those that travel with regenqc."""
        return self.home / "specifications"

    @property
    def profiles(self) -> Path:
        """Return the folder of certificate profiles, one for each specification: `ID.toml`, with `~` for `/`."""
        return self.home / "profiles"

    @property
    def issuer_key(self) -> Path:
        """Return the issuer's key; `issuer.pem` and `issuer.password` stand beside it."""
        return self.keys / "issuer.key"

    @property
    def begun(self) -> Path:
        """Return the folder of signatures that were given and are not yet recorded everywhere."""
        return self.home / "begun"

    def profile_of(self, spec_id: str) -> Path:
        """Return the certificate profile of a specification.

        Example:
            >>> from pathlib import Path
            >>> ConsoleSettings(home=Path("console"), site="A").profile_of("maker/product").name
            'maker~product.toml'
        """
        return self.profiles / f"{spec_id.replace('/', '~')}.toml"


def read_settings(home: Path) -> ConsoleSettings:
    """Return the settings of the console in a folder, as its `console.toml` states them.

    Raises:
        UsageError: `RQC-U152`, there is no such file, or it is not valid.
    """
    path = home / FILE_NAME
    try:
        stated: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _not_valid(path, str(error)) from error
    wrong = [name for name, value in stated.items() if name not in _KEYS or type(value) is not _KEYS[name]]
    if wrong or stated.get("schema") != SCHEMA or not stated.get("site"):
        raise _not_valid(path, ", ".join(wrong) or f"schema {stated.get('schema')}, site {stated.get('site')}")
    folder = stated.get("ledger_home", "")
    return ConsoleSettings(
        home=home,
        site=stated["site"],
        store_url=stated.get("store", ""),
        # A path that is not absolute is one in the home, wherever the home is moved.
        ledger_url=_in_home(stated.get("ledger", ""), home),
        ledger_home=home / folder if folder else None,
        language=stated.get("language", "en"),
        people_root=stated.get("people_root", ""),
        clock_ahead_seconds=stated.get("clock_ahead_seconds", 0),
        evaluation_seconds=stated.get("evaluation_seconds", 900),
        evaluation_megabytes=stated.get("evaluation_megabytes", 8192),
        webhook_networks=_networks(stated.get("webhook_networks", []), path),
    )


def _networks(stated: list[Any], path: Path) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(each)) for each in stated)
    except ValueError as error:
        raise _not_valid(path, f"webhook_networks: {error}") from error


def _in_home(url: str, home: Path) -> str:
    plain = url.removeprefix("sqlite:///")
    return f"sqlite:///{home / plain}" if plain != url and not plain.startswith("/") else url


def _not_valid(path: Path, got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U152",
            what="The settings of the console are not valid.",
            where=str(path),
            got=got,
            expected=f'schema = "{SCHEMA}", site, and of {", ".join(_KEYS)} what is needed',
            action="`docs/console.md` shows such a file; `regenqc demo --serve` makes one.",
        )
    )
