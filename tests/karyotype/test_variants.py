"""Which variants of normal chromosomes are known, and which are not."""

import pytest

from regenqc.karyotype import Abnormality, NotUnderstood, read_abnormality
from regenqc.karyotype.variants import HETEROMORPHIC_INVERSIONS, is_heteromorphism


@pytest.mark.parametrize(
    "text",
    [
        "1qh+",
        "1qh-",
        "9qh+",
        "9ph+",
        "9cenh+",
        "16qh-",
        "Yqh+",
        "Yqh-",
        "13ps+",
        "14pstk+",
        "15cenh+",
        "21ps-",
        "22pstk+",
        "22pstk+ps+",
        "9qh+c",
        "15ps+pat",
        "inv(9)(p12q13)",
        "inv(9)(p11q13)",
        "inv(10)(p11.2q21.2)",
        "inv(2)(p11.2q13)",
        "inv(3)(p11q11)",
        "inv(3)(p13q12)",
        "inv(5)(p13q13)",
        "inv(Y)(p11.2q11.2)",
    ],
)
def test_a_known_variant(text, abnormality):
    assert is_heteromorphism(abnormality(text))


@pytest.mark.parametrize(
    "text",
    [
        "inv(9)(p22q13)",
        "inv(9)(q13p12)",
        "inv(3)(q21q26.2)",
        "inv(16)(p13.1q22)",
        "+inv(9)(p12q13)",
        "inv(9)(p12q13)x2",
        "+9",
        "dup(9)(q12q13)",
        "del(9)(q13)",
    ],
)
def test_another_change_of_the_same_chromosome_is_no_variant(text, abnormality):
    assert not is_heteromorphism(abnormality(text))


@pytest.mark.parametrize(
    "text",
    ["8qh+", "1ps+", "9ps+", "21qh+", "Xqh+", "9qh", "9qh++", "9qh+qh-", "9+", "9q+", "9p-", "9h+", "17ps+", "99qh+"],
)
def test_what_is_no_known_variant_is_not_understood(text):
    assert isinstance(read_abnormality(text), NotUnderstood)


@pytest.mark.parametrize("inversion", sorted(HETEROMORPHIC_INVERSIONS))
def test_every_listed_inversion_can_be_written(inversion):
    chromosome, short, long = inversion
    assert isinstance(read_abnormality(f"inv({chromosome})({short}{long})"), Abnormality)
