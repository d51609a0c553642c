"""Verification: whether a certificate that came from elsewhere holds, by the keys that this site had before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, File, Request, UploadFile
from pydantic import BaseModel, Field

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.api.answers import FaultAnswer, refusals
from regenqc.console.refusals import Refused
from regenqc.errors import Fault

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["certificates"])
_SECONDS: Final = 60
_LARGEST: Final = 50_000_000
_VERDICT: Final = frozenset({0, 5})
# Pages are made again in a process of their own; two of them at once leave room for the answers.
_AT_ONCE: Final = BoundedSemaphore(2)


class CheckAnswer(BaseModel):
    """One thing that was looked at."""

    name: str
    passed: bool | None = Field(
        description="null when nothing was there to check it with: it proves nothing and breaks nothing."
    )
    said: str
    faults: list[FaultAnswer]


class Verification(BaseModel):
    """The verdict on a certificate."""

    verified: bool
    facts: dict[str, str] = Field(description="What the certificate states; believe it only when it is verified.")
    checks: list[CheckAnswer]


@router.post(
    "/verify",
    summary="Verify a certificate",
    responses=refusals(413),
    dependencies=[allow(Permission.READ)],
)
def verify(
    request: Request,
    certificate: Annotated[UploadFile, File(description="PDF, record (JSON) or packet (zip).")],
) -> Verification:
    """Check signature, seal, signers, dates, ledger and standing, and make the pages again; nothing is asked of anybody else.

    Whom this site believes stands in the folder `trust` of the console.
    """
    console: Console = request.app.state.console
    trust = console.settings.home / "trust"
    if not trust.is_dir():
        raise Refused(
            422,
            Fault(
                code="RQC-W426",
                what="This console believes nobody yet: it has no keys to verify with.",
                where="trust",
                got="nothing",
                expected="issuer*.pem, people.jsonl and people.root, received by another way than certificates",
                action="Have the administrator put them there.",
            ),
        )
    with TemporaryDirectory() as name:
        path = Path(name) / "certificate"
        data = certificate.file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise Refused(
                413,
                Fault(
                    code="RQC-W413",
                    what="The file is too large for a certificate.",
                    expected=f"at most {_LARGEST:,} bytes",
                ),
            )
        path.write_bytes(data)
        with _AT_ONCE:
            told = _judged(path, trust, now=console.clock().isoformat(timespec="seconds"))
    (verdict,) = told.values()
    return Verification(
        verified=verdict["verified"],
        facts={key: str(value) for key, value in verdict.items() if key not in {"verified", "checks"}},
        checks=[CheckAnswer(**check) for check in verdict["checks"]],
    )


def _judged(path: Path, trust: Path, *, now: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "regenqc", "verify", str(path), "--trust", str(trust), "--now", now, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - our own program
        told: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        fault = Fault(
            code="RQC-W427", what="The certificate could not be judged in time.", expected=f"at most {_SECONDS} s"
        )
        raise Refused(422, fault) from error
    except ValueError as error:
        fault = Fault(
            code="RQC-W428",
            what="The certificate could not be judged.",
            got=done.stderr.decode(errors="replace").strip()[-200:],
        )
        raise Refused(422, fault) from error
    if done.returncode in _VERDICT and "faults" not in told:
        return told
    raise Refused(422, *(Fault(**each) for each in told.get("faults", ())))
