"""Issue certificates for one lot or many: each exactly once, each file whole or not there.

The record is written first, then the PDF is made from the record as written. A run that was killed leaves records without
PDF at worst; the next run makes those PDFs and issues what is left. What is there already is never issued again.
"""

from __future__ import annotations

import fcntl
import os
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, Final

import msgspec

from regenqc.certificate.content import Certificate, certificate_bytes, read_certificate
from regenqc.certificate.faults import data_error, usage_error
from regenqc.certificate.making import (
    certificate_number,
    decision_digest,
    file_stem,
    make_certificate,
    usual_type,
)
from regenqc.certificate.offline.decided import decision_digests
from regenqc.certificate.offline.received import ENTRY_NAME, PROOF_NAME
from regenqc.certificate.pades import PdfSealer
from regenqc.certificate.rendering import DEFAULT_FONT_FOLDERS, Attachment, Renderer
from regenqc.certificate.sealing import open_issuer_key
from regenqc.certificate.wording import known_types
from regenqc.decision.hospital import SCHEMA as HOSPITAL_SCHEMA
from regenqc.decision.hospital_verification import hospital_decision_faults, parse_hospital_decision
from regenqc.decision.model import SCHEMA
from regenqc.decision.reading import parse_decision
from regenqc.decision.verification import decision_faults
from regenqc.errors import Fault, RegenqcError, SignatureError
from regenqc.signing.people import read_people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from regenqc.certificate.annex import Annex
    from regenqc.certificate.profile import Profile

__all__ = ["Issue", "Issued", "Issuer", "decoded_decision", "file_stem", "issue_all", "ledger_attachments"]

_WAITING_PER_PROCESS: Final = 4
_LARGEST_DECISION: Final = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Say how certificates are issued.

    Args:
        out: folder of the certificates.
        profile: of the product.
        key: PEM of the issuer's key, encrypted.
        certificate: PEM of its X.509 certificate.
        password: of the key.
        people: registry of the people who sign, the bytes of its file.
        now: moment of issue, with zone.
        certificate_type: by the kind of decision when not stated.
        signs_pdf: whether the PDF carries a PAdES signature.
        time_stamp_url: authority that stamps the signature (level B-T); none when empty.
        template: folder of a template.
        fonts: folders of fonts.
        annex: what the data allow by the rules of other jurisdictions; none when not stated.
        proofs: entry and proof of the ledger by the digest that the entry names.
    """

    out: Path
    profile: Profile
    key: bytes
    certificate: bytes
    password: str
    people: bytes
    now: datetime
    certificate_type: str | None = None
    signs_pdf: bool = True
    time_stamp_url: str = ""
    template: Path | None = None
    fonts: tuple[Path, ...] = DEFAULT_FONT_FOLDERS
    annex: Annex | None = None
    proofs: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Issue(out={self.out})"


@dataclass(frozen=True, slots=True)
class Issued:
    """Say what became of one decision.

    Args:
        source: name of the decision's file.
        state: `issued`, `completed` (the record was there, its PDF was not), `kept` (both were) or `refused`.
        certificate_id: number, empty when refused.
        faults: why it was refused.
    """

    source: str
    state: str
    certificate_id: str = ""
    faults: tuple[Fault, ...] = ()


class Issuer:
    """Issue certificates one after the other; fonts, template and key are opened once.

    Args:
        how: certificates are issued.
    """

    def __init__(self, how: Issue) -> None:
        self._how = how
        self._key = open_issuer_key(how.key, how.certificate, password=how.password)
        self._renderer = Renderer(template=how.template, fonts=how.fonts)
        self._sealer = PdfSealer(self._key, time_stamper=_stamper(how.time_stamp_url)) if how.signs_pdf else None
        self._people = read_people(how.people)

    def close(self) -> None:
        """Remove the files with which pages are made."""
        self._renderer.close()

    def issue(self, path: Path) -> Issued:
        """Issue the certificate of a decision, unless it is there.

        Args:
            path: file of the decision.
        """
        try:
            return self._issue(path)
        except RegenqcError as error:
            return Issued(str(path), "refused", faults=error.faults)

    def _issue(self, path: Path) -> Issued:
        how = self._how
        data = _read(path)
        decision = decoded_decision(data, where=str(path))
        chosen = how.certificate_type or usual_type(str(decision["kind"]))
        number = certificate_number(decision["decision_id"], chosen, profile=how.profile)
        record_path, pdf_path = (how.out / f"{file_stem(number)}{ending}" for ending in (".json", ".pdf"))
        if record_path.exists():
            record = read_certificate(record_path.read_bytes(), where=str(record_path))
            if decision_digest(record.decision) != decision_digest(decision):
                raise data_error(
                    "RQC-V081",
                    "A certificate with this number was issued for another decision.",
                    where=str(record_path),
                    got=decision_digest(decision),
                    expected=decision_digest(record.decision),
                    action="A changed decision is a new decision with a number of its own.",
                )
            if pdf_path.exists():
                return Issued(str(path), "kept", number)
            state = "completed"
        else:
            faults = self._signing_faults(data, path, schema=decision["schema"])
            if faults:
                raise SignatureError(*faults)
            record = self._key.seal(self._content(decision, chosen))
            state = "issued"
        names = decision_digests(decision) if how.proofs else ()
        proof = next((how.proofs[name] for name in names if name in how.proofs), None)
        pdf = self._renderer.pdf(record, attachments=ledger_attachments(proof))
        if self._sealer is not None:
            pdf = self._sealer.sign(pdf, signed_at=how.now)
        if state == "issued":
            _write(record_path, certificate_bytes(record))
        _write(pdf_path, pdf)
        return Issued(str(path), state, number)

    def _signing_faults(self, data: bytes, path: Path, *, schema: str) -> list[Fault]:
        """Return why the decision of a manufacturer or of a hospital is not in force."""
        if schema == HOSPITAL_SCHEMA:
            received = parse_hospital_decision(data, where=str(path))
            return hospital_decision_faults(received, people=self._people, now=self._how.now)
        return decision_faults(parse_decision(data, where=str(path)), people=self._people, now=self._how.now)

    def _content(self, decision: Mapping[str, Any], chosen: str) -> Certificate:
        how = self._how
        return make_certificate(
            decision,
            profile=how.profile,
            issued_at=how.now.replace(microsecond=0).isoformat(),
            certificate_type=chosen,
            annex=how.annex.rows_of(decision) if how.annex is not None else (),
            supersedes=self._superseded(decision),
        )

    def _superseded(self, decision: Mapping[str, Any]) -> str:
        """Return the number of the certificate of the decision that this one takes the place of, where it was issued here."""
        earlier = decision.get("supersedes")
        for name in known_types() if earlier else ():
            number = certificate_number(str(earlier), name, profile=self._how.profile)
            if (self._how.out / f"{file_stem(number)}.json").exists():
                return number
        return ""


def issue_all(
    decisions: Sequence[Path], how: Issue, *, processes: int = 1, on_issued: Callable[[Issued], None]
) -> None:
    """Issue the certificates of many decisions.

    Args:
        decisions: files; a decision that another of them supersedes, or that withdraws one, gets no certificate.
        how: certificates are issued.
        processes: to work with.
        on_issued: called for each decision, in their order.

    Raises:
        UsageError: `RQC-V080`, another run is issuing into the folder, or it cannot be written.
    """
    with _only_run(how.out):
        passed_over = _passed_over(decisions)
        wanted = (path for path in decisions if path not in passed_over)
        if processes <= 1:
            issuer = Issuer(how)
            for path in wanted:
                on_issued(issuer.issue(path))
            return
        Issuer(how)  # what is wrong with key, template or fonts is said once, here
        context = get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(how,)) as pool:
            waiting: deque[Future[Issued]] = deque()
            for path in wanted:
                waiting.append(pool.submit(_issue_in_process, path))
                if len(waiting) > processes * _WAITING_PER_PROCESS:
                    on_issued(waiting.popleft().result())
            while waiting:
                on_issued(waiting.popleft().result())


def ledger_attachments(pair: tuple[str, str] | None) -> tuple[Attachment, ...]:
    """Return entry and proof of the ledger as files that travel inside the PDF."""
    if pair is None:
        return ()
    entry, proof = pair
    return (
        Attachment(ENTRY_NAME, entry, "application/json", "Entry of the ledger that names the decision"),
        Attachment(PROOF_NAME, proof, "text/plain", "Proof that the entry is in the ledger (C2SP tlog-proof)"),
    )


def decoded_decision(data: bytes, *, where: str) -> dict[str, Any]:
    """Return the decision of a file as plain values; whether it is one in its one spelling, `parse_decision` says.

    Raises:
        DataError: `RQC-V082`, it is no decision.
    """
    try:
        found = msgspec.json.decode(data)
        if found["schema"] in {SCHEMA, HOSPITAL_SCHEMA} and {"decision_id", "kind", "batch_id"} <= found.keys():
            return dict(found)
        got = str(found["schema"])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
        got = repr(error)
    raise data_error(
        "RQC-V082",
        "The file is no decision.",
        where=where,
        got=got,
        expected=f"a document of schema {SCHEMA} or {HOSPITAL_SCHEMA}",
        action="Take the file as `regenqc decide` or `regenqc reinspect decide` wrote it.",
    )


_issuer: list[Issuer] = []


def _start(how: Issue) -> None:
    # Typst would start a thread for each core in each of the processes; it reads this when the first page is made.
    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    _issuer[:] = [Issuer(how)]
    # Processes of a pool leave without what would otherwise run at the end.
    Finalize(None, _issuer[0].close, exitpriority=1)


def _issue_in_process(path: Path) -> Issued:
    return _issuer[0].issue(path)


def _passed_over(decisions: Iterable[Path]) -> frozenset[Path]:
    """Return the files of decisions that are no longer in force, or put none in the place of another."""
    superseded: set[str] = set()
    by_id: dict[str, Path] = {}
    withdrawals: set[Path] = set()
    for path in decisions:
        try:
            found = msgspec.json.decode(_read(path), type=_Standing)
        except (msgspec.MsgspecError, UnicodeDecodeError, RegenqcError):
            continue  # refused, and said so, where it is issued
        by_id[found.decision_id] = path
        if found.supersedes and len(found.signatures) == len(found.required_signatures):
            superseded.add(found.supersedes)
        if found.kind == "withdrawal":
            withdrawals.add(path)
    return frozenset(by_id[name] for name in superseded if name in by_id) | withdrawals


class _Standing(msgspec.Struct, frozen=True):
    decision_id: str
    kind: str
    supersedes: str | None
    required_signatures: list[msgspec.Raw]
    signatures: list[msgspec.Raw]


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_DECISION:
            raise data_error("RQC-V082", "The file is no decision.", where=str(path), got="too large")
        return path.read_bytes()
    except OSError as error:
        raise data_error("RQC-V082", "The file cannot be read.", where=str(path), got=error) from error


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, so that it survives a loss of power."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


@contextmanager
def _only_run(out: Path) -> Iterator[None]:
    """Keep other runs out of the folder, and remove what a killed one left unfinished."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = os.open(out / ".issuing", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in out.glob(".*.part"):
            left.unlink(missing_ok=True)
        yield
    except BlockingIOError as error:
        raise usage_error(
            "RQC-V080",
            "Another run is issuing certificates into this folder.",
            where=str(out),
            action="Wait for its end.",
        ) from error
    finally:
        os.close(lock)


def _unwritable(path: Path, error: OSError) -> Exception:
    return usage_error(
        "RQC-V080",
        "The folder of certificates cannot be written.",
        where=str(path),
        got=error,
        action="Name a folder that can be written and has room; run again to go on.",
    )


def _stamper(url: str) -> Any:
    if not url:
        return None
    from pyhanko.sign.timestamps import HTTPTimeStamper  # noqa: PLC0415 - imports a network library

    return HTTPTimeStamper(url)
