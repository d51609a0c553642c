"""Whom a hospital believes: a folder of keys that it had before any certificate came.

| file | what |
|---|---|
| `issuer*.pem` | X.509 certificates of the issuers that are believed |
| `people.jsonl` | registry of the people who sign, with their roles, keys and revocations |
| `people.root` | digest of its first line, as the site gave it by another way |
| `policy.txt` | logs and witnesses that are believed (C2SP tlog-policy); only where there is a ledger |
| `withdrawn.jsonl` | one line for each issuer's key, certificate or decision that no longer holds |
| `known/*` | certificates and decisions that were received later |
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography.x509 import Certificate as X509Certificate
from cryptography.x509 import load_pem_x509_certificate

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Trust", "Withdrawal", "read_trust", "x509_digest"]

_LARGEST: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Say that something no longer holds.

    Args:
        what: digest of an issuer's certificate, number of a certificate, or identifier of a decision.
        since: moment, RFC 3339 with zone.
        basis: `compromised` or `lost` for a key that others may have used; any other word otherwise.
        reason: in words.
    """

    what: str
    since: str
    basis: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Hold whom a hospital believes.

    Args:
        issuers: X.509 by digest of its DER.
        people: registry of people, the bytes of its file.
        people_root: digest of its first line; empty when it was not pinned.
        policy: text of the trust policy of the ledger; empty without one.
        withdrawn: what no longer holds.
        known: further certificates and decisions, by name of their file.
    """

    issuers: dict[str, X509Certificate] = field(default_factory=dict)
    people: bytes = b""
    people_root: str = ""
    policy: str = ""
    withdrawn: tuple[Withdrawal, ...] = ()
    known: tuple[tuple[str, bytes], ...] = ()


def read_trust(folder: Path) -> Trust:
    """Return what a folder of trust holds.

    Raises:
        UsageError: `RQC-V070`, it is no such folder; `RQC-V071`, a file in it cannot be read.
    """
    if not folder.is_dir():
        raise _unusable("RQC-V070", "The folder with the keys that are believed is not there.", str(folder), "")
    issuers = {}
    for path in sorted(folder.glob("issuer*.pem")):
        try:
            found = load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            raise _unusable("RQC-V071", "An issuer's certificate cannot be read.", str(path), str(error)) from error
        issuers[x509_digest(found)] = found
    if not issuers:
        raise _unusable("RQC-V070", "No issuer is believed.", str(folder), "no file issuer*.pem")
    people = _read(folder / "people.jsonl")
    known = folder / "known"
    return Trust(
        issuers,
        people,
        _read(folder / "people.root").decode(errors="replace").strip(),
        _read(folder / "policy.txt").decode(errors="replace"),
        tuple(_withdrawals(folder / "withdrawn.jsonl")),
        tuple((path.name, _read(path)) for path in sorted(known.iterdir()) if path.is_file()) if known.is_dir() else (),
    )


def x509_digest(certificate: X509Certificate) -> str:
    """Return the digest by which a record names the key of its issuer."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - a name used once

    return f"sha256:{hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()}"


def _read(path: Path) -> bytes:
    if not path.is_file():
        return b""
    try:
        if path.stat().st_size > _LARGEST:
            raise _unusable("RQC-V071", "A file is too large.", str(path), "")
        return path.read_bytes()
    except OSError as error:
        raise _unusable("RQC-V071", "A file of the folder cannot be read.", str(path), str(error)) from error


def _withdrawals(path: Path) -> list[Withdrawal]:
    found = []
    for number, line in enumerate(_read(path).splitlines(), start=1):
        try:
            entry: Any = json.loads(line)
            found.append(Withdrawal(**{name: str(entry[name]) for name in ("what", "since", "basis", "reason")}))
        except (ValueError, KeyError, TypeError) as error:
            raise _unusable(
                "RQC-V071", "A line of the withdrawals is not understood.", f"{path} line {number}", str(error)
            ) from error
    return found


def _unusable(code: str, what: str, where: str, got: str) -> UsageError:
    return UsageError(
        Fault(
            code=code,
            what=what,
            where=where,
            got=got,
            expected="issuer*.pem and people.jsonl, received before the certificate",
            action="Name the folder with --trust; ask the issuer for it by another way than the certificate came.",
        )
    )
