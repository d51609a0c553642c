"""What the console refuses, and how a page or the JSON interface says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regenqc.console.access.permissions import Permission
    from regenqc.errors import Fault

__all__ = ["Forged", "NotAllowed", "NotFound", "NotSignedIn", "Refused"]


class NotSignedIn(Exception):  # noqa: N818 - an answer, not a fault of the program
    """Nobody is signed in: a page leads to the sign-in, the JSON interface answers 401."""


class NotAllowed(Exception):  # noqa: N818 - an answer, not a fault of the program
    """No role of the person allows it: 403.

    Args:
        permission: that is missing.
    """

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission)
        self.permission = permission


class NotFound(Exception):  # noqa: N818 - an answer, not a fault of the program
    """There is no such thing, or the person may not know of it: 404 either way.

    Args:
        what: `lot`, `evaluation`, `certificate` …
        name: as asked for.
    """

    def __init__(self, what: str, name: str) -> None:
        super().__init__(what, name)
        self.what, self.name = what, name


class Forged(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A request that changes something does not come from a page of this session: 403.

    Args:
        why: for the journal.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Refused(Exception):  # noqa: N818 - an answer, not a fault of the program
    """What is asked for cannot be done as asked.

    Args:
        status: of the answer, 400 to 499.
        faults: why.
    """

    def __init__(self, status: int, *faults: Fault) -> None:
        super().__init__(status, *faults)
        self.status, self.faults = status, faults
