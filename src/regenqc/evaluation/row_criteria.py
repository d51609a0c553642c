"""Judge what a number and a word table cannot: karyotype, identity with an attribute, and the listed methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.karyotype import read_karyotype
from regenqc.measurement.reported import fold_word
from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import INTERIM_WORDS, UNDECIDED_WORDS, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.specification.model import Requirement

__all__ = ["Judgement", "judge_identity", "judge_karyotype", "judge_text"]

Judgement = tuple[Verdict, Reason, str]
_SEXES = {"female": "female", "f": "female", "xx": "female", "male": "male", "m": "male", "xy": "male"}


def judge_text(requirement: Requirement, text: str, attribute: Callable[[str], str]) -> Judgement:
    """Judge one reported text by a karyotype or identity criterion.

    Args:
        requirement: has one of the two.
        text: as reported, not empty.
        attribute: attribute of the batch by name, empty when not stated.

    Returns:
        Verdict, reason and, where it helps a reader, what was found.
    """
    word = canonical_word(text)
    if word in INTERIM_WORDS:
        return Verdict.MISSING, Reason.INTERIM_WORD, ""
    if word in UNDECIDED_WORDS:
        return Verdict.INCONCLUSIVE, Reason.UNKNOWN_WORD, ""
    if requirement.karyotype is not None:
        return judge_karyotype(requirement, text, attribute)
    return judge_identity(requirement, text, attribute)


def judge_karyotype(requirement: Requirement, text: str, attribute: Callable[[str], str]) -> Judgement:
    """Judge one karyotype; what is not understood is inconclusive, never abnormal and never normal.

    Example:
        >>> from regenqc.specification.model import Karyotype, Requirement
        >>> requirement = Requirement(id="karyotype", karyotype=Karyotype(min_metaphases="20"))
        >>> judge_karyotype(requirement, "46,XX[19]", lambda name: "")[1].code
        'karyotype_too_few_metaphases'
    """
    criterion = requirement.karyotype
    assert criterion is not None  # noqa: S101 - the caller asked
    reading = read_karyotype(text, allow=criterion.allow)
    if not reading.understood:
        return Verdict.INCONCLUSIVE, Reason.KARYOTYPE_NOT_UNDERSTOOD, reading.problem
    if reading.metaphases < int(criterion.min_metaphases):
        found = f"{reading.metaphases} metaphases counted, at least {criterion.min_metaphases} required"
        return Verdict.INCONCLUSIVE, Reason.KARYOTYPE_TOO_FEW_METAPHASES, found
    if criterion.expected_sex is not None:
        stated = criterion.expected_sex
        if stated.startswith("@"):
            stated = attribute(stated[1:])
        expected = _SEXES.get(fold_word(stated))
        if expected is None:
            return Verdict.INCONCLUSIVE, Reason.KARYOTYPE_SEX_NOT_STATED, f"the batch states '{stated}'"
        if reading.sex != expected:
            return Verdict.FAILS, Reason.KARYOTYPE_OTHER_SEX, f"{reading.sex} found, {expected} expected"
    return Verdict.CONFORMS, Reason.CONFORMS, ""


def judge_identity(requirement: Requirement, text: str, attribute: Callable[[str], str]) -> Judgement:
    """Judge whether a result equals an attribute of the batch; case, blanks and full-width forms are folded.

    Example:
        >>> from regenqc.specification.model import Identity, Requirement
        >>> requirement = Requirement(id="identity", identity=Identity(equals="@donor_str_profile"))
        >>> judge_identity(requirement, "D3S1358 15,16", lambda name: "d3s1358 15,16")[0].word
        'conforms'
    """
    assert requirement.identity is not None  # noqa: S101 - the caller asked
    assert requirement.identity.equals is not None  # noqa: S101
    name = requirement.identity.equals[1:]
    expected = attribute(name)
    if fold_word(expected) == "":
        return Verdict.INCONCLUSIVE, Reason.IDENTITY_REFERENCE_MISSING, f"the batch states no {name}"
    if fold_word(expected) != fold_word(text):
        return Verdict.FAILS, Reason.IDENTITY_MISMATCH, f"expected '{expected}'"
    return Verdict.CONFORMS, Reason.CONFORMS, ""
