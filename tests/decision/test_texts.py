"""Whatever a laboratory or a person writes: it is signed, stored and read again as it is, and steers nothing."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from regenqc.decision.folder import DecisionFolder
from regenqc.decision.model import Attribute, decision_bytes, decision_id_of
from regenqc.decision.reading import parse_decision
from regenqc.decision.verification import decision_faults
from regenqc.measurement.stated import is_stated

from .workbench import NOW, PEOPLE, decided, dossier_of, judge, signed

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).map(
    lambda text: unicodedata.normalize("NFC", text)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS.filter(is_stated), other=TEXTS)
def test_any_text_is_signed_and_read_again(files: Path, text: str, other: str) -> None:
    decision = decided(dossier_of(files, "GOOD-1"), "reject", justification=text)
    decision = replace(decision, lot=(Attribute(name=other, value=text),))
    decision = replace(decision, decision_id=decision_id_of(decision))
    with TemporaryDirectory() as place:
        made = signed(decision, Path(place), "QP-0001")
    assert parse_decision(decision_bytes(made)) == made
    assert decision_faults(made, people=PEOPLE, now=NOW.replace(hour=23)) == []


def test_a_lot_and_columns_in_chinese(own_files: Path, tmp_path: Path) -> None:
    for name in ("results.csv", "batches.csv"):
        path = own_files / name
        text = path.read_text().replace("GOOD-1", "批号-7").replace("expires_at,donor", "expires_at,备注,donor")
        lines = text.splitlines()
        if name == "batches.csv":
            lines = [lines[0], *(line.replace(",autologous", ",\u54c1\u8d28,autologous") for line in lines[1:])]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    judge(own_files)
    decision = signed(decided(dossier_of(own_files, "批号-7")), tmp_path, "QP-0001")
    assert decision.lot_attributes["备注"] == "品质"
    folder = DecisionFolder(tmp_path / "decisions")
    folder.add(decision)
    assert folder.of_lot("批号-7") == (decision,)


def test_a_lot_is_found_in_whatever_composition_its_name_is_written(own_files: Path, tmp_path: Path) -> None:
    apart, together = "CAFE\u0301-1", "CAF\u00c9-1"
    for name in ("results.csv", "batches.csv"):
        path = own_files / name
        path.write_text(path.read_text().replace("GOOD-1", apart), encoding="utf-8")
    judge(own_files)
    for written in (apart, together):
        dossier = dossier_of(own_files, written)
        assert (dossier.batch_id, len(dossier.results)) == (together, 4)
        assert dossier.lot
    assert signed(decided(dossier_of(own_files, apart)), tmp_path, "QP-0001").batch_id == together
