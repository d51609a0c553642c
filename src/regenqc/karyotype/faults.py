"""Say where a text stops being understood, and what would have been understood there.

Only texts that were refused come here, so that nothing in this module decides what is understood.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from regenqc.karyotype.abnormalities import PARTS, RULES, SYMBOLS, Rule, find_abnormality, wrong_order
from regenqc.karyotype.bands import ACROCENTRIC, BAND_SPANS, CHROMOSOMES
from regenqc.karyotype.model import Form
from regenqc.karyotype.variants import is_heteromorphism_label

__all__ = ["Refusal", "explain_abnormality", "explain_clone"]


class Refusal(NamedTuple):
    """Where and why a text is refused.

    Args:
        position: counted from 0.
        problem: as a phrase.
        expected: what would have been understood there.
    """

    position: int
    problem: str
    expected: str


class _StoppedError(Exception):
    """Carry a refusal out of the walk."""

    def __init__(self, position: int, problem: str, expected: str) -> None:
        super().__init__(problem)
        self.refusal = Refusal(position, problem, expected)


_CHROMOSOME = "a chromosome: 1 to 22, X or Y"
_BAND: Final = re.compile(r"[pq][0-9]+(?:\.[0-9]+)?")
_TAIL: Final = re.compile(r"(?:x[2-9])?(?:c|mat|pat|dn|inh)?")
_SYMBOL: Final = re.compile(r"(?:psu )?[a-z]+")


# ---- one abnormality -------------------------------------------------------------------------------------------------


def explain_abnormality(text: str) -> Refusal:
    """Return where a text that is no abnormality of the subset stops being understood.

    Example:
        >>> explain_abnormality("t(9,22)(q34;q11.2)")
        Refusal(position=3, problem="',' is not understood", expected="';' or ')'")
        >>> explain_abnormality("del(99)(p15)").expected
        'a chromosome: 1 to 22, X or Y'
    """
    try:
        _abnormality(text)
    except _StoppedError as stopped:
        return stopped.refusal
    return Refusal(0, f"'{_shortened(text)}' is not understood", "an abnormality of the documented subset")


def _abnormality(text: str) -> None:
    at = 1 if text[:1] in {"+", "-"} else 0
    if not text[at:]:
        raise _StoppedError(at, "nothing stands here", "a chromosome or an abnormality")
    if "?" in text:
        raise _StoppedError(text.index("?"), "the laboratory marks this as uncertain", "an abnormality without '?'")
    if (number := re.match(r"[0-9]+|[XY]", text[at:])) is not None:
        _chromosome(text, at, number[0])
        return
    symbol = _SYMBOL.match(text, at)
    if symbol is None or symbol[0] not in SYMBOLS:
        got = _shortened(text[at:] if symbol is None else symbol[0])
        raise _StoppedError(at, f"'{got}' is no symbol of the documented subset", f"one of {', '.join(SYMBOLS)}")
    if symbol[0] in {"mar", "dmin"} or (symbol[0] == "r" and "(" not in text):
        _unknown_origin(text, at, symbol[0])
        return
    end = _rearrangement(text, at, symbol[0])
    _end(text, end)


def _chromosome(text: str, at: int, number: str) -> None:
    end = at + len(number)
    rest = text[end:]
    if re.match(r"(?:~[0-9]+)?(?:mar|dmin|r)", rest):
        raise _StoppedError(at, f"'{_shortened(text)}' is not understood", "+mar, +2mar, +mar1, dmin or 4~9dmin")
    if number not in CHROMOSOMES:
        raise _StoppedError(at, f"there is no chromosome {_shortened(number)}", _CHROMOSOME)
    if at == 0 and rest[:1] in {"c", "q", "p"}:
        label = re.match(r"[a-z+-]*[+-]", rest)
        if label is None or not is_heteromorphism_label(number, label[0]):
            raise _StoppedError(
                end, f"'{_shortened(rest)}' is no heteromorphism of chromosome {number}", "for example 9qh+ or 21ps-"
            )
        end += len(label[0])
    elif at == 0:
        raise _StoppedError(0, "whether the chromosome is gained or lost is not stated", "'+' or '-' before it")
    if re.match(r"c|mat|pat|dn|inh", text[end:]) is None and text[end:]:
        raise _StoppedError(end, f"'{_shortened(text[end:])}' is not understood", "',', '/', '[' or the end")
    _end(text, end)


def _unknown_origin(text: str, at: int, symbol: str) -> None:
    if symbol != "dmin" and at == 0:
        raise _StoppedError(0, f"'{symbol}' stands without a sign", f"+{symbol}")
    raise _StoppedError(at, f"'{_shortened(text[at:])}' is not understood", "+mar, +2mar, +mar1, +r or dmin")


def _rearrangement(text: str, at: int, symbol: str, *, part_of: str = "") -> int:
    """Walk through a symbol with its parentheses; return where they end."""
    opened = at + len(symbol)
    names, end = _chromosomes(text, opened)
    if symbol == "ider" or (symbol == "der" and len(names) == 1):
        return _derivative(text, end, symbol, names[0])
    rule = RULES[symbol]
    if text[end : end + 1] != "(":
        known_elsewhere = symbol == "t" and part_of != ""
        if (() in rule.breakpoints and len(names) == 1) or known_elsewhere:
            _restrictions(rule, names, (), opened + 1, opened + 1)
            return end
        raise _StoppedError(end, "the breakpoints are not stated", f"'(' and bands: {rule.expected}")
    breakpoints, close = _breakpoints(text, end, names)
    if tuple(len(bands) for bands in breakpoints) not in rule.breakpoints:
        raise _StoppedError(close - 1, f"the number of breakpoints does not suit {symbol}", rule.expected)
    _restrictions(rule, names, breakpoints, opened + 1, end + 1)
    return close


def _chromosomes(text: str, at: int) -> tuple[tuple[str, ...], int]:
    if text[at : at + 1] != "(":
        raise _StoppedError(at, f"{_named(text, at)} is not understood", "'(' and the chromosomes")
    names: list[str] = []
    while True:
        at += 1
        name = re.match(r"[0-9A-Z]*", text[at:])
        assert name is not None  # noqa: S101 - the expression matches nothing too
        if name[0] not in CHROMOSOMES:
            problem = f"there is no chromosome {_shortened(name[0])}" if name[0] else f"{_named(text, at)} stands here"
            raise _StoppedError(at, problem, _CHROMOSOME)
        names.append(name[0])
        at += len(name[0])
        if text[at : at + 1] == ")":
            return tuple(names), at + 1
        if text[at : at + 1] != ";":
            raise _StoppedError(at, f"{_named(text, at)} is not understood", "';' or ')'")


def _breakpoints(text: str, at: int, names: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], ...], int]:
    found: list[tuple[str, ...]] = []
    while True:
        at += 1
        if len(found) == len(names):
            raise _StoppedError(at - 1, f"bands of more chromosomes than the {len(names)} named", "')'")
        name, bands = names[len(found)], []
        while (band := _BAND.match(text, at)) is not None:
            if band[0] not in BAND_SPANS[name]:
                raise _StoppedError(
                    at,
                    f"chromosome {name} has no band {_shortened(band[0])}",
                    "a band of the 850-band level or coarser",
                )
            bands.append(band[0])
            at = band.end()
        if not bands:
            raise _StoppedError(at, f"{_named(text, at)} is not understood", f"a band of chromosome {name}, e.g. q11.2")
        found.append(tuple(bands))
        if text[at : at + 1] == ")":
            break
        if text[at : at + 1] != ";":
            raise _StoppedError(at, f"{_named(text, at)} is not understood", "';', ')' or another band")
    if len(found) < len(names):
        raise _StoppedError(at, f"no band of chromosome {names[len(found)]}", "';' and its band")
    return tuple(found), at + 1


def _restrictions(
    rule: Rule, names: tuple[str, ...], breakpoints: tuple[tuple[str, ...], ...], names_at: int, at: int
) -> None:
    if rule.form in {Form.TRANSLOCATION, Form.ROBERTSONIAN} and wrong_order(names):
        raise _StoppedError(names_at, f"{names[0]} stands before {names[1]}", "X and Y first, then the lower number")
    arms = {band[0] for bands in breakpoints for band in bands}
    if rule.form is Form.DELETION and len(arms) > 1:
        raise _StoppedError(at, "a deletion from one arm into the other", rule.expected)
    if rule.form is Form.ISOCHROMOSOME and breakpoints[0][0] not in {"p10", "q10"}:
        raise _StoppedError(at, "an isochromosome that does not part at the centromere", rule.expected)
    if rule.form is Form.ROBERTSONIAN and not (ACROCENTRIC.issuperset(names) and breakpoints == (("q10",), ("q10",))):
        raise _StoppedError(names_at, "this is no Robertsonian translocation", rule.expected)
    if rule.form is Form.INSERTION and len(names) == 2 and names[0] == names[1]:
        raise _StoppedError(names_at, "an insertion between one chromosome and itself", rule.expected)


def _derivative(text: str, at: int, symbol: str, name: str) -> int:
    if symbol == "ider":
        if re.match(r"\([pq]10\)", text[at:]) is None:
            raise _StoppedError(at, "the arm that is doubled is not stated", "(p10) or (q10)")
        at += 5
    start, named = at, False
    while (part := _SYMBOL.match(text, at)) is not None and text[part.end() : part.end() + 1] == "(":
        if part[0] not in PARTS:
            raise _StoppedError(at, f"'{_shortened(part[0])}' cannot be a part of {symbol}", ", ".join(sorted(PARTS)))
        end = _rearrangement(text, at, part[0], part_of=name)
        named = named or re.search(rf"\((?:[^)]*;)?{name}[;)]", text[at:end]) is not None
        at = end
    if at == start:
        raise _StoppedError(at, "how the derivative chromosome arose is not stated", "its rearrangements, e.g. t(9;22)")
    if not named:
        raise _StoppedError(start, f"no rearrangement of chromosome {name}", "a rearrangement of the chromosome named")
    return at


def _end(text: str, at: int) -> None:
    tail = _TAIL.match(text, at)
    assert tail is not None  # noqa: S101 - the expression matches nothing too
    if text[tail.end() :]:
        got = _shortened(text[tail.end() :])
        raise _StoppedError(tail.end(), f"'{got}' is not understood", "',', '/', '[' or the end")


# ---- one clone -------------------------------------------------------------------------------------------------------

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,2}(?![0-9])")
_PLOIDY: Final = re.compile(r"<[1-8]n>")
_SEX: Final = re.compile(r"X*Y*")
_REFERENCE: Final = re.compile(r"(?:idem|sl|sdl[1-9]?)(?:x[2-9])?(?![a-z0-9])")
_CELLS: Final = re.compile(r"[1-9][0-9]{0,3}(?![0-9])")


def explain_clone(text: str, at: int) -> Refusal:
    """Return where a clone that begins at `at` stops being understood.

    Example:
        >>> explain_clone("47,XX,+21[20", 0)
        Refusal(position=12, problem='the text ends here', expected="']'")
    """
    try:
        _clone(text, at)
    except _StoppedError as stopped:
        return stopped.refusal
    return Refusal(at, "the clone is not understood", "a clone of the documented subset")


def _clone(text: str, at: int) -> None:
    end = text.find("/", at)
    composite = "[cp" in text[at : len(text) if end < 0 else end]
    at = _numbers(text, at, composite=composite)
    if text[at : at + 1] != ",":
        raise _StoppedError(at, f"{_named(text, at)} is not understood", "',' and the sex chromosomes")
    start, at = at + 1, _sex(text, at + 1)
    if composite and text[start:at] not in {"XX", "XY"}:
        raise _StoppedError(start, f"'{_shortened(text[start:at])}' is not understood in a composite", "XX or XY")
    if composite and text[at : at + 1] != ",":
        raise _StoppedError(at, "a composite of no abnormality", "',' and the abnormalities")
    while text[at : at + 1] == ",":
        at = _item(text, at + 1)
        if composite and text[at : at + 1] == "[" and text[at : at + 3] != "[cp":
            at = _cells(text, at + 1)
    if text[at : at + 1] == "[":
        at = _cells(text, at + 3 if text.startswith("cp", at + 1) else at + 1)
    if text[at : at + 1] not in {"", "/"}:
        raise _StoppedError(at, f"{_named(text, at)} is not understood", "'/' and another clone, or the end")


def _numbers(text: str, at: int, *, composite: bool) -> int:
    number = _NUMBER.match(text, at)
    if number is None:
        raise _StoppedError(at, f"{_named(text, at)} is not understood", "the number of chromosomes")
    at = number.end()
    if text[at : at + 1] == "~":
        if not composite:
            raise _StoppedError(at, "a range of chromosome numbers outside a composite", "one number, or [cp10]")
        highest = _NUMBER.match(text, at + 1)
        if highest is None:
            raise _StoppedError(
                at + 1, f"{_named(text, at + 1)} is not understood", "the highest number of chromosomes"
            )
        at = highest.end()
    if text[at : at + 1] == "<":
        ploidy = _PLOIDY.match(text, at)
        if ploidy is None:
            raise _StoppedError(at, "the ploidy is not understood", "<1n> to <8n>")
        if composite or _REFERENCE.match(text, ploidy.end() + 1) is not None:
            raise _StoppedError(at, "a ploidy beside a composite or a reference", "',' and the sex chromosomes")
        at = ploidy.end()
    return at


def _sex(text: str, at: int) -> int:
    reference = _REFERENCE.match(text, at)
    if reference is not None:
        return reference.end()
    sex = _SEX.match(text, at)
    assert sex is not None  # noqa: S101 - the expression matches nothing too
    end = sex.end()
    if not sex[0]:
        raise _StoppedError(at, f"{_named(text, at)} is not understood", "the sex chromosomes, or idem, sl or sdl")
    if text[end : end + 1] == "X":
        raise _StoppedError(end, "X stands after Y", "the X chromosomes first")
    if text[end : end + 1] == "c":
        end += 1
    if text[end : end + 1] not in {"", ",", "[", "/"}:
        raise _StoppedError(end, f"{_named(text, end)} is no sex chromosome", "X, Y, ',' or '['")
    return end


def _item(text: str, at: int) -> int:
    depth, end = 0, at
    while end < len(text) and (depth > 0 or text[end] not in ",/["):
        depth += (text[end] == "(") - (text[end] == ")")
        end += 1
    item = text[at:end]
    if find_abnormality(item) is None:
        refusal = explain_abnormality(item)
        raise _StoppedError(at + refusal.position, refusal.problem, refusal.expected)
    return end


def _cells(text: str, at: int) -> int:
    cells = _CELLS.match(text, at)
    if cells is None:
        raise _StoppedError(at, f"{_named(text, at)} is no number of cells", "a number of cells from 1 to 9999")
    if text[cells.end() : cells.end() + 1] != "]":
        raise _StoppedError(cells.end(), _ends(text, cells.end()), "']'")
    return cells.end() + 1


def _ends(text: str, at: int) -> str:
    return "the text ends here" if at >= len(text) else f"{_named(text, at)} is not understood"


def _named(text: str, at: int) -> str:
    return "the end of the text" if at >= len(text) else f"'{_printable(text[at])}'"


def _shortened(text: str) -> str:
    return _printable(text if len(text) <= 30 else f"{text[:29]}…")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else f"U+{ord(character):04X}" for character in text)
