"""Where the console finds and keeps everything: its store, evaluations, decisions, people, certificates and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ConsoleSettings"]


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
