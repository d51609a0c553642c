"""What is signed in `regenqc demo`: decisions of a named person, certificates, and the whole life of one lot."""

from __future__ import annotations

import shlex
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from regenqc.cli.certify import have_libraries
from regenqc.cli.demo_certificates import VERIFIER, Registrar, hand_over, verify_alone
from regenqc.cli.demo_life import LIFE_LOT, record_life
from regenqc.cli.demo_office import SIGNER, SIGNER_NAME, Office
from regenqc.cli.demo_trace import print_life
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from regenqc.cli.demo_life import Life
    from regenqc.decision.model import Decision
    from regenqc.evaluation import Evaluation

__all__ = ["emptied", "sign_and_certify"]

_TWO_STEP: Final = "example/car-t-cd20-two-step"
_RELEASE: Final = "drug_product_release"
_REJECTED_LOT: Final = "HP-00000048"
_MARKS: Final = {"release": "[green]✔[/]", "conditional_release": "[cyan]◔[/]", "reject": "[red]✘[/]"}
_CHECKED_AT: Final = datetime(2026, 7, 1, 12, tzinfo=UTC)
# Says whose folder it is, so that nothing else is ever removed.
_NOTICE_NAME: Final = "DEMONSTRATION.txt"
_NOTICE: Final = """\
Everything in this folder is made up by `regenqc demo`, and made anew each time: people, keys, decisions, certificates, ledger.
The password of every key stands in password.txt. Nothing here is a certificate of anybody or of any product.

people, keys, decisions   what `regenqc people`, `decide` and `sign` work with
certificates              what `regenqc certify` issued: sealed record and signed PDF
ledger                    what `regenqc ledger` and `trace` work with; lineage.svg and custody.svg
hospital                  what a hospital holds: certificates, the keys it had before, and verify_certificate.py
hospital/receipt          the hospital's own certificates of receipt, with the keys to check them
receipt                   what the hospital works with on the day of receipt
"""


def sign_and_certify(screen: Console, folder: Path, *, maker: Path, judged: Evaluation) -> None:
    """Decide about lots that were judged, certify what was decided, verify it, and tell the life of one lot.

    Args:
        screen: to print on.
        folder: empty, beside those of the evaluations.
        maker: folder with what the synthetic maker keeps beside the results.
        judged: evaluation of the synthetic lots.
    """
    directory = folder.parent
    office = Office(folder, founded_at=datetime(2026, 3, 1, 9, tzinfo=UTC))
    screen.print(f"\n[bold]Decided and signed[/] by {SIGNER_NAME}  [dim](all of it made up)[/]")

    def decide(run: str, batch: str, specification: str, **revision: str) -> Decision:
        decision = office.decide(directory / run, batch, specification=specification, stage=_RELEASE, **revision)
        screen.print(f"  {_MARKS[decision.kind]} {_said(decision)}")
        return decision

    office.now = datetime(2026, 3, 16, 13, tzinfo=UTC)
    early = decide("two-step-day-10", "SYNTHETIC-CD20-01", _TWO_STEP)
    registrar = Registrar(office, folder / "certificates") if have_libraries() else None
    if registrar is not None:
        registrar.issue([early], maker / "cd20-car-t-two-step-certificate.toml")
    office.now = datetime(2026, 3, 27, 13, tzinfo=UTC)
    late = decide(
        "two-step-late-positive",
        "SYNTHETIC-CD20-01",
        _TWO_STEP,
        supersedes=early.decision_id,
        reason="late positive sterility test",
    )
    if registrar is not None:
        registrar.issue([late], maker / "cd20-car-t-two-step-certificate.toml")
    office.now = datetime(2026, 6, 30, 9, tzinfo=UTC)
    published = [decide("car-t-ari-0001", f"ARI0001/0{number}", "example/car-t-ari-0001") for number in (1, 2, 3)]
    released, rejected = (
        decide("synthetic-hipsc", batch, "example/hipsc-progenitors") for batch in (LIFE_LOT, _REJECTED_LOT)
    )
    life = record_life(
        maker / "life.jsonl",
        folder / "ledger",
        evaluation=judged,
        decision=released,
        key=office.key_of(SIGNER),
    )
    if registrar is None:
        screen.print("  [dim]no certificates: pip install 'regenqc\\[certificate]'[/]")
    else:
        proofs = dict.fromkeys(life.proved, life.proof)
        registrar.issue(published, maker / "ari-0001-certificate.toml", annex=directory / "five-markets")
        registrar.issue([released, rejected], maker / "hipsc-progenitors-certificate.toml", proofs=proofs)
        _verify(screen, registrar, folder / "hospital", life=life)
    screen.print(f"\n[bold]{LIFE_LOT}, from donation to follow-up[/]  [dim](a synthetic story, in a ledger)[/]")
    print_life(screen, life, folder / "ledger")


def _verify(screen: Console, registrar: Registrar, hospital: Path, *, life: Life) -> None:
    hand_over(registrar, hospital, policy=life.policy)
    names = [f"{issued.short_name}.pdf" for issued in registrar.issued]
    found = verify_alone(hospital, names, now=_CHECKED_AT)
    screen.print("\n[bold]Certified[/], and verified offline by one file alone in the hospital's folder")
    for name, issued in zip(names, registrar.issued, strict=True):
        mark = "[red]✘[/]" if found[name] else "[green]✔[/]"
        screen.print(f"  {mark} {issued.short_name:<38} {issued.title}")
        if found[name]:
            screen.print(f"    {found[name]}", style="red", markup=False)
    again = f"cd {shlex.quote(str(hospital))}; python {VERIFIER} *.pdf --now {_CHECKED_AT:%Y-%m-%dT%H:%MZ}"
    screen.print(f"  [dim]again:[/] {again}", soft_wrap=True)


def _said(decision: Decision) -> str:
    day = decision.signatures[-1].signed_at[:10]
    because = f", {decision.reason}" if decision.reason else ""
    return f"{decision.kind.replace('_', ' '):<20} {decision.batch_id:<18} [dim]{day}{because}[/]"


def emptied(folder: Path) -> Path:
    """Return an empty folder; an earlier one of a demonstration is removed, any other is left alone.

    Raises:
        UsageError: `RQC-U131`, something else is there.
    """
    if folder.exists() and not (folder / _NOTICE_NAME).is_file():
        raise UsageError(
            Fault(
                code="RQC-U131",
                what="There is something else where the demonstration writes.",
                where=str(folder),
                expected="nothing, or what an earlier demonstration wrote",
                action="Name another directory: regenqc demo DIR",
            )
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _NOTICE_NAME).write_text(_NOTICE, encoding="utf-8")
    return folder
