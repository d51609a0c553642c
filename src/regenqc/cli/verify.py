"""`regenqc verify`: check certificates offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.certify import moment_stated, need_libraries, read_named
from regenqc.cli.terminal import console, visible

if TYPE_CHECKING:
    from regenqc.certificate.offline.verdict import Verdict

__all__ = ["verify_command"]

_STYLES = {"✔": "green", "✘": "red", "–": "dim"}


def verify_command(
    files: Annotated[list[Path], typer.Argument(help="PDF, record (JSON) or packet (zip).")],
    trust: Annotated[Path, typer.Option("--trust", help="Folder with the keys that you had before.")] = Path("trust"),
    evidence: Annotated[
        list[Path] | None, typer.Option("--evidence", help="File of the evaluation; several times.")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="Text that a scanner read from the page.")] = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="Template of the issuer, where it is another one.")
    ] = None,
    fonts: Annotated[list[Path] | None, typer.Option("--fonts", help="Folder of fonts; several times.")] = None,
    now: Annotated[
        str | None, typer.Option("--now", help="Moment to check for, ISO 8601 with zone; the clock when not stated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check certificates offline: signature, seal, signers, dates, ledger, standing, and the pages made again.

    Leaves with 5 when one of them is not verified, and says what exactly failed.

    Example: regenqc verify certificate.pdf --trust trust
    """
    need_libraries()
    from regenqc.certificate.offline.trust import read_trust
    from regenqc.certificate.rendering import DEFAULT_FONT_FOLDERS, Renderer
    from regenqc.certificate.verifying import verify_certificate

    believed = read_trust(trust)
    moment = moment_stated(now)
    renderer = Renderer(template=template, fonts=tuple(fonts) if fonts else DEFAULT_FONT_FOLDERS)
    beside = {str(path): read_named(path) for path in evidence or []}
    verdicts = {
        str(path): verify_certificate(
            read_named(path), trust=believed, now=moment, renderer=renderer, evidence=beside, code=code
        )
        for path in files
    }
    if as_json:
        import json

        typer.echo(json.dumps({name: _value(verdict) for name, verdict in verdicts.items()}, ensure_ascii=False))
    else:
        for name, verdict in verdicts.items():
            _print_verdict(name, verdict)
    raise typer.Exit(0 if all(verdict.ok for verdict in verdicts.values()) else 5)


def _value(verdict: Verdict) -> dict[str, Any]:
    from dataclasses import asdict

    return {"verified": verdict.ok, **verdict.facts, "checks": [asdict(check) for check in verdict.checks]}


def _print_verdict(name: str, verdict: Verdict) -> None:
    from rich.text import Text

    from regenqc.certificate.offline.command import found_lines

    screen = console()
    word = ("✔ verified", "bold green") if verdict.ok else ("✘ NOT VERIFIED", "bold red")
    screen.print(Text.assemble(word, "  ", (visible(name), "bold")))
    for line in found_lines(verdict):
        style = _STYLES.get(line[2:3], "")
        shown = Text(line, "dim" if style == "dim" else "")
        shown.stylize(style, 2, 3)
        if style == "red":
            shown.stylize("bold", 15)
        elif not style:
            shown.stylize("dim", 0, 25 if line.startswith(15 * " ") else 17)
        screen.print(shown)
