"""What the functions of access need, together: the policy of the site, its registry of people, and the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from regenqc.console.access.passwords import Passwords
from regenqc.console.access.policy import AccessPolicy, read_policy
from regenqc.console.access.registry import Registry
from regenqc.console.access.seal import Seal, open_seal

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from regenqc.console.settings import ConsoleSettings

__all__ = ["Office", "open_office"]

# What holds where the registry of people does not say how the site decided; it always does once it is founded.
_IDLE_SECONDS = 900
_LOCKOUT_AFTER = 5
_SHORTEST_PASSWORD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Hold what the functions of access need.

    Args:
        policy: what the site decided.
        store: database of the console.
        registry: of people.
        passwords: how they are stored.
        seal: for secrets that must be read again.
        clock: the present moment, with zone.
    """

    policy: AccessPolicy
    store: Engine
    registry: Registry
    passwords: Passwords
    seal: Callable[[], Seal]
    clock: Callable[[], datetime]

    @property
    def idle_seconds(self) -> int:
        """Return after how long an idle session ends."""
        settings = self.registry.settings
        return self.policy.idle_seconds or (settings.session_seconds if settings else _IDLE_SECONDS)

    @property
    def lockout_after(self) -> int:
        """Return how many failures in a row lock a name out."""
        settings = self.registry.settings
        return self.policy.lockout_after or (settings.lockout_after if settings else _LOCKOUT_AFTER)

    @property
    def shortest_password(self) -> int:
        """Return how many characters a password has at least."""
        settings = self.registry.settings
        return settings.shortest_password if settings else _SHORTEST_PASSWORD


def open_office(
    settings: ConsoleSettings,
    store: Engine,
    *,
    clock: Callable[[], datetime],
    policy: AccessPolicy | None = None,
    passwords: Passwords | None = None,
) -> Office:
    """Return the office of a console.

    Args:
        settings: where everything lies.
        store: database of the console.
        clock: the present moment, with zone.
        policy: what the site decided about access; as `access.toml` in the home says unless stated.
        passwords: how they are stored; as RFC 9106 recommends unless stated.

    Raises:
        UsageError: `RQC-U155`, what the site decided about access cannot be used.
    """
    policy = policy or read_policy(settings.home)
    return Office(
        policy=policy,
        store=store,
        registry=Registry(settings.people, root=settings.people_root),
        passwords=passwords or Passwords(),
        # Made when first needed: a console that only answers machines needs no key.
        seal=lambda: open_seal(settings.home / "access.key"),
        clock=clock,
    )
