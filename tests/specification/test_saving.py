"""Load and save: comments, blanks and line ends survive byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.errors import UsageError
from regenqc.specification import list_specifications, load_specification, parse_specification, save_specification

from .texts import VIABILITY, header

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "# a note\r\n" + header() + "\n\n" + VIABILITY + "\t# é 細胞\r\n\n# no line end"


def test_every_packaged_specification_is_saved_as_it_was(tmp_path: Path) -> None:
    for _, path in list_specifications():
        save_specification(load_specification(path), tmp_path / "copy.toml")
        assert (tmp_path / "copy.toml").read_bytes() == path.read_bytes()


def test_comments_blanks_and_line_ends_survive(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_bytes(TEXT.encode("utf-8"))
    save_specification(load_specification(first), second)
    assert second.read_bytes() == TEXT.encode("utf-8")


def test_a_saved_specification_is_equal_to_the_loaded_one(tmp_path: Path) -> None:
    specification = parse_specification(TEXT)
    save_specification(specification, tmp_path / "copy.toml")
    assert load_specification(tmp_path / "copy.toml") == specification


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "copy.toml"
    path.write_text("something else")
    save_specification(parse_specification(TEXT), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["copy.toml"]


@pytest.mark.parametrize("place", ["none/copy.toml", "", "x" * 5000, "a\0b"])
def test_a_place_that_cannot_be_written_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        save_specification(parse_specification(TEXT), tmp_path / place)
    assert caught.value.code == "RQC-U012"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError):
        save_specification(parse_specification(TEXT), tmp_path / "folder")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
