"""Judge a certificate: everything that a file and the keys that are believed can show, without a network.

Rules, in the order in which they are checked:

1. file: it is a record, or a PDF in the one form in which certificates are written, with a record inside;
2. signature: a PDF's signature covers the whole file and nothing came after it;
3. seal: the record was sealed by an issuer that is believed, whose key was valid and not revoked;
4. decision: the record says what the decision says, and carries a type of certificate that fits it;
5. signers: everyone who had to sign did, with a key that was theirs, in a role that may, unrevoked, for this decision;
6. dates: nothing is dated in the future or before what it rests on;
7. ledger: the entry that names it is in the log, under a checkpoint that is believed;
8. standing: nothing that is known supersedes or withdraws it;
9. evidence and code: the files and the scanned code that were given belong to it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from regenqc.certificate.content import Certificate, certificate_digest, read_certificate
from regenqc.certificate.offline.cms import check_detached
from regenqc.certificate.offline.decided import decision_digests, decision_faults, later_decisions
from regenqc.certificate.offline.pdf import UnreadablePdfError
from regenqc.certificate.offline.received import open_received
from regenqc.certificate.offline.scanned import qr_text
from regenqc.certificate.offline.sealed import REFUSE, fault, moment_of, seal_faults
from regenqc.certificate.offline.verdict import Verdict
from regenqc.decision.hospital import SCHEMA as HOSPITAL_SCHEMA
from regenqc.errors import RegenqcError
from regenqc.ledger.policy import parse_policy
from regenqc.ledger.proof import verify_proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regenqc.certificate.offline.received import Received
    from regenqc.certificate.offline.trust import Trust
    from regenqc.errors import Fault

__all__ = ["judge"]

_TOLERANCE: Final = timedelta(seconds=300)
_KINDS: Final = {
    "certificate_of_analysis": {"release", "conditional_release", "exceptional_release", "reject"},
    "batch_certificate": {"release"},
    "release_certificate": {"release", "exceptional_release"},
    "conditional_certificate": {"conditional_release"},
    "receipt_certificate": {"accept", "accept_for_infusion", "exceptional", "quarantine", "refuse"},
    "rejection_notice": {"reject"},
}


def judge(
    data: bytes,
    *,
    trust: Trust,
    now: datetime,
    evidence: Mapping[str, bytes] | None = None,
    code: str | None = None,
    pages_are_checked: bool = False,
) -> tuple[Verdict, Certificate | None, Received | None]:
    """Return the verdict on a file, with the certificate that it carries.

    Args:
        data: bytes of the file.
        trust: whom to believe.
        now: the present moment, with zone.
        evidence: further files by name, to be found among those on which the decision rests.
        code: text that a scanner read from the page.
        pages_are_checked: whether the caller compares the pages with the record, so that a PDF may come without signature.
    """
    verdict = Verdict()
    try:
        received = open_received(data)
        certificate = read_certificate(received.record)
    except (UnreadablePdfError, RegenqcError) as error:
        got = error.faults[0].got if isinstance(error, RegenqcError) else str(error)
        verdict.failed(
            "file",
            fault(
                "RQC-V100",
                "The file is no certificate.",
                got=got,
                expected="a PDF, a record or a packet, as its issuer wrote it",
                action=REFUSE,
            ),
        )
        return verdict, None, None
    verdict.facts.update(_facts(certificate))
    verdict.passed("file", f"It carries the record of certificate {certificate.certificate_id}.")
    _judge_signature(verdict, received, certificate, trust, pages_are_checked=pages_are_checked)
    proved_at = _judge_ledger(verdict, received, certificate, trust, now)
    verdict.judged(
        "seal",
        seal_faults(certificate, trust, proved_at),
        "The record was sealed by an issuer that you believe, and nothing in it was changed.",
    )
    verdict.judged(
        "decision", _content_faults(certificate), "The certificate says what the decision says, and no more."
    )
    names = ", ".join(
        f"{entry.get('printed_name')} ({str(entry.get('role')).replace('_', ' ')})"
        for entry in _signatures(certificate)
    )
    verdict.judged(
        "signers",
        decision_faults(certificate.decision, trust=trust, now=now, proved_at=proved_at),
        f"Signed by {names}: entitled to, with a key that was valid.",
    )
    verdict.judged("dates", _date_faults(certificate, now), "No date is in the future, or before what it rests on.")
    _judge_standing(verdict, certificate, trust, now)
    if evidence:
        verdict.judged(
            "evidence",
            _evidence_faults(certificate, evidence),
            f"{len(evidence)} files are those on which the decision rests.",
        )
    else:
        verdict.not_shown("evidence", "No file of the evaluation was given to compare.")
    _judge_packet(verdict, received, certificate)
    if code is not None:
        verdict.judged("code", _code_faults(certificate, code), "The scanned code is the one of this certificate.")
    return verdict, certificate, received


def _facts(certificate: Certificate) -> dict[str, str]:
    decision = certificate.decision
    return {
        "certificate": certificate.certificate_id,
        "type": certificate.type,
        "issuer": certificate.issuer.name,
        "batch": str(decision.get("batch_id")),
        **({"container": str(decision["item"])} if "item" in decision else {}),
        "decision": f"{decision.get('kind')} {decision.get('decision_id')}",
        "issued": certificate.issued_at,
        "content": certificate_digest(certificate),
    }


def _judge_signature(
    verdict: Verdict, received: Received, certificate: Certificate, trust: Trust, *, pages_are_checked: bool
) -> None:
    content = received.content
    if content is None:
        verdict.not_shown("signature", "There are no pages; the record alone was given.")
        return
    if not content.signature and not content.fault:
        if pages_are_checked:
            verdict.not_shown("signature", "The PDF has no signature; its pages are compared with the record.")
        else:
            verdict.failed(
                "signature",
                fault(
                    "RQC-V101",
                    "The PDF has no signature, so nothing shows that its pages say what the record says.",
                    where=certificate.certificate_id,
                    got="pages alone",
                    expected="pages and the signature of the issuer over the whole file",
                    action="Believe the record inside, not the pages; or check it with regenqc, which makes the pages again.",
                ),
            )
        return
    if content.fault:
        verdict.failed(
            "signature",
            fault(
                "RQC-V102",
                "The signature does not cover the whole file.",
                where=certificate.certificate_id,
                got=content.fault,
                expected="one signature over every byte, and nothing after it",
                action=REFUSE,
            ),
        )
        return
    checked = check_detached(content.signature, content.signed)
    if checked.fault:
        verdict.failed(
            "signature",
            fault(
                "RQC-V103",
                "The signature of the PDF does not hold.",
                where=certificate.certificate_id,
                got=checked.fault,
                expected="the issuer's signature over these bytes",
                action=REFUSE,
            ),
        )
        return
    digest = f"sha256:{hashlib.sha256(checked.certificate).hexdigest()}"
    if digest not in trust.issuers or certificate.seal is None or certificate.seal.issuer_key != digest:
        verdict.failed(
            "signature",
            fault(
                "RQC-V104",
                "The PDF was signed by somebody else than an issuer that you believe.",
                where=certificate.certificate_id,
                got=digest,
                expected=", ".join(trust.issuers) or "an issuer that you believe",
                action="Ask the issuer for its key by another way than the certificate came.",
            ),
        )
        return
    stamped = "; it carries a time stamp, which is not checked here" if checked.has_time_stamp else ""
    verdict.passed("signature", f"The signature covers the whole file, and nothing came after it{stamped}.")


def _content_faults(certificate: Certificate) -> Iterator[Fault]:
    decision, where = certificate.decision, certificate.certificate_id
    if decision.get("schema") not in {"regenqc.decision/1", HOSPITAL_SCHEMA}:
        yield fault(
            "RQC-V120",
            "The record carries no decision.",
            where=where,
            got=str(decision.get("schema")),
            expected=f"regenqc.decision/1 or {HOSPITAL_SCHEMA}",
            action=REFUSE,
        )
        return
    if str(decision.get("kind")) not in _KINDS[certificate.type]:
        yield fault(
            "RQC-V121",
            "The type of the certificate does not fit what was decided.",
            where=where,
            got=f"{_in_words(certificate.type)} of the decision: {_in_words(decision.get('kind'))}",
            expected=f"the decision: {' or '.join(map(_in_words, sorted(_KINDS[certificate.type])))}",
            action=REFUSE,
        )
    stated = certificate.fields.get("batch_number")
    if stated != decision.get("batch_id"):
        yield fault(
            "RQC-V122",
            "The certificate names another batch than the decision.",
            where=where,
            got=str(stated),
            expected=str(decision.get("batch_id")),
            action=REFUSE,
        )
    container = certificate.fields.get("container")
    if container != decision.get("item"):
        yield fault(
            "RQC-V122",
            "The certificate names another container than the decision.",
            where=where,
            got=str(container or "none"),
            expected=str(decision.get("item") or "none"),
            action=REFUSE,
        )


def _date_faults(certificate: Certificate, now: datetime) -> Iterator[Fault]:
    issued = moment_of(certificate.issued_at)
    if issued is None:
        yield fault(
            "RQC-V130",
            "The certificate does not say when it was issued.",
            where=certificate.certificate_id,
            got=certificate.issued_at or "nothing",
            expected="a date and time with zone (RFC 3339)",
            action=REFUSE,
        )
        return
    if issued > now + _TOLERANCE:
        yield fault(
            "RQC-V131",
            "The certificate is dated in the future.",
            where=certificate.certificate_id,
            got=certificate.issued_at,
            expected=f"at most {int(_TOLERANCE.total_seconds())} s after {now.isoformat(timespec='seconds')}",
            action="Check the clocks of this machine and of the issuer.",
        )
    for entry in _signatures(certificate):
        signed = moment_of(str(entry.get("signed_at")))
        if signed is None or signed > issued + _TOLERANCE:
            yield fault(
                "RQC-V132",
                "The certificate was issued before the decision was signed.",
                where=certificate.certificate_id,
                got=certificate.issued_at,
                expected=f"after {entry.get('signed_at')}",
                action="Check the clocks; ask the issuer for the certificate again.",
            )


def _judge_ledger(
    verdict: Verdict, received: Received, certificate: Certificate, trust: Trust, now: datetime
) -> datetime | None:
    """Judge the proof, and return the moment by which it shows that the certificate or its decision existed."""
    if not received.proof or not received.entry:
        verdict.not_shown("ledger", "No proof of a ledger came with it.")
        return None
    if not trust.policy:
        verdict.not_shown("ledger", "A proof came with it, but no policy says which ledger is believed.")
        return None
    try:
        found = verify_proof(
            received.proof, received.entry, policy=parse_policy(trust.policy), now=int(now.timestamp())
        )
    except RegenqcError as error:
        verdict.failed("ledger", *error.faults)
        return None
    named = set(_texts(json.loads(received.entry) if received.entry.startswith(b"{") else ""))
    names = {*decision_digests(certificate.decision), certificate_digest(certificate)}
    if not names & named:
        verdict.failed(
            "ledger",
            fault(
                "RQC-V140",
                "The entry of the ledger is about something else.",
                where=certificate.certificate_id,
                got="an entry that names neither the certificate nor its decision",
                expected=f"an entry that names {decision_digests(certificate.decision)[0]}",
                action=REFUSE,
            ),
        )
        return None
    witnesses = ", ".join(each.name for each in found.trusted.witnesses) or "no witness"
    verdict.passed("ledger", f"Entry {found.index} of {found.trusted.signed.origin}, cosigned by {witnesses}.")
    at = found.trusted.witnessed_at
    return datetime.fromtimestamp(at, UTC) if at is not None else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _judge_standing(verdict: Verdict, certificate: Certificate, trust: Trust, now: datetime) -> None:
    own = {certificate.certificate_id, str(certificate.decision.get("decision_id"))}
    faults = [
        fault(
            "RQC-V150",
            "It was withdrawn.",
            where=entry.what,
            got=f"withdrawn on {entry.since}: {entry.reason}",
            expected="a certificate and a decision that still hold",
            action="Do not use the batch on the strength of it; ask the issuer.",
        )
        for entry in trust.withdrawn
        if entry.what in own
    ]
    later, unread = later_decisions(certificate, trust=trust, now=now)
    faults += later
    if faults:
        verdict.failed("standing", *faults)
    elif trust.known or trust.withdrawn:
        left = f"; {unread} of them do not verify and were left out" if unread else ""
        verdict.passed("standing", f"Nothing that is known ({len(trust.known)}) supersedes it{left}.")
    else:
        verdict.not_shown("standing", "Whether something newer exists, nothing that was given says.")


def _judge_packet(verdict: Verdict, received: Received, certificate: Certificate) -> None:
    """Say of the other files of a packet which ones the decision names, and that nothing vouches for the others."""
    if not received.others:
        return
    rests_on = set(_texts(certificate.decision.get("evaluation")))
    strangers = [name for name, digest in received.others.items() if digest not in rests_on]
    named = len(received.others) - len(strangers)
    if named:
        verdict.passed("packet", f"{named} files beside it are those on which the decision rests.")
    if strangers:
        shown = ", ".join(strangers[:5]) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
        verdict.not_shown("packet", f"Nothing vouches for what else the packet holds: {shown}.")


def _evidence_faults(certificate: Certificate, evidence: Mapping[str, bytes]) -> Iterator[Fault]:
    rests_on = set(_texts(certificate.decision.get("evaluation")))
    for name, content in evidence.items():
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if digest not in rests_on:
            yield fault(
                "RQC-V160",
                "This is no file on which the decision rests.",
                where=name,
                got=digest,
                expected="one of the inputs or outputs of the evaluation, unchanged",
                action="Take the files of the evaluation that was decided on.",
            )


def _code_faults(certificate: Certificate, code: str) -> Iterator[Fault]:
    seal = certificate.seal.value if certificate.seal is not None else ""
    expected = qr_text(
        certificate.certificate_id, str(certificate.decision.get("batch_id")), certificate_digest(certificate), seal
    )
    if code.strip("\r\n") != expected:
        yield fault(
            "RQC-V170",
            "The code on the page belongs to another certificate.",
            where=certificate.certificate_id,
            got=code,
            expected=expected,
            action="Refuse the page: its code was exchanged, or the file is another one.",
        )


def _in_words(code: object) -> str:
    return str(code).replace("_", " ")


def _signatures(certificate: Certificate) -> Sequence[dict[str, Any]]:
    found = certificate.decision.get("signatures")
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
