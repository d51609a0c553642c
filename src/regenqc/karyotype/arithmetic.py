"""Compare the number of chromosomes and the sex chromosomes of a clone with its abnormalities.

    number = 22 × ploidy + sex chromosomes stated + chromosomes gained − chromosomes lost + effect of rearrangements

A rearranged chromosome without a sign replaces its normal homologue. Autosomes that are replaced are counted in 22 × ploidy;
the sex chromosomes stated are the normal ones only, so that a rearranged X or Y adds one: `46,X,del(X)(q24)`. Two chromosomes
that became one (dicentric, Robertsonian, whole-arm derivative) count one: `45,XX,der(13;14)(q10;q10)`. A sex chromosome
that was lost is already missing among those stated (`45,X,-Y`), unless they are marked constitutional (`46,XXYc,-X`).
Source: ISCN, sex chromosome abnormalities and structural rearrangements; examples as printed there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from regenqc.karyotype.bands import SEX_CHROMOSOMES
from regenqc.karyotype.model import Abnormality, Form

if TYPE_CHECKING:
    from regenqc.karyotype.model import Clone

__all__ = [
    "chromosomes_added",
    "clone_sex",
    "find_composite_disagreement",
    "find_disagreement",
    "implied_changes",
    "infer_ploidy",
    "sex_constitution",
]

# Several chromosomes named, one left.
_FUSED: Final = frozenset(
    {Form.DICENTRIC, Form.PSEUDO_DICENTRIC, Form.ROBERTSONIAN, Form.TELOMERE_FUSION, Form.DERIVATIVE, Form.RING}
)
_NORMAL_SEX: Final = frozenset({"XX", "XY"})
_LARGEST_PLOIDY: Final = 8
# Members of an enumeration are looked up slowly.
_GAIN: Final = Form.GAIN
_LOSS: Final = Form.LOSS
_HETEROMORPHISM: Final = Form.HETEROMORPHISM


def find_disagreement(
    number: int,
    sex: str,
    abnormalities: tuple[Abnormality, ...],
    *,
    ploidy: int = 2,
    sex_constitutional: bool = False,
) -> str | None:
    """Return in what the parts of a clone contradict each other, or `None`.

    Args:
        number: of chromosomes stated.
        sex: sex chromosomes stated.
        abnormalities: all of them.
        ploidy: sets of chromosomes.
        sex_constitutional: whether the sex chromosomes are marked constitutional.

    Example:
        >>> find_disagreement(47, "XX", ())
        '47 chromosomes are stated, the sex chromosomes and abnormalities give 46'
        >>> find_disagreement(45, "X", (Abnormality(Form.LOSS, "-", ("Y",)),))
    """
    expected = 22 * ploidy + len(sex)
    gained = lost = False
    sex_changed = sex_constitutional or sex not in _NORMAL_SEX
    gone: list[str] = []
    for change in abnormalities:
        form, names = change.form, change.chromosomes
        if form is _GAIN:
            gained = True
            expected += 1
            sex_changed = sex_changed or names[0] in SEX_CHROMOSOMES
        elif form is _LOSS:
            lost = True
            gone += names
            if names[0] not in SEX_CHROMOSOMES:
                expected -= 1
            else:
                expected -= sex_constitutional
                sex_changed = True
        elif change.sign:
            expected += change.copies
        else:
            if len(names) != 1 or names[0] in SEX_CHROMOSOMES:
                expected += chromosomes_added(change)
            if form is not _HETEROMORPHISM:
                gone += names * change.copies
    if expected != number:
        return f"{number} chromosomes are stated, the sex chromosomes and abnormalities give {expected}"
    if sex_changed:
        problem = _sex_disagreement(sex, abnormalities, ploidy=ploidy, sex_constitutional=sex_constitutional)
        if problem is not None:
            return problem
    if (gained and lost) or len({*gone}) < len(gone):
        return _overused(abnormalities, gone, ploidy=ploidy)
    return None


def infer_ploidy(
    number: int, sex: str, abnormalities: tuple[Abnormality, ...], *, sex_constitutional: bool
) -> int | None:
    """Return the ploidy other than 2 with which everything agrees, or `None`.

    The ploidy has to agree with the sex chromosomes too: `69,XXY` is triploid, `68,XX` contradicts itself.

    Example:
        >>> infer_ploidy(92, "XXXX", (), sex_constitutional=False)
        4
        >>> infer_ploidy(68, "XX", (), sex_constitutional=False)
    """
    losses = 0 if sex_constitutional else len([1 for change in abnormalities if _loses_sex_chromosome(change)])
    added = sum(_change_of_number(change) for change in abnormalities) + losses
    ploidy, rest = divmod(number - len(sex) - added, 22)
    if rest or not 1 <= ploidy <= _LARGEST_PLOIDY:
        return None
    if len(_constitution(sex, abnormalities, sex_constitutional=sex_constitutional)) != ploidy:
        return None
    problem = find_disagreement(number, sex, abnormalities, ploidy=ploidy, sex_constitutional=sex_constitutional)
    return ploidy if problem is None else None


def _loses_sex_chromosome(change: Abnormality) -> bool:
    return change.form is _LOSS and change.chromosomes[0] in SEX_CHROMOSOMES


def _change_of_number(change: Abnormality) -> int:
    if change.form is _GAIN:
        return 1
    return -1 if change.form is _LOSS else chromosomes_added(change)


def chromosomes_added(change: Abnormality) -> int:
    """Return by how many a structural change raises the number beyond 22 × ploidy and the sex chromosomes stated.

    Example:
        >>> from regenqc.karyotype import read_abnormality
        >>> texts = ("del(5)(q13)", "del(X)(q24)", "der(13;14)(q10;q10)", "+der(1)t(1;3)(p32;q21)", "+2mar", "dic(X;22)(q22;q13)")
        >>> [chromosomes_added(read_abnormality(text)) for text in texts]
        [0, 1, -1, 1, 2, 0]
    """
    if change.sign == "+":
        return change.copies
    names = change.chromosomes
    missing = len(names) - 1 if names and change.form in _FUSED else 0
    return change.copies * (names.count("X") + names.count("Y") - missing)


def sex_constitution(clone: Clone) -> str:
    """Return the sex chromosomes before those that were lost were lost, the rearranged ones included, X first.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> [sex_constitution(read_karyotype(text).clones[0]) for text in ("45,X,-Y[3]", "46,X,del(X)(q24)[3]", "45,X[3]")]
        ['XY', 'XX', 'X']
    """
    return _constitution(clone.sex, clone.abnormalities, sex_constitutional=clone.sex_constitutional)


def _constitution(sex: str, abnormalities: tuple[Abnormality, ...], *, sex_constitutional: bool) -> str:
    found = [*sex]
    for change in abnormalities:
        if change.form is _LOSS:
            if not sex_constitutional:
                found += [name for name in change.chromosomes if name in SEX_CHROMOSOMES]
        elif not change.sign:
            found += [name for name in change.chromosomes if name in SEX_CHROMOSOMES] * change.copies
    return "".join(sorted(found))


def clone_sex(clone: Clone) -> str:
    """Return `female`, `male`, or an empty text where the chromosomes do not tell.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> [clone_sex(clone) for clone in read_karyotype("45,X,-Y[3]/45,X[3]/46,XX[3]").clones]
        ['male', '', 'female']
    """
    constitution = sex_constitution(clone)
    if "Y" in constitution:
        return "male"
    return "female" if len(constitution) > 1 else ""


def implied_changes(clone: Clone) -> tuple[Abnormality, ...]:
    """Return the changes that are not written as abnormalities: other sex chromosomes than XX or XY, another ploidy.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> [change.form.value for change in implied_changes(read_karyotype("47,XXX[20]").clones[0])]
        ['gain']
        >>> implied_changes(read_karyotype("45,X[20]").clones[0])[0].form.value
        'sex chromosome loss'
    """
    if not clone.abnormalities and clone.sex in _NORMAL_SEX and clone.ploidy == 2:
        return ()
    note = "c" if clone.sex_constitutional else ""
    if clone.ploidy != 2:
        return (Abnormality(Form.PLOIDY, label=f"{clone.ploidy}n"),)
    constitution = sex_constitution(clone)
    if constitution in _NORMAL_SEX:
        return ()
    if constitution == "X":
        return (Abnormality(Form.SEX_CHROMOSOME_LOSS, "-", note=note),)
    more = Counter(constitution)
    more.subtract("XY" if "Y" in constitution else "XX")
    return tuple(
        Abnormality(Form.GAIN, "+", (name,), note=note) for name in ("X", "Y") for _ in range(max(more[name], 0))
    )


def _sex_disagreement(
    sex: str, abnormalities: tuple[Abnormality, ...], *, ploidy: int, sex_constitutional: bool
) -> str | None:
    constitution = _constitution(sex, abnormalities, sex_constitutional=sex_constitutional)
    if "X" not in constitution:
        return "no X chromosome is stated, neither as normal nor as changed nor as lost"
    if sex_constitutional:
        if sex in _NORMAL_SEX:
            return "the sex chromosomes are marked constitutional, and they are normal"
        lost = [name for change in abnormalities if change.form is _LOSS for name in change.chromosomes]
        if any(lost.count(name) > sex.count(name) for name in SEX_CHROMOSOMES):
            return "more sex chromosomes are lost than there were"
        return None
    changed = any(
        change.form in {_GAIN, _LOSS} and change.chromosomes[0] in SEX_CHROMOSOMES for change in abnormalities
    )
    if changed and len(constitution) != ploidy:
        return (
            f"the sex chromosomes stated and the changes give {constitution} before the change, "
            "which has to be marked constitutional (for example XXYc)"
        )
    return None


def _overused(abnormalities: tuple[Abnormality, ...], gone: list[str], *, ploidy: int) -> str | None:
    """Return which autosome is lost or rearranged more often than it is there, or both gained and lost."""
    gained = [change.chromosomes[0] for change in abnormalities if change.form is _GAIN]
    lost = [change.chromosomes[0] for change in abnormalities if change.form is _LOSS]
    if gained and lost:
        born_with = {change.chromosomes[0] for change in abnormalities if change.form is _GAIN and change.note}
        both = sorted({*gained} & {*lost} - born_with - SEX_CHROMOSOMES)
        if both:
            return f"chromosome {both[0]} is both gained and lost"
    for name in sorted({*gone} - SEX_CHROMOSOMES):
        there = ploidy + gained.count(name)
        if gone.count(name) > there:
            return f"chromosome {name} is lost or rearranged {gone.count(name)} times, and there are {there}"
    return None


def find_composite_disagreement(clone: Clone) -> str | None:
    """Return in what the parts of a composite contradict each other, or `None`.

    No single cell is known, but the range of chromosome numbers and their sum over all cells have to be possible.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> read_karyotype("46~48,XX,+8[3][cp5]").problem
        '46 to 48 chromosomes are stated, the abnormalities allow 46 to 47'
    """
    if clone.sex not in _NORMAL_SEX:
        return "the sex chromosomes of a composite are understood as XX or XY with changes only"
    lowest = highest = 44 + len(clone.sex)
    total, cells = lowest * (clone.cells or 0), clone.cells or 0
    counted = None not in clone.notation.cells_of
    for change, found in zip(clone.abnormalities, clone.notation.cells_of, strict=True):
        if not change.sign and SEX_CHROMOSOMES.intersection(change.chromosomes):
            return "a rearranged sex chromosome in a composite is not understood"
        added = _change_of_number(change)
        if added < 0:
            lowest += added
        else:
            highest += added
        total += added * (found or 0)
    first, last = clone.number, clone.number if clone.notation.highest_number is None else clone.notation.highest_number
    if not lowest <= first <= last <= highest or (first == last and clone.notation.highest_number is not None):
        return f"{first} to {last} chromosomes are stated, the abnormalities allow {lowest} to {highest}"
    if counted and not first * cells <= total <= last * cells:
        return f"{first} to {last} chromosomes are stated, the abnormalities give {total / cells:.1f} on average"
    return None
