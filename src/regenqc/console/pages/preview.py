"""The certificate that would follow a decision, as a page; and what would keep it from being issued."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenqc.certificate.making import draft_certificate, usual_type
from regenqc.certificate.page import make_page
from regenqc.certificate.profile import load_profile
from regenqc.decision.model import decision_bytes
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from datetime import datetime

    from regenqc.console.settings import ConsoleSettings
    from regenqc.decision.model import Decision
    from regenqc.errors import Fault

__all__ = ["Preview", "preview_of"]


@dataclass(frozen=True, slots=True)
class Preview:
    """Hold a certificate before it is issued.

    Args:
        page: as `regenqc.certificate.page` lays it out; `None` when it could not be issued.
        faults: why.
    """

    page: Any
    faults: tuple[Fault, ...]


def preview_of(decision: Decision, settings: ConsoleSettings, *, now: datetime) -> Preview | None:
    """Return the preview of the certificate of a decision, `None` where no certificate follows.

    Args:
        decision: prepared, with or without signatures.
        settings: of the console, with the certificate profile of the specification.
        now: the present moment.
    """
    path = settings.profile_of(decision.spec.id)
    if decision.kind == "withdrawal" or not path.is_file():
        return None
    try:
        content = draft_certificate(
            json.loads(decision_bytes(decision)),
            profile=load_profile(path),
            issued_at=now.replace(microsecond=0).isoformat(),
            certificate_type=usual_type(decision.kind),
        )
        return Preview(make_page(content), ())
    except RegenqcError as error:
        return Preview(None, error.faults)
