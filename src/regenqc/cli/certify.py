"""`regenqc certify`: issue certificates from signed decisions."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_certificates import CertificateRecorder
from regenqc.cli.terminal import console, visible
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from regenqc.certificate.issuing import Issued

__all__ = ["certify_command", "have_libraries", "moment_stated", "need_libraries", "read_named", "read_password"]

_SHOWN_FAULTS = 20


def certify_command(
    decisions: Annotated[list[Path], typer.Argument(help="Files of decisions, or folders of them.")],
    profile: Annotated[Path, typer.Option("--profile", help="Certificate profile of the product, TOML.")],
    people: Annotated[Path, typer.Option("--people", help="Registry of the people who sign.")],
    key: Annotated[Path, typer.Option("--key", help="Issuer's key, PEM, encrypted.")],
    issuer: Annotated[Path, typer.Option("--issuer", help="Issuer's X.509 certificate, PEM.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the certificates.")] = Path("certificates"),
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Password of the key; asked for otherwise.")
    ] = None,
    certificate_type: Annotated[
        str | None, typer.Option("--type", help="Type; by what was decided when not stated.")
    ] = None,
    annex: Annotated[
        Path | None, typer.Option("--annex", help="Output of an evaluation by the rules of several jurisdictions.")
    ] = None,
    proofs: Annotated[
        Path | None, typer.Option("--proofs", help="Folder of entries of the ledger with their proofs.")
    ] = None,
    template: Annotated[Path | None, typer.Option("--template", help="Folder of a template of your own.")] = None,
    fonts: Annotated[list[Path] | None, typer.Option("--fonts", help="Folder of fonts; several times.")] = None,
    sign_pdf: Annotated[
        bool, typer.Option("--sign-pdf/--no-sign-pdf", help="PAdES signature of the issuer in the PDF.")
    ] = True,
    time_stamp_url: Annotated[
        str, typer.Option("--time-stamp-url", help="Time-stamping authority (RFC 3161): level B-T.")
    ] = "",
    ledger: Annotated[
        str | None, typer.Option("--ledger", "-l", help="Record the certificates in this ledger, once.")
    ] = None,
    home: Annotated[
        Path, typer.Option("--home", help="With --ledger: folder with its site.toml.", envvar="REGENQC_LEDGER_HOME")
    ] = Path("ledger-home"),
    processes: Annotated[int, typer.Option("--processes", min=1, help="Processes to work with.")] = 1,
    now: Annotated[
        str | None, typer.Option("--now", help="Moment of issue, ISO 8601 with zone; the clock when not stated.")
    ] = None,
) -> None:
    """Issue a certificate for every signed decision: a sealed record (JSON) and its pages (PDF/A-3b, signed).

    What was issued before is kept: running twice issues nothing twice, and a run that was killed is taken up again. Leaves
    with 3 when a certificate was refused, with 5 when a decision does not verify.

    Example: regenqc certify decisions --profile product.toml --people people.jsonl --key issuer.key --issuer issuer.pem
    """
    need_libraries()
    from regenqc.certificate.annex import read_annex
    from regenqc.certificate.issuing import Issue, file_stem, issue_all
    from regenqc.certificate.profile import load_profile
    from regenqc.certificate.proofs import read_proofs
    from regenqc.certificate.rendering import DEFAULT_FONT_FOLDERS
    from regenqc.certificate.wording import known_types

    if certificate_type is not None and certificate_type not in known_types():
        raise UsageError(
            Fault(
                code="RQC-V083",
                what="There is no such type of certificate.",
                got=certificate_type,
                expected=", ".join(known_types()),
                action="Leave --type out, or take one of these.",
            )
        )
    how = Issue(
        out=out,
        profile=load_profile(profile),
        key=read_named(key),
        certificate=read_named(issuer),
        password=read_password(password_file),
        people=read_named(people),
        now=moment_stated(now),
        certificate_type=certificate_type,
        signs_pdf=sign_pdf,
        time_stamp_url=time_stamp_url,
        template=template,
        fonts=tuple(fonts) if fonts else DEFAULT_FONT_FOLDERS,
        annex=read_annex(annex) if annex is not None else None,
        proofs=read_proofs(proofs) if proofs is not None else {},
    )
    files = _files(decisions)
    recorder = CertificateRecorder(ledger, home) if ledger is not None else None
    counts: Counter[str] = Counter()
    refused: list[Issued] = []
    exit_codes: set[int] = set()
    with ExitStack() as stack:
        advance = _progress(stack, len(files))

        def on_issued(issued: Issued) -> None:
            counts[issued.state] += 1
            if recorder is not None and issued.certificate_id:
                recorder.add(out / f"{file_stem(issued.certificate_id)}.json")
            if issued.state == "refused":
                exit_codes.add(
                    5 if issued.faults[0].code.startswith("RQC-G") or issued.faults[0].code in _SIGNERS else 3
                )
                if len(refused) < _SHOWN_FAULTS:
                    refused.append(issued)
            advance()

        issue_all(files, how, processes=processes, on_issued=on_issued)
    _report(counts, refused, how_many=len(files), out=out, level=_level(sign_pdf=sign_pdf, url=time_stamp_url))
    if recorder is not None:
        recorder.finish()
    raise typer.Exit(max(exit_codes, default=0))


# Faults of who signed: a decision that does not verify.
_SIGNERS = {"RQC-V180", "RQC-V181", "RQC-V182", "RQC-V183", "RQC-V184"}


def have_libraries() -> bool:
    """Return whether the libraries of certificates are installed."""
    return not _missing_libraries()


def _missing_libraries() -> list[str]:
    from importlib.util import find_spec

    return [name for name in ("typst", "zxingcpp", "pyhanko") if find_spec(name) is None]


def need_libraries() -> None:
    """Refuse to go on where the libraries of certificates are not installed.

    Raises:
        UsageError: `RQC-V093`.
    """
    missing = _missing_libraries()
    if missing:
        raise UsageError(
            Fault(
                code="RQC-V093",
                what="The libraries of certificates are not installed.",
                got=f"no {', '.join(missing)}",
                expected="the extra `certificate`",
                action="Run: pip install 'regenqc[certificate]'",
            )
        )


def read_password(path: Path | None) -> str:
    """Return the password of a file, or ask for it.

    Raises:
        UsageError: the file cannot be read, or nobody can be asked.
    """
    if path is not None:
        return read_named(path).decode(errors="replace").rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError(
            Fault(
                code="RQC-V084",
                what="There is nobody to ask for the password.",
                expected="--password-file FILE, or a terminal",
                action="Keep the file apart from the key and readable by nobody else.",
            )
        )
    return str(typer.prompt("Password of the issuer's key", hide_input=True, err=True))


def moment_stated(text: str | None) -> datetime:
    """Return the moment that an option states, or that of the clock.

    Raises:
        UsageError: `RQC-V085`, it is no moment with zone.
    """
    from datetime import UTC, datetime

    if text is None:
        return datetime.now(UTC)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise UsageError(
            Fault(
                code="RQC-V085",
                what="This is no moment with zone.",
                where="--now",
                got=text,
                expected="ISO 8601, as 2026-03-16T15:30:00+01:00",
            )
        )
    return when


def _level(*, sign_pdf: bool, url: str) -> str:
    return "not signed" if not sign_pdf else "signed, PAdES B-T" if url else "signed, PAdES B-B"


def _files(named: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in named:
        found += sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not found:
        raise UsageError(
            Fault(
                code="RQC-V086",
                what="There are no decisions.",
                where=", ".join(map(str, named)),
                expected="files of decisions, or folders with them",
                action="Decide with `regenqc decide` first.",
            )
        )
    return found


def read_named(path: Path) -> bytes:
    """Return the bytes of a file that was named.

    Raises:
        UsageError: `RQC-V087`, it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            Fault(code="RQC-V087", what="The file cannot be read.", where=str(path), got=str(error))
        ) from error


def _progress(stack: ExitStack, total: int) -> Callable[[], None]:
    if not sys.stderr.isatty() or total < 50:
        return lambda: None
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("issuing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = stack.enter_context(Progress(*columns, console=console(error=True), transient=True))
    task = bar.add_task("issuing", total=total)
    return lambda: bar.advance(task)


def _report(counts: Counter[str], refused: list[Issued], *, how_many: int, out: Path, level: str) -> None:
    from rich.text import Text

    screen = console()
    head = Text()
    for state, mark, style in (
        ("issued", "✔", "green"),
        ("completed", "✔", "green"),
        ("kept", "=", "dim"),
        ("refused", "✘", "red"),
    ):
        if counts[state]:
            head.append(f"{mark} {counts[state]:,} {state}   ", style=style)
    left = how_many - sum(counts.values())
    if left:
        head.append(f"– {left:,} withdrawn or superseded, without certificate   ", style="dim")
    screen.print(head)
    for issued in refused:
        screen.print(Text.assemble(("  ✘ ", "red"), visible(issued.source)))
        for fault in issued.faults[:6]:
            screen.print(Text(f"      {visible(str(fault))}"))
    screen.print(Text(f"Declares PDF/A-3b with the record inside, {level}; in {out}", style="dim"))
