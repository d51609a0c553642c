"""The screens of the console, one module each, and the order in which the navigation lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regenqc.console.access.permissions import Permission

__all__ = ["Screen"]


@dataclass(frozen=True, slots=True)
class Screen:
    """Say where a screen is, what the navigation calls it, and who sees it there."""

    path: str
    title: str
    permission: Permission
