"""A folder of decisions holds one answer to one question, whole files, and one chain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from regenqc.decision.folder import DecisionFolder
from regenqc.decision.model import decision_bytes
from regenqc.errors import SignatureError, UsageError

from .workbench import decided, dossier_of, signed

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.decision.model import Decision

STAGE = "drug_product_release"
QUESTION = {"stage": STAGE, "spec_id": "maker/product"}


@pytest.fixture
def folder(tmp_path: Path) -> DecisionFolder:
    return DecisionFolder(tmp_path / "decisions")


@pytest.fixture
def first(files: Path, tmp_path: Path) -> Decision:
    return signed(decided(dossier_of(files, "GOOD-1")), tmp_path, "QP-0001")


def revised(files: Path, tmp_path: Path, first: Decision, kind: str = "release", **spec: object) -> Decision:
    changes = {"supersedes": first.decision_id, "reason": "a result was corrected"}
    return signed(decided(dossier_of(files, "GOOD-1", **spec), kind, **changes), tmp_path / kind, "QP-0001")


def test_a_decision_is_written_once(folder: DecisionFolder, first: Decision) -> None:
    assert folder.add(first)
    assert not folder.add(first)
    assert folder.read() == (first,)
    assert folder.standing("GOOD-1", **QUESTION) == first


def test_no_other_file_is_left(folder: DecisionFolder, first: Decision) -> None:
    folder.add(first)
    assert sorted(path.name for path in folder.path.iterdir()) == [".lock", f"{first.decision_id.lower()}.json"]


def test_without_signature_nothing_is_written(folder: DecisionFolder, files: Path) -> None:
    with pytest.raises(UsageError, match="RQC-A063"):
        folder.add(decided(dossier_of(files, "GOOD-1")))
    assert folder.read() == ()


def test_a_second_answer_names_what_it_supersedes(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    other = signed(decided(dossier_of(files, "GOOD-1"), "reject"), tmp_path / "other", "QP-0001")
    with pytest.raises(UsageError, match="There is a decision about this batch already"):
        folder.add(other)
    second = revised(files, tmp_path, first, "reject")
    folder.add(second)
    assert folder.standing("GOOD-1", **QUESTION) == second
    assert folder.chain("GOOD-1", **QUESTION) == (first, second)


def test_what_is_not_there_is_not_superseded(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="There is no decision that this one could supersede"):
        folder.add(revised(files, tmp_path, first))


def test_the_same_decision_is_not_superseded_twice(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    folder.add(revised(files, tmp_path, first))
    with pytest.raises(UsageError, match="RQC-A062"):
        folder.add(revised(files, tmp_path, first, "reject"))


def test_a_withdrawal_leaves_no_release_in_force(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    withdrawal = revised(files, tmp_path, first, "withdrawal")
    folder.add(withdrawal)
    standing = folder.standing("GOOD-1", **QUESTION)
    assert standing is not None
    assert (standing.kind, standing.is_release) == ("withdrawal", False)


def test_answers_that_were_superseded_are_out_of_date(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    folder.add(revised(files, tmp_path, first, "withdrawal"))
    with pytest.raises(UsageError, match="This decision was made, and superseded since"):
        folder.add(first)


def test_until_it_has_all_signatures_the_one_before_stays_in_force(
    folder: DecisionFolder, files: Path, tmp_path: Path
) -> None:
    spec = {"jurisdiction": "CN", "extends": ("cn/drug-track@1.0.0 sha256:0",)}
    half = signed(decided(dossier_of(files, "GOOD-1", **spec)), tmp_path, "QP-0001")
    folder.add(half)
    assert folder.standing("GOOD-1", **QUESTION) is None
    done = signed(half, tmp_path, "QP-0002")
    assert folder.add_signature(half, done.signatures[-1]) == done
    assert folder.standing("GOOD-1", **QUESTION) == done
    second = revised(files, tmp_path, done, **spec)
    folder.add(second)
    assert folder.standing("GOOD-1", **QUESTION) == done


def test_a_signature_is_added_to_what_was_shown_only(folder: DecisionFolder, files: Path, tmp_path: Path) -> None:
    spec = {"jurisdiction": "CN", "extends": ("cn/drug-track@1.0.0 sha256:0",)}
    half = signed(decided(dossier_of(files, "GOOD-1", **spec)), tmp_path, "QP-0001")
    folder.add(half)
    done = signed(half, tmp_path, "QP-0002")
    folder.add_signature(half, done.signatures[-1])
    with pytest.raises(UsageError, match="RQC-A064"):
        folder.add_signature(half, done.signatures[-1])


def test_a_decision_under_the_name_of_another_is_refused(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    other = signed(decided(dossier_of(files, "ALERT-1")), tmp_path / "alert", "QP-0001")
    folder.file_of(first.decision_id).write_bytes(decision_bytes(other))
    with pytest.raises(SignatureError, match="RQC-A060"):
        folder.read()


@pytest.mark.parametrize("number", [0, 1], ids=["the first is gone", "two at once"])
def test_a_chain_with_a_hole_or_a_fork_is_refused(
    number: int, folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    folder.add(revised(files, tmp_path, first))
    if number == 0:
        folder.file_of(first.decision_id).unlink()
    else:
        other = revised(files, tmp_path, first, "reject")
        folder.file_of(other.decision_id).write_bytes(decision_bytes(other))
    with pytest.raises(SignatureError, match="RQC-A061"):
        folder.chain("GOOD-1", **QUESTION)


def test_a_lot_with_a_strange_name_is_found(folder: DecisionFolder, first: Decision, tmp_path: Path) -> None:
    from regenqc.decision.model import decision_id_of

    strange = replace(first, batch_id='LOT "7"\\\n批', signatures=())
    strange = signed(replace(strange, decision_id=decision_id_of(strange)), tmp_path / "strange", "QP-0001")
    folder.add(first)
    folder.add(strange)
    assert folder.of_lot(strange.batch_id) == (strange,)


def test_other_lots_and_half_written_files_are_no_part_of_it(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    folder.add(first)
    folder.add(signed(decided(dossier_of(files, "ALERT-1")), tmp_path / "alert", "QP-0001"))
    (folder.path / ".decision-0.json.part").write_bytes(b"half")
    assert folder.of_lot("GOOD-1") == (first,)
    assert len(folder.read()) == 2
    assert replace(first) == first


def test_of_two_answers_at_the_same_moment_one_is_written(
    folder: DecisionFolder, first: Decision, files: Path, tmp_path: Path
) -> None:
    other = signed(decided(dossier_of(files, "GOOD-1"), "reject"), tmp_path / "other", "QP-0001")

    def added(decision: Decision) -> bool:
        try:
            return DecisionFolder(folder.path).add(decision)
        except UsageError:
            return False

    with ThreadPoolExecutor(max_workers=8) as pool:
        written = list(pool.map(added, [first, other] * 8))
    assert written.count(True) == 1
    assert len(folder.read()) == 1


def test_a_decision_matches_the_published_schema(first: Decision) -> None:
    import json

    import jsonschema

    from regenqc.decision.model import decision_schema

    jsonschema.validate(json.loads(decision_bytes(first)), decision_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(decision_bytes(first)) | {"kind": "let go"}, decision_schema())
