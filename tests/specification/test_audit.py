"""The audit of packs finds every line that says more than its source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from regenqc.errors import SpecificationError
from regenqc.specification import Specification, load_specification
from regenqc.specification.audit import audit_pack
from regenqc.specification.model import Consequence, LimitText
from regenqc.specification.sources import load_sources, read_sources
from regenqc.vocabulary import Force, Mark, OnFail

if TYPE_CHECKING:
    from pathlib import Path


def changed(**change: Any) -> Specification:
    """Return a pack of one sound requirement, changed."""
    whole = load_specification("us/investigational")
    (viability,) = (entry for entry in whole.requirements if entry.id == "viability")
    return replace(whole, requirements=(viability.model_copy(update=change),))


FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "a limit that the source does not give": ({"limit": LimitText(min="75", unit="%")}, "RQC-S074"),
    "the same number in another unit": ({"limit": LimitText(min="70", unit="ppm")}, "RQC-S074"),
    "the number with further digits": ({"limit": LimitText(min="70.0", unit="%")}, "RQC-S074"),
    "a due period without source": ({"due": "9 d"}, "RQC-S074"),
    "an alert limit without source": ({"alert": LimitText(min="80", unit="%")}, "RQC-S074"),
    "a period of a consequence without source": (
        {"consequences": (Consequence(action="Inform", citation="x", within="24 h"),)},
        "RQC-S074",
    ),
    "a better mark than the source": ({"mark": Mark.VERIFIED}, "RQC-S073"),
    "a stronger force than the source": ({"force": Force.BINDING}, "RQC-S073"),
    "a better mark than the source of the number": (
        {"citation": "21 CFR 610.1 [US-REL-1]; advice [T-VIA-1]", "force": Force.BINDING, "mark": Mark.VERIFIED},
        "RQC-S073",
    ),
    "no edition": ({"edition": " "}, "RQC-S072"),
    "no citation": ({"citation": ""}, "RQC-S071"),
    "a citation outside the register": ({"citation": "a letter"}, "RQC-S071"),
    "a source that the register does not know": ({"citation": "21 CFR 610.1 [US-REL-99]"}, "RQC-S071"),
    "an unverified criterion that is only reported": (
        {"mark": Mark.UNVERIFIED, "on_fail": OnFail.REPORT},
        "RQC-S075",
    ),
}


@pytest.mark.parametrize(("change", "code"), FAULTY.values(), ids=FAULTY)
def test_the_audit_finds(change: dict[str, Any], code: str) -> None:
    assert code in {fault.code for fault in audit_pack(changed(**change), sources=load_sources()).faults}


def test_the_unchanged_requirement_has_no_fault() -> None:
    assert audit_pack(changed(), sources=load_sources()).faults == ()


SOURCE = """\
[[source]]
id = "A-1"
jurisdiction = "US"
citation = "a document"
edition = "1"
force = "binding"
mark = "verified"
address = "a shelf"
"""


def test_a_register_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(SOURCE + 'numbers = ["5 d"]\n', encoding="utf-8")
    assert read_sources(path)["A-1"].numbers == ("5 d",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(SOURCE + 'limit = "5"\n', "RQC-S070", id="an unknown key"),
        pytest.param(SOURCE.replace('edition = "1"\n', ""), "RQC-S070", id="a key that is missing"),
        pytest.param(SOURCE.replace("a shelf", " "), "RQC-S070", id="a blank text"),
        pytest.param(SOURCE.replace("verified", "certain"), "RQC-S070", id="an unknown mark"),
        pytest.param(SOURCE.replace("A-1", "a 1"), "RQC-S070", id="an identifier that cannot be cited"),
        pytest.param(SOURCE + SOURCE, "RQC-S070", id="an identifier twice"),
        pytest.param("source = [", "RQC-S001", id="no TOML"),
    ],
)
def test_a_register_that_is_not_sound_is_refused(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecificationError) as caught:
        read_sources(path)
    assert {fault.code for fault in caught.value.faults} == {code}
