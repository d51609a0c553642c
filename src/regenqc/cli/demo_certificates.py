"""Certificates in `regenqc demo`: issued by the maker, handed over to a hospital, verified there by the single file alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from regenqc.cli.demo_office import PASSWORD
from regenqc.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from regenqc.certificate.profile import Profile
    from regenqc.cli.demo_office import Office
    from regenqc.decision.model import Decision

__all__ = ["VERIFIER", "IssuedDecision", "Registrar", "hand_over", "verify_alone"]

VERIFIER: Final = "verify_certificate.py"
_MAKER: Final = "Synthetic Maker B.V."


@dataclass(frozen=True, slots=True)
class IssuedDecision:
    """Hold a decision and its certificate.

    Args:
        decision: signed.
        title: of the certificate.
        stem: of its files, without ending.
    """

    decision: Decision
    title: str
    stem: str

    @property
    def short_name(self) -> str:
        """Return a name for the hospital's copy: the lot, and what was decided."""
        lot = "".join(letter if letter.isalnum() else "-" for letter in self.decision.batch_id.lower())
        return f"{lot}-{self.decision.kind.replace('_', '-')}"


class Registrar:
    """Issue certificates, with a key that the demonstration makes for itself.

    Args:
        office: whose decisions they are.
        folder: of the certificates.
    """

    def __init__(self, office: Office, folder: Path) -> None:
        from regenqc.certificate.sealing import make_issuer_key

        self.office = office
        self.folder = folder
        self.issued: list[IssuedDecision] = []
        self._key, self.issuer = make_issuer_key(_MAKER, password=PASSWORD, now=office.now)
        (office.folder / "keys" / "issuer.key").write_bytes(self._key)
        (office.folder / "keys" / "issuer.pem").write_bytes(self.issuer)

    def issue(
        self,
        decisions: list[Decision],
        profile: Path,
        *,
        proofs: Mapping[str, tuple[str, str]] | None = None,
        annex: Path | None = None,
    ) -> None:
        """Issue the certificates of decisions about one product: sealed record and signed PDF of each.

        Args:
            decisions: signed.
            profile: of the product.
            proofs: entry and proof of the ledger by digest.
            annex: evaluation by the rules of other jurisdictions.
        """
        from regenqc.certificate.annex import read_annex
        from regenqc.certificate.content import read_certificate
        from regenqc.certificate.issuing import Issue, Issued, file_stem, issue_all
        from regenqc.certificate.profile import load_profile
        from regenqc.certificate.wording import heading

        how = Issue(
            out=self.folder,
            profile=_printable(load_profile(profile)),
            key=self._key,
            certificate=self.issuer,
            password=PASSWORD,
            people=self.office.people.path.read_bytes(),
            now=self.office.clock(),
            proofs=proofs or {},
            annex=read_annex(annex) if annex is not None else None,
        )
        made: list[Issued] = []
        paths = [self.office.decisions.file_of(decision.decision_id) for decision in decisions]
        issue_all(paths, how, on_issued=made.append)
        for decision, issued in zip(decisions, made, strict=True):
            if issued.faults:
                raise DataError(*issued.faults)
            stem = file_stem(issued.certificate_id)
            record = read_certificate((self.folder / f"{stem}.json").read_bytes())
            self.issued.append(IssuedDecision(decision, heading("types", record.type, ("en",))[0].lower(), stem))


def _printable(profile: Profile) -> Profile:
    """Return a profile in the languages for which this machine has fonts: in English alone where it has no others."""
    from regenqc.certificate.rendering import DEFAULT_FONT_FOLDERS

    has_fonts = any(path for folder in DEFAULT_FONT_FOLDERS for path in folder.glob("NotoSerifCJK*"))
    return profile if has_fonts else replace(profile, languages=profile.languages[:1])


def hand_over(registrar: Registrar, hospital: Path, *, policy: str) -> None:
    """Make the hospital's folder: certificates, the keys that it had before, and the single file that checks.

    Args:
        registrar: who issued.
        hospital: folder, new; nothing else is in it.
        policy: whom to believe about the ledger.
    """
    from regenqc.certificate.single_file import single_file

    trust = hospital / "trust"
    (trust / "known").mkdir(parents=True)
    for issued in registrar.issued:
        shutil.copyfile(registrar.folder / f"{issued.stem}.pdf", hospital / f"{issued.short_name}.pdf")
        if issued.decision.supersedes:
            shutil.copyfile(registrar.folder / f"{issued.stem}.json", trust / "known" / f"{issued.short_name}.json")
    (trust / "issuer.pem").write_bytes(registrar.issuer)
    (trust / "people.jsonl").write_bytes(registrar.office.people.path.read_bytes())
    (trust / "people.root").write_text(registrar.office.people.read().root, encoding="utf-8")
    (trust / "policy.txt").write_text(policy, encoding="utf-8")
    (hospital / VERIFIER).write_text(single_file(), encoding="utf-8")


def verify_alone(hospital: Path, names: list[str], *, now: datetime, trust: str = "trust") -> dict[str, str]:
    """Return by name of a PDF what is wrong with it, empty when it is verified, as the single file says.

    The file runs in a process of its own that finds no installed regenqc.

    Args:
        hospital: folder of the certificates.
        names: of the PDFs.
        now: moment to check for.
        trust: folder of the keys that are believed.
    """
    command = [sys.executable, "-P", VERIFIER, *names, "--trust", trust, "--now", now.isoformat()]
    done = subprocess.run(  # noqa: S603 - this interpreter, on a file that was just written
        command, cwd=hospital, capture_output=True, encoding="utf-8", check=False
    )
    found: dict[str, str] = {}
    name = ""
    for line in done.stdout.splitlines():
        if not line.startswith(" "):
            name, _, verdict = line.partition(": ")
            found[name] = "" if verdict == "VERIFIED" else verdict
        elif found.get(name) == "NOT VERIFIED" and line.startswith("  ✘ "):
            found[name] = " ".join(line.split()[2:])
    if set(found) != set(names):
        raise RuntimeError(done.stderr)
    return found
