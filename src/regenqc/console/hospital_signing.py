"""A hospital's decision as a signed document: drafted by the engine in a process of its own, signed here by a password.

`python -m regenqc.console.hospital_signing` reads what is to be decided from its standard input, judges the receipt again as
of that moment, and writes the unsigned document; the server never loads the engine, and the engine never sees a password.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regenqc.console.children import answer_of
from regenqc.errors import DataError, RegenqcError, SignatureError, fault_value

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.custody.people_keys import PersonSigner
    from regenqc.decision.hospital import HospitalDecision
    from regenqc.reinspection.receipt import JudgedReceipt, Receipt

__all__ = ["drafted_decision", "main", "sign_decision"]

_MODULE: Final = "regenqc.console.hospital_signing"


def drafted_decision(
    console: Console, receipt: Receipt, *, specification: str, folder: Path, **told: Any
) -> tuple[dict[str, Any], HospitalDecision]:
    """Return what the engine says about a receipt now, and the document of a decision that nobody has signed yet.

    Args:
        console: with ledger and people.
        receipt: as its inspection was recorded.
        specification: by which it is judged.
        folder: in which the engine works.
        told: `outcome`, `actor`, `role`, `reason` and `documents` of the decision.

    Raises:
        DataError: every fault that keeps this person from deciding so.
    """
    from regenqc.decision.hospital_verification import parse_hospital_decision  # noqa: PLC0415 - only who decides needs it
    from regenqc.reinspection.receipt import receipt_bytes  # noqa: PLC0415

    asked = {
        "receipt": b64encode(receipt_bytes(receipt)).decode(),
        "specification": specification,
        "ledger": console.settings.ledger_url,
        "people": str((console.settings.people / "people.jsonl").resolve()),
        "root": console.settings.people_root,
        "now": console.clock().isoformat(),
        **told,
    }
    found = answer_of([], folder=folder, module=_MODULE, given=json.dumps(asked).encode())
    if "faults" in found:
        from regenqc.errors import Fault  # noqa: PLC0415

        raise DataError(*(Fault(**fault) for fault in found["faults"]))
    return found["judged"], parse_hospital_decision(b64decode(found["document"]), where=receipt.item)


def sign_decision(
    console: Console, drafted: HospitalDecision, *, password: str
) -> tuple[HospitalDecision, PersonSigner]:
    """Return the document with the signature of who decides, and what signs the event of the ledger for them.

    Raises:
        SignatureError: the person does not sign so, the password is wrong, or too many were.
    """
    from regenqc.console.site_ledger import key_file_of, people_of, signer_of  # noqa: PLC0415
    from regenqc.decision.hospital import (  # noqa: PLC0415
        SCHEMA,
        SIGNATURE,
        hospital_content_bytes,
        with_hospital_signature,
    )
    from regenqc.decision.hospital_verification import hospital_decision_faults  # noqa: PLC0415
    from regenqc.signing.attempts import AttemptLog  # noqa: PLC0415
    from regenqc.signing.session import SigningSession  # noqa: PLC0415
    from regenqc.signing.words import Role  # noqa: PLC0415

    people, who = people_of(console), drafted.prepared_by
    faults = hospital_decision_faults(drafted, people=people, now=console.clock(), is_complete=False)
    if faults:
        raise SignatureError(*faults)
    attempts = AttemptLog(console.settings.people / "attempts.jsonl")
    signature = SigningSession(people, attempts=attempts, clock=console.clock).sign(
        hospital_content_bytes(drafted),
        key=key_file_of(console, who),
        password=password,
        role=Role.HOSPITAL_INSPECTOR.value,
        meaning=SIGNATURE.meaning,
        document_id=drafted.decision_id,
        document_schema=SCHEMA,
        person_id=who,
    )
    made = with_hospital_signature(drafted, signature)
    faults = hospital_decision_faults(made, people=people, now=console.clock())
    if faults:
        raise SignatureError(*faults)
    return made, signer_of(console, who, password=password, purpose=made.decision_id)


def main() -> None:
    """Draft what standard input asks for; print it, or the faults, as JSON."""
    asked = json.loads(sys.stdin.buffer.read())
    try:
        answer = _drafted(asked)
    except RegenqcError as error:
        answer = {"faults": [fault_value(fault) for fault in error.faults]}
    sys.stdout.write(json.dumps(answer))


def _drafted(asked: dict[str, Any]) -> dict[str, Any]:
    from regenqc.decision.checklist import find_checklist  # noqa: PLC0415
    from regenqc.decision.hospital import hospital_decision_bytes  # noqa: PLC0415
    from regenqc.ledger import Log  # noqa: PLC0415
    from regenqc.reinspection.receipt import expectation_of, judge_receipt, read_receipt  # noqa: PLC0415
    from regenqc.reinspection.receipt.deciding import decision_faults, inspected_digest  # noqa: PLC0415
    from regenqc.reinspection.receipt.record import hospital_decision, last_decision_of  # noqa: PLC0415
    from regenqc.reinspection.receipt.told import judged_value  # noqa: PLC0415
    from regenqc.signing.people_file import PeopleFile  # noqa: PLC0415
    from regenqc.specification import load_specification  # noqa: PLC0415

    receipt = read_receipt(b64decode(asked["receipt"]))
    specification = load_specification(asked["specification"])
    now = datetime.fromisoformat(asked["now"])
    with Log.open(asked["ledger"], read_only=True) as log, log.read() as view:
        expected = expectation_of(view, receipt.item, site=receipt.site)
        inspected, before = inspected_digest(view, receipt.item), last_decision_of(view, receipt.item)
    judged: JudgedReceipt = judge_receipt(receipt, expected=expected, specification=specification, now=now)
    checklist = find_checklist(
        jurisdiction=specification.jurisdiction.value, specification=specification.id, extends=specification.extends
    )
    outcome, actor = asked["outcome"], asked["actor"]
    told = {name: asked[name] for name in ("role", "reason", "documents")}
    faults = tuple(decision_faults(judged, outcome, actor=actor, **told, checklist=checklist, inspected=inspected))
    if faults:
        raise DataError(*faults)
    document = hospital_decision(
        judged,
        outcome,
        expected=expected,
        specification=specification,
        checklist=checklist,
        people=PeopleFile(Path(asked["people"]), root=asked["root"]).read(),
        prepared_by=actor,
        **told,
        supersedes=before,
        judged_at=now,
        made_at=now,
    )
    return {"judged": judged_value(judged), "document": b64encode(hospital_decision_bytes(document)).decode()}


if __name__ == "__main__":
    main()
