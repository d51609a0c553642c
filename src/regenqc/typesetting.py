"""Set pages by Typst: a folder of templates, data as JSON beside them, fonts of the package or of named folders alone.

A `Typesetter` is made once and used for many documents, by one thread: fonts are loaded once, the template is compiled once. Data reach
the template as files, never as markup. The same template, data, fonts and version of Typst give the same bytes. A character that none of
the fonts has is an error; nothing is printed with a hole.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import typst

from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DEFAULT_FONT_FOLDERS", "EMBEDDED_FAMILIES", "Typesetter", "families_for"]

# Where Debian and Ubuntu put the package fonts-noto-cjk.
DEFAULT_FONT_FOLDERS: Final = (Path("/usr/share/fonts/opentype/noto"),)
EMBEDDED_FAMILIES: Final = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
_LACKING: Final = re.compile(r"the text [`\"]+(.*?)[`\"]+ could not be displayed with", re.DOTALL)


def families_for(families: Sequence[str], *, region: str) -> list[str]:
    """Return families in the order in which they are asked for a glyph.

    Args:
        families: that there are.
        region: `SC`, `JP` or `KR`, whose forms of characters come first.

    Example:
        >>> families_for(["Libertinus Serif", "Noto Serif CJK JP"], region="JP")
        ['Libertinus Serif', 'Noto Serif CJK JP', 'New Computer Modern', 'DejaVu Sans Mono']
    """
    wanted = [EMBEDDED_FAMILIES[0], f"Noto Serif CJK {region}", f"Noto Sans CJK {region}"]
    others = [name for name in families if "CJK" not in name and name not in EMBEDDED_FAMILIES]
    return [name for name in wanted if name in families] + others + list(EMBEDDED_FAMILIES[1:])


class Typesetter:
    """Set documents of one template.

    Args:
        folder: of the template.
        entry: its first file.
        fonts: folders of font files beyond those inside Typst; nothing else of the machine is used.
    """

    def __init__(self, folder: Path, *, entry: str, fonts: Sequence[Path] = DEFAULT_FONT_FOLDERS) -> None:
        self._folder = folder
        self.font_folders = [each for each in fonts if each.is_dir()]
        loaded = typst.Fonts(include_system_fonts=False, font_paths=[str(each) for each in self.font_folders])
        self.families: list[str] = loaded.families()
        # Data reach the template as files beside it: text that does not change is then laid out once, not for every document.
        work = Path(tempfile.mkdtemp(prefix="regenqc-pages-"))
        self.close = weakref.finalize(self, shutil.rmtree, work, ignore_errors=True)
        self._place = work / "template"
        self._written: dict[str, bytes] = {}
        shutil.copytree(folder, self._place)
        self._compiler = typst.Compiler(
            str(self._place / entry), root=str(self._place), font_paths=loaded, ignore_system_fonts=True
        )

    def set_pages(
        self,
        data: Mapping[str, bytes],
        *,
        form: Literal["pdf", "svg", "png"],
        where: str,
        families: Sequence[str],
        dots_per_inch: float | None = None,
    ) -> Any:
        """Return a document: bytes of a PDF/A-3b, or of one picture, or a list of pictures.

        Args:
            data: files beside the template, by name; one folder deep at most.
            form: of the document; only PDF/A refuses a character without glyph.
            where: what the document is, for messages.
            families: in which glyphs are looked for, for messages.
            dots_per_inch: of PNG.

        Raises:
            DataError: `RQC-V021`, a character that no font has; `RQC-V022`, the template failed.
        """
        for name, content in data.items():
            # Most documents share what is long: by what the page was made, a drawing, the footer.
            if self._written.get(name) != content:
                self._write(name, content)
        try:
            return self._compiler.compile(
                format=form, ppi=dots_per_inch, pdf_standards=["a-3b"] if form == "pdf" else []
            )
        except typst.TypstError as error:
            raise DataError(self._fault(str(error), where, families)) from error

    def _write(self, name: str, content: bytes) -> None:
        file = self._place / name
        # Forgotten first: after a write that failed, nobody believes that the file holds the content.
        if self._written.pop(name, None) is None:
            file.parent.mkdir(exist_ok=True)
        with open(file, "wb") as stream:  # noqa: PTH123 - two thirds of the time of Path.write_bytes
            stream.write(content)
        self._written[name] = content

    def _fault(self, message: str, where: str, families: Sequence[str]) -> Fault:
        lacking = _LACKING.search(message)
        if lacking is None:
            return Fault(
                code="RQC-V022",
                what="The template could not be made into a page.",
                where=str(self._folder),
                got=message,
                action="Correct the template, or leave it out.",
            )
        text = lacking[1]
        codes = " ".join(f"U+{ord(character):04X}" for character in text[:8])
        return Fault(
            code="RQC-V021",
            what="A character of the document is in none of the fonts, and nothing is printed with a hole.",
            where=where,
            got=f"{text[:40]} ({codes})",
            expected=", ".join(families),
            action="Name a folder with a font that has it: --fonts FOLDER; for Chinese, Japanese and Korean the Debian "
            "package fonts-noto-cjk.",
        )
