"""`regenqc certificate`: what belongs to certificates beside issuing and verifying them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.certify import moment_stated, need_libraries, read_password
from regenqc.cli.terminal import console, write_text

__all__ = ["app"]

app = typer.Typer(
    help="Keys of issuers, the single-file verifier, pictures, and what a certificate states.", no_args_is_help=True
)

_Fonts = Annotated[list[Path] | None, typer.Option("--fonts", help="Folder of fonts; several times.")]


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a certificate's record.

    Example: regenqc certificate schema
    """
    import json

    from regenqc.certificate.content import certificate_schema

    typer.echo(json.dumps(certificate_schema(), indent=2, ensure_ascii=False))


@app.command("fields")
def fields_command(
    certificate_type: Annotated[str, typer.Argument(help="Type of the certificate.")] = "release_certificate",
) -> None:
    """Print what a type of certificate states, which source asks for it, and how far that source was checked.

    Example: regenqc certificate fields batch_certificate
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from regenqc.certificate.wording import field_lists, heading, known_types
    from regenqc.errors import Fault, UsageError

    if certificate_type not in known_types():
        raise UsageError(
            Fault(
                code="RQC-V083",
                what="There is no such type of certificate.",
                got=certificate_type,
                expected=", ".join(known_types()),
            )
        )
    screen = console()
    for entry in field_lists(certificate_type):
        screen.print(Text.assemble((entry.citation, "bold"), f"  [{entry.mark}]"))
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=False)
        for need, names in (("required", entry.required), ("stated", entry.stated), ("optional", entry.optional)):
            for name in names:
                table.add_row(f"  {name}", heading("fields", name, ("en",))[0], need)
        screen.print(table)


@app.command("key")
def key_command(
    name: Annotated[str, typer.Argument(help="Name of the issuing site.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for issuer.key and issuer.pem.")] = Path(),
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Password; asked for otherwise.")
    ] = None,
    now: Annotated[str | None, typer.Option("--now", help="Start of validity; the clock when not stated.")] = None,
) -> None:
    """Make the key of an issuer: ECDSA P-256, encrypted, with a self-signed X.509 certificate for those who verify.

    Example: regenqc certificate key "Example Cell Therapies" --out keys --password-file password.txt
    """
    from regenqc.certificate.sealing import make_issuer_key
    from regenqc.errors import Fault, UsageError

    secret, certificate = make_issuer_key(name, password=read_password(password_file), now=moment_stated(now))
    out.mkdir(parents=True, exist_ok=True)
    for path in (out / "issuer.key", out / "issuer.pem"):
        if path.exists():
            raise UsageError(
                Fault(
                    code="RQC-V088",
                    what="There is a key already, and it is not replaced.",
                    where=str(path),
                    action="Name another folder.",
                )
            )
    write_text(out / "issuer.key", secret)
    (out / "issuer.key").chmod(0o600)
    write_text(out / "issuer.pem", certificate)
    console().print(f"{out / 'issuer.key'} stays with the issuer; {out / 'issuer.pem'} goes to those who verify.")


@app.command("verifier")
def verifier_command(
    out: Annotated[Path, typer.Argument(help="File to write.")] = Path("verify_certificate.py"),
) -> None:
    """Write the single file that verifies certificates without regenqc: Python and `cryptography` are enough.

    Example: regenqc certificate verifier verify_certificate.py
    """
    from regenqc.certificate.single_file import single_file

    write_text(out, single_file())
    console().print(f"Written: {out}")


@app.command("show")
def show_command(
    record: Annotated[Path, typer.Argument(help="Record (JSON) of a certificate.")],
    out: Annotated[Path, typer.Argument(help="File to write: .html, .svg, .png or .pdf.")],
    template: Annotated[Path | None, typer.Option("--template", help="Folder of a template of your own.")] = None,
    fonts: _Fonts = None,
) -> None:
    """Make a web page, pictures or an unsigned PDF of a record; pages after the first get a number.

    Example: regenqc certificate show certificates/C-1.json preview.png
    """
    need_libraries()
    from regenqc.certificate.content import read_certificate
    from regenqc.certificate.rendering import DEFAULT_FONT_FOLDERS, Renderer
    from regenqc.certificate.web import html_page
    from regenqc.errors import Fault, UsageError

    certificate = read_certificate(record.read_bytes(), where=str(record))
    if out.suffix == ".html":
        write_text(out, html_page(certificate))
        return
    renderer = Renderer(template=template, fonts=tuple(fonts) if fonts else DEFAULT_FONT_FOLDERS)
    if out.suffix not in {".svg", ".png", ".pdf"}:
        raise UsageError(
            Fault(
                code="RQC-V089",
                what="There is no such form of a certificate.",
                got=out.suffix,
                expected=".html, .svg, .png or .pdf",
            )
        )
    pages = [renderer.pdf(certificate)] if out.suffix == ".pdf" else getattr(renderer, out.suffix[1:])(certificate)
    for number, page in enumerate(pages, start=1):
        write_text(out if number == 1 else out.with_stem(f"{out.stem}-{number}"), page)


@app.command("export")
def export_command(
    record: Annotated[Path, typer.Argument(help="Record (JSON) of a certificate.")],
    out: Annotated[
        Path, typer.Argument(help="File to write: .csv, .xml, .fhir.json, or .zip for an evidence package.")
    ],
    evidence: Annotated[
        list[Path] | None, typer.Option("--evidence", help="File or folder for the package; several times.")
    ] = None,
) -> None:
    """Write a certificate for other programmes: results as CSV, XML, a FHIR bundle, or a package with all its evidence.

    Example: regenqc certificate export certificates/C-1.json C-1.zip --evidence out --evidence specification.toml
    """
    import json

    from regenqc.certificate.content import read_certificate
    from regenqc.certificate.fhir import certificate_bundle
    from regenqc.certificate.package import evidence_package
    from regenqc.certificate.tabular import certificate_xml, results_csv
    from regenqc.errors import Fault, UsageError

    certificate = read_certificate(record.read_bytes(), where=str(record))
    if out.name.endswith(".fhir.json"):
        write_text(out, json.dumps(certificate_bundle(certificate), indent=2, ensure_ascii=False) + "\n")
    elif out.suffix == ".xml":
        write_text(out, certificate_xml(certificate))
    elif out.suffix == ".csv":
        write_text(out, results_csv([certificate]))
    elif out.suffix == ".zip":
        pdf = record.with_suffix(".pdf")
        files = {name: path.read_bytes() for name, path in _evidence_files(evidence or [])}
        write_text(out, evidence_package(certificate, pdf=pdf.read_bytes() if pdf.is_file() else b"", files=files))
    else:
        raise UsageError(
            Fault(
                code="RQC-V089",
                what="There is no such form of a certificate.",
                got=out.name,
                expected=".csv, .xml, .fhir.json or .zip",
            )
        )
    console().print(f"Written: {out}")


def _evidence_files(named: list[Path]) -> list[tuple[str, Path]]:
    found = []
    for path in named:
        if path.is_dir():
            inside = [each for each in sorted(path.rglob("*")) if each.is_file()]
            found += [(f"{path.name}/{each.relative_to(path).as_posix()}", each) for each in inside]
        else:
            found.append((path.name, path))
    return found
