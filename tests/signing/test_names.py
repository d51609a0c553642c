"""Names that a reader takes for one are one, whatever they are spelt with."""

from __future__ import annotations

import pytest

from regenqc.signing.names import are_alike


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("Ana Example", "Аna Ехample", id="Cyrillic letters"),
        pytest.param("Nina Hope", "ΝΙΝΑ ΗΟΡΕ", id="Greek capitals"),
        pytest.param("José Muñoz", "Jose Munoz", id="accents left out"),
        pytest.param("José", "Jose\u0301", id="accents composed and not"),
        pytest.param("Ａｎａ　Ｅｘａｍｐｌｅ", "Ana Example", id="full width"),
        pytest.param("ANA  EXAMPLE", "ana example", id="case and blanks"),
        pytest.param("Example, Ana", "Ana Example", id="another order"),
        pytest.param("Dr. Ana Example, PhD", "Ana Example", id="titles"),
        pytest.param("A\u200bna Example", "Ana Example", id="a mark that cannot be seen"),
        pytest.param("Alan Illes", "AIan IIIes", id="l and I"),
        pytest.param("Olga 0", "O1ga O", id="figures for letters"),
        pytest.param("Bernd Carn", "Bemd Cam", id="rn and m"),
        pytest.param("Łukasz Sørensen", "lukasz Sorensen", id="strokes"),
        pytest.param("王偉", "王偉", id="a compatibility ideograph"),
    ],
)
def test_alike(first: str, second: str) -> None:
    assert are_alike(first, second)
    assert are_alike(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ana Example", "Ann Example"),
        ("Wei Zhang", "Wei Zhang (2)"),
        ("王偉", "王伟"),
        ("Иван Петров", "Иван Павлов"),
        ("محمد", "محمود"),
        ("Dr. Example", "Prof. Sample"),
        ("Dr.", "Prof."),
    ],
)
def test_not_alike(first: str, second: str) -> None:
    assert not are_alike(first, second)
