"""Where the files that travel with regenqc are found: specification packs, import profiles and sample data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from regenqc.errors import Fault, InternalError

__all__ = ["packaged_path"]


def packaged_path(name: Literal["specs", "profiles", "sample_data"]) -> Path:
    """Return the directory of the packaged specifications, of the profiles or of the sample data.

    An installed wheel carries all of them inside the package; a source checkout has them at its top level.

    Raises:
        InternalError: neither place has the directory, so that the installation is incomplete.

    Example:
        >>> packaged_path("specs").name
        'specs'
    """
    package = Path(__file__).resolve().parent
    checkout = package.parents[1]
    candidates = [package / name]
    if (checkout / "pyproject.toml").is_file():
        candidates.append(checkout / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise InternalError(
        Fault(
            code="RQC-X001",
            what="The files that travel with regenqc are not there.",
            where=str(candidates[0]),
            expected=f"a directory `{name}`",
            action="Install regenqc again.",
        )
    )
