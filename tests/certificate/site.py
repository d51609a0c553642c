"""A site for tests: an issuer's key, a registry of people and a folder of what a hospital believes; all of it made up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from certificate.lots import ADMIN_SEED, ANALYST_SEED, ISSUED_AT, PROFILE, QP_SEED, decision, profile
from regenqc.canonical import canonical_json, digest_of
from regenqc.certificate.making import make_certificate
from regenqc.certificate.offline.trust import Trust, x509_digest
from regenqc.certificate.pades import PdfSealer
from regenqc.certificate.rendering import Renderer
from regenqc.certificate.sealing import IssuerKey, make_issuer_key, open_issuer_key
from regenqc.certificate.verifying import verify_certificate
from regenqc.signing.keys import OpenKey
from regenqc.signing.people import People
from regenqc.signing.people_file import make_statement
from regenqc.signing.statement import line_of

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.certificate.content import Certificate
    from regenqc.certificate.offline.verdict import Verdict

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 3, 20, tzinfo=UTC)
MAKER: Final = "Example Cell Therapies B.V."
PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - of keys that tests make


@dataclass
class Registry:
    """Write a registry of people line by line."""

    people: People = field(default_factory=People)
    data: bytes = b""

    def state(
        self,
        kind: str,
        *,
        by: str = "ADMIN-001",
        now: datetime = START,
        seeds: tuple[bytes, ...] = (ADMIN_SEED,),
        **members: Any,
    ) -> Registry:
        statement = make_statement(self.people, kind, by=by, now=now, keys=[OpenKey(seed) for seed in seeds], **members)
        line = line_of(statement)
        return Registry(self.people.with_statement(statement, digest=digest_of(line)), self.data + line + b"\n")

    def with_person(
        self, person_id: str, name: str, role: str, seed: bytes, *, valid_to: datetime = START + timedelta(days=730)
    ) -> Registry:
        key = OpenKey(seed)
        return (
            self.state("enrolled", person_id=person_id, printed_name=name, reason="identity card seen")
            .state("role_granted", person_id=person_id, role=role, reason="appointed")
            .state(
                "key_certified",
                person_id=person_id,
                key_id=key.key_id,
                public_key=public(seed),
                valid_to=valid_to.isoformat(),
                reason="first key",
                seeds=(ADMIN_SEED, seed),
            )
            .state(
                "first_use_certified",
                by=person_id,
                person_id=person_id,
                key_id=key.key_id,
                reason="binds like a signature by hand",
                seeds=(seed,),
            )
        )


def public(seed: bytes) -> str:
    from base64 import b64encode

    return b64encode(OpenKey(seed).public_key).decode()


def founded() -> Registry:
    from regenqc.signing.statement import Settings

    return Registry().state(
        "founded",
        site="Example Cell Therapies",
        settings=Settings(
            lockout_after=5,
            session_seconds=900,
            clock_tolerance_seconds=300,
            shortest_password=12,
            review_required=False,
        ),
        person_id="ADMIN-001",
        printed_name="Adam Example",
        key_id=OpenKey(ADMIN_SEED).key_id,
        public_key=public(ADMIN_SEED),
        valid_to=(START + timedelta(days=3650)).isoformat(),
        reason="founded",
    )


@cache
def registry(*, qp_valid_to: datetime = START + timedelta(days=730)) -> Registry:
    return (
        founded()
        .with_person("QP-0001", "Dr. Ada Example", "qualified_person", QP_SEED, valid_to=qp_valid_to)
        .with_person("A-0001", "Ann Example", "analyst", ANALYST_SEED)
    )


@cache
def issuer_files(name: str) -> tuple[bytes, bytes]:
    return make_issuer_key(name, password=PASSWORD, now=START)


@cache
def _issuer(name: str) -> IssuerKey:
    return open_issuer_key(*issuer_files(name), password=PASSWORD)


def issuer(name: str = MAKER) -> IssuerKey:
    return _issuer(name)


@cache
def renderer() -> Renderer:
    return Renderer()


def trust(**changes: Any) -> Trust:
    believed = issuer().certificate
    return replace(Trust(issuers={x509_digest(believed): believed}, people=registry().data), **changes)


def certificate(
    batch: str = "HP-00000001", *languages: str, made: dict[str, Any] | None = None, **changes: Any
) -> Certificate:
    made = made if made is not None else decision(batch)
    return issuer().seal(make_certificate(made, profile=profile(*languages), issued_at=ISSUED_AT, **changes))


def pdf(of: Certificate, *, key: IssuerKey | None = None, signed: bool = True) -> bytes:
    made = renderer().pdf(of)
    return PdfSealer(key or issuer()).sign(made, signed_at=NOW) if signed else made


def verify(data: bytes, **options: Any) -> Verdict:
    return verify_certificate(data, **{"trust": trust(), "now": NOW, "renderer": renderer()} | options)


def write_trust(folder: Path) -> Path:
    folder.mkdir()
    (folder / "issuer.pem").write_bytes(issuer_files(MAKER)[1])
    (folder / "people.jsonl").write_bytes(registry().data)
    (folder / "people.root").write_text(registry().people.root)
    return folder


def write_site(folder: Path, *decisions: dict[str, Any]) -> Path:
    """Write a site and a hospital: decisions, keys, profile, and what is believed."""
    (folder / "decisions").mkdir()
    for each in decisions or (decision(),):
        (folder / "decisions" / f"{each['decision_id']}.json").write_bytes(canonical_json(each) + b"\n")
    key, certificate = issuer_files(MAKER)
    (folder / "issuer.key").write_bytes(key)
    (folder / "issuer.pem").write_bytes(certificate)
    (folder / "password.txt").write_text(PASSWORD + "\n")
    (folder / "people.jsonl").write_bytes(registry().data)
    (folder / "certificate-profile.toml").write_text(PROFILE.format(languages='["en", "zh"]'), encoding="utf-8")
    write_trust(folder / "trust")
    return folder
