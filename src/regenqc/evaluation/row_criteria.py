"""Judge what a number and a word table cannot: karyotype, identity with an attribute, and the listed methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc import karyotype
from regenqc.karyotype import Outcome
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


# Second methods are requirements of their own, so that no outcome about them arises from one row.
_KARYOTYPES: Final[dict[Outcome, tuple[Verdict, Reason]]] = {
    Outcome.NOT_UNDERSTOOD: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_NOT_UNDERSTOOD),
    Outcome.ABNORMAL_CLONE: (Verdict.FAILS, Reason.KARYOTYPE_ABNORMAL),
    Outcome.CONSTITUTIONAL_ABNORMALITY: (Verdict.FAILS, Reason.KARYOTYPE_ABNORMAL),
    Outcome.OTHER_SEX: (Verdict.FAILS, Reason.KARYOTYPE_OTHER_SEX),
    Outcome.NON_CLONAL_FINDING: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_NON_CLONAL),
    Outcome.MIXED_CELL_LINES: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_MIXED_CELL_LINES),
    Outcome.COUNT_NOT_STATED: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_COUNT_NOT_STATED),
    Outcome.TOO_FEW_METAPHASES: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_TOO_FEW_METAPHASES),
    Outcome.VARIANT_NOT_ALLOWED: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_VARIANT_NOT_ALLOWED),
    Outcome.OTHER_TECHNIQUE_FINDING: (Verdict.INCONCLUSIVE, Reason.KARYOTYPE_OTHER_TECHNIQUE),
    Outcome.NORMAL: (Verdict.CONFORMS, Reason.CONFORMS),
}


def judge_karyotype(requirement: Requirement, text: str, attribute: Callable[[str], str]) -> Judgement:
    """Judge one karyotype; what is not understood is inconclusive, never abnormal and never normal.

    Example:
        >>> from regenqc.specification.model import Karyotype, Requirement
        >>> requirement = Requirement(id="karyotype", karyotype=Karyotype(min_metaphases="20"))
        >>> judge_karyotype(requirement, "46,XX[19]", lambda name: "")[1].code
        'karyotype_too_few_metaphases'
        >>> judge_karyotype(requirement, "47,XX,+12[3]/46,XX[17]", lambda name: "")[2]
        '+12 in 3 of 20 metaphases, recurrent in pluripotent stem cells (12)'
    """
    criterion = requirement.karyotype
    assert criterion is not None  # noqa: S101 - the caller asked
    stated = criterion.expected_sex or ""
    if stated.startswith("@"):
        stated = attribute(stated[1:])
    expected = _SEXES.get(fold_word(stated))
    judgement = karyotype.judge_karyotype(
        karyotype.read_karyotype(text),
        min_metaphases=int(criterion.min_metaphases),
        expected_sex=expected,
        allow=criterion.allow,
    )
    if judgement.outcome is Outcome.NORMAL and criterion.expected_sex is not None and expected is None:
        return Verdict.INCONCLUSIVE, Reason.KARYOTYPE_SEX_NOT_STATED, f"the batch states '{stated}'"
    verdict, reason = _KARYOTYPES[judgement.outcome]
    return verdict, reason, "" if verdict is Verdict.CONFORMS else judgement.explanation


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
