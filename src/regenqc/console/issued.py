"""Certificates that were issued, as they lie in the home: a record and its pages for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.certificate.content import Certificate, read_certificate
from regenqc.console.refusals import NotFound
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.console.access.person import SignedIn

__all__ = ["Issued", "issued_certificate", "issued_certificates"]

# As numbers of certificates are written; what does not fit names no file.
_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Hold a page of certificates.

    Args:
        certificates: in the order of the names of their files.
        following: for `after` of the next page, `None` on the last.
    """

    certificates: tuple[Certificate, ...]
    following: str | None


def issued_certificates(
    folder: Path, *, person: SignedIn, after: str = "", limit: int = 100, batch_id: str = ""
) -> Issued:
    """Return certificates that a person may see; files that are no certificates are passed over.

    Args:
        folder: of certificates.
        person: who asks.
        after: as the page before said.
        limit: certificates at most.
        batch_id: only those about this batch; empty for all.
    """
    found: list[Certificate] = []
    last = ""
    for path in sorted(folder.glob("*.json"), key=lambda each: each.stem):
        if path.stem <= after:
            continue
        certificate = _read(path)
        if certificate is None or not person.sees(certificate.decision.get("site", "")):
            continue
        if batch_id not in {"", certificate.decision.get("batch_id", "")}:
            continue
        if len(found) == limit:
            return Issued(certificates=tuple(found), following=last)
        found.append(certificate)
        last = path.stem
    return Issued(certificates=tuple(found), following=None)


def issued_certificate(folder: Path, number: str, *, person: SignedIn) -> tuple[Path, Certificate]:
    """Return the file of a record and the certificate in it.

    Args:
        folder: of certificates.
        number: of the certificate, with its slashes.
        person: who asks.

    Raises:
        NotFound: there is none of this number, or it is of a site that the person does not see.
    """
    from regenqc.certificate.issuing import file_stem  # noqa: PLC0415 - what makes pages is loaded with it

    # A name with other characters names no certificate, and no other file either.
    if number and set(number) <= _CHARACTERS:
        path = folder / f"{file_stem(number)}.json"
        certificate = _read(path) if not path.name.startswith(".") else None
        if (
            certificate is not None
            and certificate.certificate_id == number
            and person.sees(certificate.decision.get("site", ""))
        ):
            return path, certificate
    raise NotFound("certificate", number)


def _read(path: Path) -> Certificate | None:
    try:
        return read_certificate(path.read_bytes())
    except (OSError, RegenqcError):
        return None
