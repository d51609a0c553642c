"""Pages of certificates, by Typst: PDF/A-3b with the record inside, pictures for the screen.

A `Renderer` is made once and used for many certificates, by one thread: fonts are loaded once, the template is compiled
once. Data reach the template as JSON, never as markup. The same record, template, fonts and version of Typst give the same bytes.
A character that none of the fonts has is an error; nothing is printed with a hole.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from regenqc.certificate.content import Certificate, record_and_digest
from regenqc.certificate.faults import usage_error
from regenqc.certificate.page import make_page
from regenqc.certificate.wording import wording_digest
from regenqc.garbage import collection_paused
from regenqc.typesetting import DEFAULT_FONT_FOLDERS, Typesetter, families_for

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT_FONT_FOLDERS", "Attachment", "Renderer", "template_folder"]

# What decides, beside the template, which marks stand on a page.
_PAGE_SOURCES: Final = ("page.py", "symbols.py", "verification_text.py", "offline/scanned.py", "../typesetting.py")
_REGION: Final = {"zh": "SC", "ja": "JP", "ko": "KR"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """Hold a text file that travels inside a PDF beside the record."""

    name: str
    text: str
    mime: str
    description: str
    relationship: Literal["data", "source", "supplement", "alternative"] = "supplement"


def template_folder(name: str = "standard") -> Path:
    """Return the folder of a template that travels with regenqc; copy it to restyle it."""
    return Path(__file__).resolve().parent / "templates" / name


class Renderer:
    """Make pages of certificates.

    Args:
        template: folder with `certificate.typ`; the template that travels with regenqc when not stated.
        fonts: folders of font files beyond those inside Typst; nothing else of the machine is used.

    Raises:
        UsageError: `RQC-V020`, the folder is no template.
    """

    def __init__(self, *, template: Path | None = None, fonts: Sequence[Path] = DEFAULT_FONT_FOLDERS) -> None:
        self._folder = (template or template_folder()).resolve()
        entry = self._folder / "certificate.typ"
        if not entry.is_file():
            raise usage_error(
                "RQC-V020",
                "The folder is no template of certificates.",
                where=str(self._folder),
                expected="a folder with certificate.typ",
                action="Copy the template that travels with regenqc and change the copy.",
            )
        self._typesetter = Typesetter(self._folder, entry=entry.name, fonts=fonts)
        self.close = self._typesetter.close
        self._manifest = ""

    @property
    def manifest(self) -> str:
        """Return by what pages are made: versions and digests, canonical JSON; equal ones give equal pages."""
        if not self._manifest:
            self._manifest = json.dumps(
                {
                    "schema": "regenqc.rendering/1",
                    "typst": _version_of("typst"),
                    "symbols": _version_of("zxing-cpp"),
                    "page": _digest_of_files([Path(__file__).parent / name for name in _PAGE_SOURCES]),
                    "template": _digest_of_files(sorted(self._folder.rglob("*.*"))),
                    "wording": wording_digest(),
                    "fonts": _digest_of_files(
                        sorted(path for folder in self._typesetter.font_folders for path in folder.rglob("*.[ot]t[fc]"))
                    ),
                },
                sort_keys=True,
                separators=(",", ":"),
            )
        return self._manifest

    def pdf(self, certificate: Certificate, *, attachments: Sequence[Attachment] = ()) -> bytes:
        """Return a certificate as a document that declares PDF/A-3b, tagged, with the record as associated file.

        Args:
            certificate: sealed.
            attachments: further files, e.g. the proof of the ledger.

        Raises:
            DataError: `RQC-V021`, a character that no font has; `RQC-V022`, the template failed.
        """
        data, digest = record_and_digest(certificate)
        record = Attachment(
            "certificate.json",
            data.decode(),
            "application/json",
            "The record: regenqc.certificate/1, canonical JSON, sealed by the issuer",
            "data",
        )
        made_by = Attachment(
            "rendering.json", self.manifest, "application/json", "By what this page was made from the record"
        )
        made: bytes = self._compile(certificate, [record, made_by, *attachments], form="pdf", digest=digest)
        return made

    def svg(self, certificate: Certificate) -> list[bytes]:
        """Return the pages as SVG, one picture for each."""
        return self._pictures(certificate, form="svg", dots_per_inch=None)

    def png(self, certificate: Certificate, *, dots_per_inch: float = 144) -> list[bytes]:
        """Return the pages as PNG, one picture for each."""
        return self._pictures(certificate, form="png", dots_per_inch=dots_per_inch)

    def _pictures(
        self, certificate: Certificate, *, form: Literal["pdf", "svg", "png"], dots_per_inch: float | None
    ) -> list[bytes]:
        self.pdf(certificate)  # only PDF/A refuses a character without glyph
        made = self._compile(certificate, (), form=form, dots_per_inch=dots_per_inch)
        return [made] if isinstance(made, bytes) else list(made)

    def _compile(
        self,
        certificate: Certificate,
        attachments: Sequence[Attachment],
        *,
        form: Literal["pdf", "svg", "png"],
        dots_per_inch: float | None = None,
        digest: str | None = None,
    ) -> Any:
        with collection_paused():
            return self._set(certificate, attachments, form, dots_per_inch, make_page(certificate, digest=digest))

    def _set(
        self,
        certificate: Certificate,
        attachments: Sequence[Attachment],
        form: Literal["pdf", "svg", "png"],
        dots_per_inch: float | None,
        page: dict[str, Any],
    ) -> Any:
        fonts = self._fonts(certificate.languages)
        # Each reader of the template parses only what it needs: a drawing or a record inside JSON is parsed for nothing.
        data = {
            "footer.json": msgspec.json.encode(page.pop("footer")),
            "qr.svg": page["qr"].pop("svg").encode(),
        }
        if page["barcode"] is not None:
            data["barcode.svg"] = page["barcode"].pop("svg").encode()
        data |= {f"attached/{entry.name}": entry.text.encode() for entry in attachments}
        attached = [
            {name: getattr(entry, name) for name in ("name", "mime", "description", "relationship")}
            for entry in attachments
        ]
        data["page.json"] = msgspec.json.encode(page | {"fonts": fonts, "attached": attached})
        return self._typesetter.set_pages(
            data,
            form=form,
            where=certificate.certificate_id,
            families=fonts[certificate.languages[0]],
            dots_per_inch=dots_per_inch,
        )

    def _fonts(self, languages: Sequence[str]) -> dict[str, list[str]]:
        """Return the families by language, in the order in which they are asked for a glyph."""
        region = next((_REGION[language] for language in languages if language in _REGION), "SC")
        return {
            language: families_for(self._typesetter.families, region=_REGION.get(language, region))
            for language in languages
        }


def _version_of(package: str) -> str:
    from importlib.metadata import version  # noqa: PLC0415 - reads a folder; needed once

    return version(package)


def _digest_of_files(paths: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.name} {content}\n".encode())
    return f"sha256:{found.hexdigest()}"
