"""The routers and screens of access, in the order in which the application takes them."""

from __future__ import annotations

from typing import Final

from regenqc.console.access.permissions import Permission
from regenqc.console.pages import Screen, accounts, health, journal, own_account, provider, sign_in

__all__ = ["ACCESS_ROUTERS", "ACCESS_SCREENS"]

ACCESS_ROUTERS: Final = (
    health.router,
    sign_in.router,
    provider.router,
    own_account.router,
    journal.router,
    accounts.router,
)
ACCESS_SCREENS: Final = (
    Screen("/journal", "Journal", Permission.JOURNAL),
    Screen("/accounts", "Accounts", Permission.ADMINISTER),
)
