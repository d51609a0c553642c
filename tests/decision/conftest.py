"""Judged once for all tests of decisions; whoever changes files works on a copy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .workbench import make_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results, batches, specification and the evaluation; read only."""
    folder = tmp_path_factory.mktemp("judged")
    make_files(folder)
    return folder


@pytest.fixture
def own_files(files: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    folder = tmp_path / "own"
    shutil.copytree(files, folder)
    return folder
