"""The languages of the console: English in the templates, a table of sentences for each of the others."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

__all__ = ["LANGUAGES", "language_of", "sentences", "translated"]

LANGUAGES: Final = {"en": "English", "zh": "中文", "ja": "日本語", "ko": "한국어"}
_FOLDER: Final = Path(__file__).resolve().parent


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Return the table of a language: English sentence to sentence; that of English is empty.

    A table is every `LANGUAGE*.toml` of the folder together, so that each group of screens keeps its own.
    """
    together: dict[str, str] = {}
    for file in sorted(_FOLDER.glob(f"{language}*.toml")):
        together |= tomllib.loads(file.read_text(encoding="utf-8"))
    return together


def translated(text: str, language: str, /, **values: Any) -> str:
    """Return a sentence in a language, with what stands in its braces.

    A sentence that the table lacks stays English: a test asks for every sentence of every page in every language.

    Example:
        >>> translated("{count} lots", "en", count=3)
        '3 lots'
    """
    found = sentences(language).get(text, text)
    return found.format(**values) if values else found


def language_of(request: Request, *, default: str) -> str:
    """Return the language of a request: as chosen, else what the browser asks for, else the default."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    asked = request.headers.get("accept-language", "").split(",")
    for each in asked[:8]:
        known = each.split(";")[0].strip().partition("-")[0].lower()
        if known in LANGUAGES:
            return known
    return default
