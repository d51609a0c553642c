"""Pages of certificates, by Typst: PDF/A-3b with the record inside, pictures for the screen.

A `Renderer` is made once and used for many certificates, by one thread: fonts are loaded once, the template is compiled
once. Data reach the template as JSON, never as markup. The same record, template, fonts and version of Typst give the same bytes.
A character that none of the fonts has is an error; nothing is printed with a hole.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import typst

from regenqc.certificate.content import Certificate, record_and_digest
from regenqc.certificate.faults import data_error, usage_error
from regenqc.certificate.page import make_page
from regenqc.certificate.wording import wording_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT_FONT_FOLDERS", "Attachment", "Renderer", "template_folder"]

# Where Debian and Ubuntu put the package fonts-noto-cjk.
DEFAULT_FONT_FOLDERS: Final = (Path("/usr/share/fonts/opentype/noto"),)

_REGION: Final = {"zh": "SC", "ja": "JP", "ko": "KR"}
_EMBEDDED: Final = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
_LACKING: Final = re.compile(r"the text [`\"]+(.*?)[`\"]+ could not be displayed with", re.DOTALL)


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
        self._font_folders = [folder for folder in fonts if folder.is_dir()]
        loaded = typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in self._font_folders])
        self._families = loaded.families()
        # Data reach the template as files beside it: text that does not change is then laid out once, not for every lot.
        work = Path(tempfile.mkdtemp(prefix="regenqc-certificate-"))
        self.close = weakref.finalize(self, shutil.rmtree, work, ignore_errors=True)
        self._place = work / "template"
        shutil.copytree(self._folder, self._place)
        (self._place / "attached").mkdir(exist_ok=True)
        self._compiler = typst.Compiler(
            str(self._place / entry.name), root=str(self._place), font_paths=loaded, ignore_system_fonts=True
        )
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
                    "page": _digest_of_files([Path(__file__).with_name(f"{name}.py") for name in ("page", "symbols")]),
                    "template": _digest_of_files(sorted(self._folder.rglob("*.*"))),
                    "wording": wording_digest(),
                    "fonts": _digest_of_files(
                        sorted(path for folder in self._font_folders for path in folder.rglob("*.[ot]t[fc]"))
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
        page = make_page(certificate, digest=digest)
        # Each reader of the template parses only what it needs: a drawing or a record inside JSON is parsed for nothing.
        self._write("footer.json", msgspec.json.encode(page.pop("footer")))
        self._write("qr.svg", page["qr"].pop("svg").encode())
        if page["barcode"] is not None:
            self._write("barcode.svg", page["barcode"].pop("svg").encode())
        for entry in attachments:
            self._write(f"attached/{entry.name}", entry.text.encode())
        attached = [
            {name: getattr(entry, name) for name in ("name", "mime", "description", "relationship")}
            for entry in attachments
        ]
        fonts = self._fonts(certificate.languages)
        self._write("page.json", msgspec.json.encode(page | {"fonts": fonts, "attached": attached}))
        try:
            return self._compiler.compile(
                format=form, ppi=dots_per_inch, pdf_standards=["a-3b"] if form == "pdf" else []
            )
        except typst.TypstError as error:
            raise self._fault(certificate, str(error)) from error

    def _write(self, name: str, content: bytes) -> None:
        (self._place / name).write_bytes(content)

    def _fonts(self, languages: Sequence[str]) -> dict[str, list[str]]:
        """Return the families by language, in the order in which they are asked for a glyph."""
        fonts = {}
        region = next((_REGION[language] for language in languages if language in _REGION), "SC")
        for language in languages:
            own = _REGION.get(language, region)
            wanted = [_EMBEDDED[0], f"Noto Serif CJK {own}", f"Noto Sans CJK {own}"]
            others = [name for name in self._families if "CJK" not in name and name not in _EMBEDDED]
            fonts[language] = [name for name in wanted if name in self._families] + others + list(_EMBEDDED[1:])
        return fonts

    def _fault(self, certificate: Certificate, message: str) -> Exception:
        lacking = _LACKING.search(message)
        if lacking is None:
            return data_error(
                "RQC-V022",
                "The template could not be made into a page.",
                where=str(self._folder),
                got=message,
                action="Correct the template, or leave it out.",
            )
        text = lacking[1]
        codes = " ".join(f"U+{ord(character):04X}" for character in text[:8])
        return data_error(
            "RQC-V021",
            "A character of the certificate is in none of the fonts, and nothing is printed with a hole.",
            where=certificate.certificate_id,
            got=f"{text[:40]} ({codes})",
            expected=", ".join(self._fonts(certificate.languages)[certificate.languages[0]]),
            action="Name a folder with a font that has it: --fonts FOLDER; for Chinese, Japanese and Korean the Debian "
            "package fonts-noto-cjk.",
        )


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
