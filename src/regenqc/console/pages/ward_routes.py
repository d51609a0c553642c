"""What the ward, custody, the ledger and those who watch trends open: their routes, and their place in the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.console.access.permissions import Permission
from regenqc.console.pages import (
    Screen,
    bedside,
    custody,
    gate,
    ledger,
    ledger_signing,
    people,
    people_changes,
    receipt_decision,
    receipts,
    specifications,
    trends,
)

if TYPE_CHECKING:
    from fastapi import APIRouter

__all__ = ["WARD_ROUTERS", "WARD_SCREENS"]

WARD_ROUTERS: Final[tuple[APIRouter, ...]] = (
    gate.router,
    bedside.router,
    # Before the pages of a receipt, of which the last word of an address is any.
    receipt_decision.router,
    receipts.router,
    custody.router,
    ledger.router,
    ledger_signing.router,
    trends.router,
    specifications.router,
    people.router,
    people_changes.router,
)
WARD_SCREENS: Final = (
    Screen("/receipts", "Receipts", Permission.RECEIVE),
    Screen("/gate", "Gate", Permission.GATE),
    Screen("/bedside", "Bedside", Permission.GATE),
    Screen("/custody", "Custody", Permission.CUSTODY),
    Screen("/trends", "Trends", Permission.READ),
    Screen("/specifications", "Specifications", Permission.READ),
    Screen("/ledger", "Ledger", Permission.LEDGER),
    Screen("/people", "People and keys", Permission.JOURNAL),
)
