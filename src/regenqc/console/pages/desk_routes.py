"""The screens of the desk: queue, lot, decision, certificates."""

from __future__ import annotations

from typing import Final

from regenqc.console.access.permissions import Permission
from regenqc.console.pages import Screen, certificates, decide, lot, queue

__all__ = ["DESK_ROUTERS", "DESK_SCREENS"]

DESK_ROUTERS: Final = (queue.ROUTER, lot.ROUTER, decide.ROUTER, certificates.ROUTER)
DESK_SCREENS: Final = (Screen("/", "Queue", Permission.READ), Screen("/certificates", "Certificates", Permission.READ))
