"""Text of a laboratory as people may see it: nothing in it is hidden, and nothing looks like what it is not."""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np

__all__ = ["in_words", "visible"]

# Letters that look Latin and are not: the one way in which a word can differ from the word that a person reads.
_LOOKALIKE: Final = ("CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "MATHEMATICAL")


def visible(text: str, *, longest: int, edges: bool = False) -> str:
    r"""Return a text with nothing hidden in it: controls, invisible and look-alike characters are spelled out.

    Args:
        text: anything.
        longest: characters to keep, spelled out or not; the whole is counted.
        edges: whether blanks at the ends are shown too.

    Example:
        >>> visible("neg\u202eative ", longest=80, edges=True)
        'neg⟨U+202E⟩ative␣'
        >>> visible("0" * 90, longest=10)
        '0000000000… (90 characters)'
    """
    shown = text[:longest]
    is_cut = len(text) > longest
    if not (shown.isascii() and shown.isprintable()):
        parts = [_spelled(shown, at) for at in range(len(shown))]
        ends = np.cumsum([len(part) for part in parts])
        kept = int(np.searchsorted(ends, max(longest, ends[0]), side="right"))
        is_cut |= kept < len(parts)
        shown = "".join(parts[:kept])
    if edges and shown != shown.strip(" "):
        left, right = len(shown) - len(shown.lstrip(" ")), len(shown) - len(shown.rstrip(" "))
        shown = "␣" * left + shown.strip(" ") + "␣" * (right if left < len(shown) else 0)
    return f"{shown}… ({len(text):,} characters)" if is_cut else shown


def _spelled(text: str, at: int) -> str:
    mark = text[at]
    if mark.isascii() and mark.isprintable():
        return mark
    code = f"⟨U+{ord(mark):04X}⟩"
    category = unicodedata.category(mark)
    if category in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}:
        return code
    # One mark on a letter is writing; a third one in a row is a smear over the lines around it.
    if (
        category in {"Mn", "Me"}
        and at > 1
        and all(unicodedata.category(text[at - back]) == category for back in (1, 2))
    ):
        return code
    if unicodedata.name(mark, "").startswith(_LOOKALIKE) and any("a" <= letter <= "z" for letter in text.lower()):
        return mark + code
    return mark


def in_words(identifier: str) -> str:
    """Return an identifier as words.

    Example:
        >>> in_words("result_record")
        'Result record'
    """
    return identifier.replace("_", " ").capitalize()
