"""Every attack on every type of certificate in every form, and what both verifiers say; `python -m certificate.attacks` writes it down."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
import zlib
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.reinspection.test_hospital_decision import LATER, TOO_FEW, WHO, drafted, named_anew
from tests.signing.office import STAFF, enrolled, founded, key_of, lines_of, opened, staffed, stated
from typer.testing import CliRunner

from certificate import hospital_lots, lots, site
from regenqc.canonical import canonical_json, digest_of
from regenqc.certificate.content import AnnexRow, Certificate, certificate_bytes, certificate_digest
from regenqc.certificate.making import make_certificate
from regenqc.certificate.offline.scanned import qr_text
from regenqc.certificate.offline.trust import Trust, Withdrawal, x509_digest
from regenqc.certificate.pades import PdfSealer
from regenqc.certificate.sealing import make_issuer_key, open_issuer_key
from regenqc.certificate.single_file import single_file
from regenqc.cli.main import app
from regenqc.decision.hospital import SCHEMA, hospital_content_bytes, hospital_decision_bytes
from regenqc.signing.keys import OpenKey
from regenqc.signing.signature import sign

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES: Final = Path(__file__).resolve().parent / "attack_messages.txt"
FORMS: Final = ("PDF", "record", "packet")
PDF, RECORD, PACKET = FORMS
EVERY: Final = "every type"
_MAKER_NOW: Final = site.NOW
_ANNEX: Final = (
    AnnexRow(specification="us/investigational", version="1.0.0", fingerprint="sha256:0", disposition="hold"),
)


@dataclass(frozen=True)
class Subject:
    """A type of certificate, and how decisions for it are made."""

    kind: str
    of_type: str = ""
    annex: tuple[AnnexRow, ...] = ()
    changes: tuple[tuple[str, Any], ...] = ()

    def content(self, batch: str = "HP-00000001", **changes: Any) -> dict[str, Any]:
        return lots.identified(lots.unsigned_decision(batch, self.kind) | dict(self.changes) | changes)

    def decision(self, batch: str = "HP-00000001", **changes: Any) -> dict[str, Any]:
        content = self.content(batch, **changes)
        return content | {"signatures": [lots.signature(content)]}

    def certificate(self, decision: dict[str, Any]) -> Certificate:
        return make_certificate(
            decision,
            profile=lots.profile(),
            issued_at=lots.ISSUED_AT,
            annex=self.annex,
            certificate_type=self.of_type or None,
        )


_COMPLETED: Final = [{"name": name, "value": value} for name, value in lots.LOT.items()] + [
    {"name": "tests_completed_at", "value": "2026-03-15"}
]
_PENDING: Final = [{"requirement_id": "sterility", "title": "Sterility, 14 days", "due": "2026-03-30T00:00:00Z"}]
MAKER: Final = {
    "release": Subject("release"),
    "release with annex": Subject("release", annex=_ANNEX),
    "analysis": Subject("release", "certificate_of_analysis", changes=(("lot", _COMPLETED),)),
    "batch": Subject("release", "batch_certificate"),
    "conditional release": Subject(
        "conditional_release", changes=(("disposition", "conditional"), ("pending", _PENDING))
    ),
    "rejection": Subject("reject"),
}
SUBJECTS: Final = (*MAKER, "receipt")


def signed_receipt(made: Any, *, person: str = WHO, role: str = "physician") -> dict[str, Any]:
    """Return a hospital's decision as somebody signs it who asks nobody whether they may."""
    signature = sign(
        hospital_content_bytes(made), opened(person), printed_name=STAFF[person][0], person_id=person, role=role,
        meaning="receipt", signed_at=LATER, document_id=made.decision_id, document_schema=SCHEMA, sequence=1,
        components="person_id+password",
    )  # fmt: skip
    value: dict[str, Any] = msgspec.json.decode(hospital_decision_bytes(replaced(made, signatures=(signature,))))
    return value


replaced = msgspec.structs.replace


def receipt(**changes: Any) -> Certificate:
    return hospital_lots.unsealed(None, "en", **changes) if changes else hospital_lots.unsealed()


def of_receipt(decision: dict[str, Any]) -> Certificate:
    return make_certificate(decision, profile=hospital_lots.profile(), issued_at=hospital_lots.ISSUED.isoformat())


@dataclass(frozen=True)
class Question:
    """What a verifier is asked: a file, and with what it is checked."""

    data: bytes
    group: str
    certificate: Certificate
    names: tuple[tuple[str, str], ...] = ()


# ---- certificates that are wrong although their issuer sealed them --------------------------------------------------------------


def _good(subject: str) -> dict[str, Any]:
    if subject == "receipt":
        value: dict[str, Any] = msgspec.json.decode(hospital_decision_bytes(hospital_lots.signed()))
        return value
    return MAKER[subject].decision()


def _moved(subject: str) -> dict[str, Any]:
    if subject != "receipt":
        return MAKER[subject].content("HP-00000002") | {"signatures": _good(subject)["signatures"]}
    made = hospital_lots.signed()
    told = made.receipt | {"item": "DP-0009-1"}
    other = named_anew(made, item="DP-0009-1", receipt=told, receipt_digest=digest_of(canonical_json(told) + b"\n"))
    value: dict[str, Any] = msgspec.json.decode(hospital_decision_bytes(other))
    return value


def _changed(subject: str) -> dict[str, Any]:
    made = _good(subject)
    rows = [row | {"reported": "99.9"} if row["test"] == "viability" else row for row in made["results"]]
    return made | {"results": rows}


def _role_that_may_not(subject: str) -> dict[str, Any]:
    if subject == "receipt":
        made = drafted(prepared_by="LAB-0001", role="quality_control")
        return signed_receipt(made, person="LAB-0001", role="analyst")
    content = MAKER[subject].content()
    rules = [content["required_signatures"][0] | {"roles": ["analyst"]}]
    content = lots.identified(content | {"required_signatures": rules, "prepared_by": "A-0001"})
    signer: dict[str, Any] = {"printed_name": "Ann Example", "person_id": "A-0001", "role": "analyst"}
    return content | {"signatures": [lots.signature(content, seed=lots.ANALYST_SEED, **signer)]}


def _role_not_held(subject: str) -> dict[str, Any]:
    if subject == "receipt":
        return signed_receipt(drafted(prepared_by="LAB-0001", role="physician"), person="LAB-0001", role="physician")
    content = MAKER[subject].content(prepared_by="A-0001")
    signer: dict[str, Any] = {"printed_name": "Ann Example", "person_id": "A-0001", "role": "qualified_person"}
    return content | {"signatures": [lots.signature(content, seed=lots.ANALYST_SEED, **signer)]}


def _expired_key(subject: str) -> dict[str, Any]:
    if subject == "receipt":
        return signed_receipt(drafted(people=expired_hospital()))
    people = expired_maker().people
    return MAKER[subject].decision(registry={"root": people.root, "head": people.head})


def _unsigned(subject: str) -> dict[str, Any]:
    return _good(subject) | {"signatures": []}


@cache
def expired_maker() -> site.Registry:
    return site.registry(qp_valid_to=datetime.fromisoformat("2026-03-01T00:00:00+00:00"))


@cache
def expired_hospital() -> Any:
    people = founded()
    name, role = STAFF[WHO]
    return enrolled(people, WHO, name=name, role=role, valid_to=(LATER - timedelta(hours=1)).isoformat())


@cache
def expired_issuer() -> Any:
    files = make_issuer_key(
        "Example, until 2025", password=site.PASSWORD, now=site.START - timedelta(days=730), years=1
    )
    return open_issuer_key(*files, password=site.PASSWORD)


def _certificate(subject: str, decision: dict[str, Any]) -> Certificate:
    """Return the record of a decision, which its issuer would not make when the decision is none."""
    if not decision["signatures"]:
        return site.issuer().seal(replaced(genuine(subject), decision=decision, seal=None))
    made = of_receipt(decision) if subject == "receipt" else MAKER[subject].certificate(decision)
    return site.issuer().seal(made)


@cache
def genuine(subject: str) -> Certificate:
    return _certificate(subject, _good(subject))


@cache
def other_lot() -> Certificate:
    return site.certificate("HP-00000002")


def _another_type(subject: str) -> Certificate:
    posing = "release_certificate" if MAKER.get(subject, Subject("")).kind != "release" else "rejection_notice"
    return site.issuer().seal(replaced(genuine(subject), type=posing, seal=None))


def _another_batch(subject: str) -> Certificate:
    made = genuine(subject)
    return site.issuer().seal(replaced(made, fields=made.fields | {"batch_number": "HP-00000002"}, seal=None))


def _another_issuer(subject: str) -> Certificate:
    return site.issuer("Somebody else").seal(replaced(genuine(subject), seal=None))


def _issued_early(subject: str) -> Certificate:
    return site.issuer().seal(replaced(genuine(subject), issued_at="2026-03-16T08:00:00Z", seal=None))


def _of(decide: Callable[[str], dict[str, Any]]) -> Callable[[str], Certificate]:
    return lambda subject: _certificate(subject, decide(subject))


# Attack -> the certificate that it makes, the group of trust with which it is checked.
CERTIFICATES: Final[dict[str, tuple[Callable[[str], Certificate], str]]] = {
    "a result changed after it was signed, and sealed again": (_of(_changed), "usual"),
    "signature moved to another lot": (_of(_moved), "usual"),
    "nobody signed": (_of(_unsigned), "usual"),
    "key of a role that may not sign": (_of(_role_that_may_not), "usual"),
    "role that the signer does not hold": (_of(_role_not_held), "usual"),
    "expired key of a signer": (_of(_expired_key), "expired signer"),
    "revoked key of a signer": (genuine, "revoked signer"),
    "key of a signer lost later, without proof of time": (genuine, "lost key"),
    "revoked key of the issuer": (genuine, "revoked issuer"),
    "expired key of the issuer": (
        lambda subject: expired_issuer().seal(replaced(genuine(subject), seal=None)),
        "usual",
    ),
    "issuer that is not believed": (_another_issuer, "usual"),
    "older revision presented as current": (genuine, "newer"),
    "withdrawn certificate": (genuine, "withdrawn"),
    "clock ahead": (genuine, "early"),
    "issued before it was signed": (_issued_early, "usual"),
    "code of another certificate on the page": (genuine, "code"),
    "type of certificate exchanged": (_another_type, "usual"),
    "another batch named than was decided": (_another_batch, "usual"),
    "registry of people of somebody else": (genuine, "other registry"),
}


def _decided_by_whoever_looked(_: str) -> dict[str, Any]:
    made = hospital_lots.signed()
    told = made.receipt | {"answers": [{"question": "receipt_seal", "answer": "yes", "by": WHO}]}
    return signed_receipt(named_anew(made, receipt=told, receipt_digest=digest_of(canonical_json(told) + b"\n")))


def _accepted_against_the_receipt(_: str) -> dict[str, Any]:
    return signed_receipt(named_anew(hospital_lots.signed("refuse", receipt=TOO_FEW), kind="accept"))


def _receipt_of_another_container(_: str) -> dict[str, Any]:
    made = hospital_lots.signed()
    return signed_receipt(named_anew(made, receipt=made.receipt | {"item": "DP-0009-1"}))


RECEIPTS: Final[dict[str, tuple[Callable[[str], Certificate], str]]] = {
    "decided by whoever looked at the seal": (_of(_decided_by_whoever_looked), "usual"),
    "accepted although it does not conform": (_of(_accepted_against_the_receipt), "usual"),
    "receipt of another container": (_of(_receipt_of_another_container), "usual"),
}


# ---- bytes that nobody issued -----------------------------------------------------------------------------------------------------


def increment(document: bytes, body: bytes, *, number: int = 9000) -> bytes:
    """Return a document with an appended revision, as any PDF tool writes one."""
    previous = int(re.findall(rb"startxref\s+(\d+)", document)[-1])
    root = re.findall(rb"/Root (\d+) 0 R", document)[-1]
    head = b"%d 0 obj\n" % number
    at = len(document)
    table = at + len(head + body + b"\nendobj\n")
    return (
        document
        + head
        + body
        + b"\nendobj\nxref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %b 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (number, at, number + 1, root, previous, table)
    )


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


IMAGE: Final = (
    b"<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1>>\nstream\n"
    b"\xff\nendstream"
)
COVER: Final = b"<</Length 22>>\nstream\n1 g 0 0 300 300 re f  \nendstream"


def _swapped_record(document: bytes, subject: str) -> bytes:
    """Return a PDF in which the embedded record has another statement, every other byte as it was."""
    record = certificate_bytes(genuine(subject))
    old = _embedded(document)
    # Longer statements pack into more bytes, but not into every number of them; another text of that length then may.
    for size in range(1000):
        for text in range(20):
            statement = "".join(digest_of(b"%d %d" % (text, part))[-8:] for part in range(size // 8 + 1))[:size]
            forged = re.sub(rb'("statement":\{"en":")[^"]+', rb"\g<1>" + statement.encode(), record, count=1)
            packed_again = zlib.compress(forged, 9)
            if len(packed_again) == len(old):
                return document.replace(old, packed_again)
            if abs(len(packed_again) - len(old)) > 8:
                break
    raise AssertionError(subject)


def _embedded(document: bytes) -> bytes:
    start = document.index(b"/EmbeddedFile")
    length = int(re.findall(rb"/Length (\d+)", document[:start])[-1])
    begin = document.index(b"stream\n", start) + 7
    return document[begin : begin + length]


def _covered_before_signing(document: bytes, subject: str) -> bytes:
    del document
    covered = increment(site.renderer().pdf(genuine(subject)), COVER)
    return PdfSealer(site.issuer()).sign(covered, signed_at=site.NOW)


PDFS: Final[dict[str, Callable[[bytes, str], bytes]]] = {
    "a byte of a page flipped": lambda document, _: flipped(document, document.index(b"stream\n") + 20),
    "bytes appended": lambda document, _: document + b"% a comment\n",
    "page altered by an incremental update": lambda document, _: increment(
        document, b"<</Type/Page/Contents 9001 0 R>>"
    ),
    "text hidden under an image": lambda document, _: increment(document, IMAGE),
    "text hidden under an image before the issuer signed": _covered_before_signing,
    "record inside the PDF replaced": _swapped_record,
    "signed by somebody else": lambda _, subject: PdfSealer(site.issuer("Somebody else")).sign(
        site.renderer().pdf(genuine(subject)), signed_at=site.NOW
    ),
}
RECORDS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "a byte of the record flipped": lambda record: flipped(record, record.index(b'"statement":{"en":"') + 25),
    "bytes appended": lambda record: record + b" ",
    "record written with blanks": lambda record: record.replace(b'":', b'": ', 1),
    "a result in the record replaced": lambda record: re.sub(rb'("reported":")[^"]+', rb"\g<1>99.9", record, count=1),
}


def packed(record: bytes, pdf: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packet:
        packet.writestr("certificate.json", record)
        if pdf:
            packet.writestr("certificate.pdf", pdf)
    return out.getvalue()


def _packets(record: bytes, pdf: bytes) -> dict[str, bytes]:
    whole = packed(record, pdf)
    other = certificate_bytes(other_lot())
    return {
        "a byte of the packet flipped": flipped(whole, whole.index(record) + 100),
        "bytes appended": whole + b"\n",
        "bytes put before it": packed(other, b"") + whole,
        "record beside the PDF replaced": packed(other, pdf),
        "a second certificate under the same name": _twice(record, other),
    }


def _twice(record: bytes, other: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packet:
        packet.writestr("certificate.json", record)
        packet.writestr("also/certificate.json", other)
    return out.getvalue()


# ---- what a verifier is asked --------------------------------------------------------------------------------------------------


@cache
def asked() -> dict[tuple[str, str, str], Question]:
    """Return every question by attack, form and type of certificate."""
    found: dict[tuple[str, str, str], Question] = {}
    for subject in SUBJECTS:
        made = genuine(subject)
        where = "hospital" if subject == "receipt" else "maker"
        own = CERTIFICATES | RECEIPTS if subject == "receipt" else CERTIFICATES
        for attack, (forge, group) in own.items():
            forged = forge(subject)
            key = {
                "issuer that is not believed": site.issuer("Somebody else"),
                "expired key of the issuer": expired_issuer(),
            }
            pdf, record = site.pdf(forged, key=key.get(attack)), certificate_bytes(forged)
            for form, data in ((PDF, pdf), (RECORD, record), (PACKET, packed(record, pdf))):
                found[attack, form, subject] = Question(data, f"{where}: {group}", forged)
        pdf, record = site.pdf(made), certificate_bytes(made)
        for attack, change in PDFS.items():
            changed = change(pdf, subject)
            found[attack, PDF, subject] = Question(changed, f"{where}: usual", made)
            if attack != "bytes appended":
                found[attack, PACKET, subject] = Question(packed(record, changed), f"{where}: usual", made)
        for attack, alter in RECORDS.items():
            found[attack, RECORD, subject] = Question(alter(record), f"{where}: usual", made)
        for attack, data in _packets(record, pdf).items():
            found[attack, PACKET, subject] = Question(data, f"{where}: usual", made)
    return found


def _trust_of(group: str) -> tuple[Trust, datetime, str]:
    place, _, name = group.partition(": ")
    at_hospital = place == "hospital"
    trust = hospital_lots.trust() if at_hospital else site.trust(people_root=site.registry().people.root)
    now = hospital_lots.ISSUED if at_hospital else _MAKER_NOW
    code = ""
    old = expired_issuer().certificate
    trust = replace(trust, issuers=trust.issuers | {x509_digest(old): old})
    subjects = ["receipt"] if at_hospital else list(MAKER)
    if name == "expired signer":
        people, data = (
            (expired_hospital(), lines_of(expired_hospital()))
            if at_hospital
            else (expired_maker().people, expired_maker().data)
        )
        trust = replace(trust, people=data, people_root=people.root)
    elif name in {"revoked signer", "lost key"}:
        trust = replace(trust, people=_revoked(at_hospital=at_hospital, is_lost=name == "lost key"))
    elif name == "revoked issuer":
        revoked = Withdrawal(site.issuer().key_digest, "2026-03-01T00:00:00Z", "compromised", "told by the issuer")
        trust = replace(trust, withdrawn=(revoked,))
    elif name == "newer":
        newer = dict.fromkeys(_newer(each) for each in subjects)
        trust = replace(trust, known=tuple((f"newer-{at}.json", data) for at, data in enumerate(newer)))
    elif name == "withdrawn":
        numbers = dict.fromkeys(genuine(each).certificate_id for each in subjects)
        since = "2026-03-18T00:00:00Z"
        trust = replace(
            trust, withdrawn=tuple(Withdrawal(each, since, "withdrawn", "late positive") for each in numbers)
        )
    elif name == "early":
        now = (hospital_lots.ISSUED if at_hospital else datetime.fromisoformat(lots.ISSUED_AT)) - timedelta(hours=6)
    elif name == "code":
        other = other_lot()
        seal = other.seal.value if other.seal is not None else ""
        code = qr_text(other.certificate_id, "HP-00000002", certificate_digest(other), seal)
    elif name == "other registry":
        people = site.registry().people if at_hospital else staffed()
        trust = replace(
            trust, people=site.registry().data if at_hospital else lines_of(staffed()), people_root=people.root
        )
    return trust, now, code


def _revoked(*, at_hospital: bool, is_lost: bool) -> bytes:
    basis, reason = ("lost", "token lost") if is_lost else ("left", "left the site")
    if at_hospital:
        since = (LATER + timedelta(minutes=10 if is_lost else -10)).isoformat()
        told = {"person_id": WHO, "key_id": key_of(WHO).key_id, "basis": basis, "since": since, "reason": reason}
        return lines_of(stated(staffed(), "key_revoked", at=LATER + timedelta(minutes=10), **told))
    return (
        site.registry()
        .state(
            "key_revoked",
            now=site.START + timedelta(days=77),
            person_id="QP-0001",
            key_id=OpenKey(lots.QP_SEED).key_id,
            basis=basis,
            since="2026-03-18T00:00:00+00:00" if is_lost else "2026-03-10T00:00:00+00:00",
            reason=reason,
        )
        .data
    )


def _newer(subject: str) -> bytes:
    older = _good(subject)["decision_id"]
    if subject == "receipt":
        return hospital_decision_bytes(hospital_lots.signed("quarantine", supersedes=older))
    newer = lots.identified(
        lots.unsigned_decision("HP-00000001", "reject") | {"supersedes": older, "reason": "late positive"}
    )
    return canonical_json(newer | {"signatures": [lots.signature(newer)]}) + b"\n"


def write_trust(trust: Trust, folder: Path) -> None:
    folder.mkdir()
    for at, issuer in enumerate(trust.issuers.values()):
        (folder / f"issuer-{at}.pem").write_bytes(issuer.public_bytes(Encoding.PEM))
    (folder / "people.jsonl").write_bytes(trust.people)
    (folder / "people.root").write_text(trust.people_root)
    names = ("what", "since", "basis", "reason")
    (folder / "withdrawn.jsonl").write_bytes(
        b"".join(canonical_json({name: getattr(each, name) for name in names}) + b"\n" for each in trust.withdrawn)
    )
    (folder / "known").mkdir()
    for name, data in trust.known:
        (folder / "known" / name).write_bytes(data)


# ---- what it answers ---------------------------------------------------------------------------------------------------------------

REGENQC, ALONE = "regenqc verify", "the single file"


@cache
def answered() -> dict[tuple[str, str, str], dict[str, str]]:
    """Return what both verifiers print about each file, with the names of what differs from run to run."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    questions = sorted(asked().items(), key=lambda item: item[1].group)
    for group, members in groupby(questions, key=lambda item: item[1].group):
        trust, now, code = _trust_of(group)
        with TemporaryDirectory() as name:
            folder = Path(name)
            write_trust(trust, folder / "trust")
            (folder / "verify_certificate.py").write_text(single_file(), encoding="utf-8")
            files = {}
            for at, (asked_for, question) in enumerate(members):
                files[f"file-{at:03d}"] = (asked_for, question)
                (folder / f"file-{at:03d}").write_bytes(question.data)
            options = ["--now", now.isoformat(), *(["--code", code] if code else [])]
            paths = [str(folder / each) for each in files]
            done = subprocess.run(
                [sys.executable, "-I", "verify_certificate.py", *files, *options],
                cwd=folder, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 5, done.stderr
            ours = CliRunner().invoke(app, ["verify", *paths, "--trust", str(folder / "trust"), *options])
            assert ours.exit_code == 5, ours.output
            said = {ALONE: _by_file(done.stdout), REGENQC: _by_file(ours.stdout)}
            for file, (asked_for, question) in files.items():
                found[asked_for] = {who: _named(told[file], question, code) for who, told in said.items()}
    return found


def _by_file(output: str) -> dict[str, str]:
    """Return for each file whether it was verified, and the lines of what is wrong."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    is_wrong = False
    for line in output.splitlines():
        head = re.search(r"file-\d{3}", line) if not line.startswith("  ") else None
        if head:
            is_wrong = "NOT VERIFIED" not in line
            lines = found.setdefault(head[0], ["verified"] if is_wrong else ["NOT VERIFIED"])
            is_wrong = False
        elif line[2:3] in "✔–✘" and line[:2] == "  " and line[2:3].strip():
            is_wrong = line[2] == "✘"
        if is_wrong and not head:
            lines.append(line)
    return {file: "\n".join(each) for file, each in found.items()}


def _named(text: str, question: Question, code: str) -> str:
    """Return a text in which what differs from lot to lot and run to run has a name instead."""
    made = question.certificate
    decision = made.decision
    digest = certificate_digest(made)
    own = qr_text(
        made.certificate_id, str(decision["batch_id"]), digest, made.seal.value if made.seal is not None else ""
    )
    known = {
        code: "<code of another certificate>",
        own: "<its own code>",
        made.certificate_id: "<certificate>",
        str(decision["decision_id"]): "<decision>",
        site.issuer().key_digest: "<key of the issuer>",
        site.issuer("Somebody else").key_digest: "<key of somebody else>",
        x509_digest(expired_issuer().certificate): "<key that expired>",
        digest: "<content>",
    }
    for value, name in known.items():
        if value:
            text = text.replace(value, name)
    others: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        return others.setdefault(match[0], f"<another {'digest' if match[1] else 'decision'} {len(others) + 1}>")

    text = re.sub(r"(sha256):[0-9a-f]{64}|\b(?:DECISION|HOSPITAL)-[0-9A-F]{16,}", numbered, text)
    return re.sub(r"covers \d+ of \d+", "covers <signed> of <all>", text)


def section(attack: str, form: str, subject: str) -> str:
    """Return what is said about an attack as it stands in the file of messages."""
    said = answered()[attack, form, subject]
    alone, ours = said[ALONE], said[REGENQC]
    if alone == ours:
        return f"{ours}\n"
    more = ours.removeprefix(alone)
    if ours.startswith(alone):
        return f"{alone}\nregenqc verify also:\n{more.strip(chr(10))}\n"
    return f"the single file:\n{alone}\nregenqc verify:\n{ours}\n"


def messages() -> dict[tuple[str, str, str], str]:
    """Return the reviewed messages by attack, form and type of certificate."""
    parts = re.split(r"^## (.+)\n", MESSAGES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        attack, forms, subjects = heading.split(" · ")
        for form in forms.split(", "):
            for subject in SUBJECTS if subjects == EVERY else subjects.split(", "):
                found[attack, form, subject] = text.strip("\n") + "\n"
    return found


def main() -> None:
    """Write down what is said, once for all forms and types of certificates that are told the same."""
    with redirect_stdout(sys.stderr):
        everything = {key: section(*key) for key in asked()}
    parts = []
    for attack in dict.fromkeys(attack for attack, _, _ in everything):
        told: dict[tuple[str, str], list[str]] = {}
        forms = [form for form in FORMS if any((attack, form, subject) in everything for subject in SUBJECTS)]
        for form in forms:
            by_text: dict[str, list[str]] = {}
            for subject in (each for each in SUBJECTS if (attack, form, each) in everything):
                by_text.setdefault(everything[attack, form, subject], []).append(subject)
            for text, subjects in by_text.items():
                named = EVERY if len(subjects) == len(SUBJECTS) else ", ".join(subjects)
                told.setdefault((named, text), []).append(form)
        parts += [f"## {attack} · {', '.join(same)} · {named}\n{text}" for (named, text), same in told.items()]
    MESSAGES.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
