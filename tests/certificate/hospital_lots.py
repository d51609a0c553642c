"""Decisions of a hospital for tests, and certificates of them: everything in them is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import msgspec
from tests.reinspection.test_hospital_decision import GOOD, LATER, WHO, drafted
from tests.signing.office import Clock, Desk, key_of, lines_of, password_of, staffed

from certificate import site
from regenqc.certificate.making import make_certificate
from regenqc.certificate.profile import parse_profile
from regenqc.decision.hospital import SCHEMA, hospital_content_bytes, hospital_decision_bytes, with_hospital_signature

if TYPE_CHECKING:
    from regenqc.certificate.content import Certificate
    from regenqc.certificate.offline.trust import Trust
    from regenqc.certificate.profile import Profile
    from regenqc.decision.hospital import HospitalDecision

__all__ = ["GOOD", "ISSUED", "certificate", "profile", "signed", "trust", "unsealed"]

ISSUED: Final = LATER + timedelta(minutes=30)
_PROFILE: Final = """\
schema = "regenqc.certificate-profile/1"
languages = {languages}
[issuer]
name = "Example University Hospital"
address = ["3 Synthetic Street", "2333 ZZ Nowhere, Netherlands"]
[fields]
product_name = "Synthetic mesenchymal stromal cells"
manufacturer = "Example Cell Therapies B.V."
received_by = "Example University Hospital, cell therapy unit"
storage_at_receipt = "vapour of liquid nitrogen, dewar 2 (made up)"
gtin = "09506000134352"
"""


def profile(*languages: str) -> Profile:
    return parse_profile(_PROFILE.format(languages=list(languages or ("en",))))


def signed(outcome: str = "accept", **changes: Any) -> HospitalDecision:
    made = drafted(outcome, **changes)
    with TemporaryDirectory() as folder:
        signature = Desk(Path(folder), clock=Clock(LATER)).sign(
            hospital_content_bytes(made),
            person=WHO,
            key=key_of(WHO),
            password=password_of(WHO),
            meaning="receipt",
            document_id=made.decision_id,
            document_schema=SCHEMA,
        )
    return with_hospital_signature(made, signature)


def unsealed(decision: HospitalDecision | None = None, *languages: str, **changes: Any) -> Certificate:
    made = msgspec.json.decode(hospital_decision_bytes(decision or signed()))
    issued_at = ISSUED.isoformat(timespec="seconds")
    return make_certificate(made | changes, profile=profile(*languages), issued_at=issued_at)


def certificate(decision: HospitalDecision | None = None, *languages: str, **changes: Any) -> Certificate:
    return site.issuer().seal(unsealed(decision, *languages, **changes))


def trust(**changes: Any) -> Trust:
    people = staffed()
    return replace(site.trust(people=lines_of(people), people_root=people.root), **changes)
