"""A directory of output files that appears when everything in it is written, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["OutputDirectory", "unwritable"]


class OutputDirectory(AbstractContextManager["OutputDirectory"]):
    """Files are written to `work`, beside the directory, and moved there together.

    Args:
        directory: where to put them; an earlier output there is replaced, anything else is left alone and refused.

    Raises:
        UsageError: the directory exists and holds something else, or it cannot be made.

    Example:
        >>> place = Path(tempfile.mkdtemp())
        >>> with OutputDirectory(place / "out") as output:
        ...     _ = (output.work / "run.json").write_text("{}")
        ...     output.put_into_place()
        >>> [path.name for path in (place / "out").iterdir()], [path.name for path in place.iterdir()]
        (['run.json'], ['out'])
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        if directory.exists() and (
            not directory.is_dir() or (any(directory.iterdir()) and not (directory / "run.json").is_file())
        ):
            raise UsageError(
                Fault(
                    code="RQC-U010",
                    what="The output directory holds something that is no earlier output.",
                    where=str(directory),
                    expected="a new or empty directory, or an earlier output to be replaced",
                    action="Name another directory.",
                )
            )
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            self.work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        except OSError as error:
            raise UsageError(
                Fault(
                    code="RQC-U011",
                    what="The output directory cannot be made.",
                    where=str(directory),
                    got=str(error),
                    action="Name a directory that can be written.",
                )
            ) from error

    def put_into_place(self) -> None:
        """Move what is in `work` to the directory, in the place of an earlier output."""
        old: Path | None = None
        self.work.chmod(0o777 & ~_umask())
        if self.directory.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{self.directory.name}-old-", dir=self.directory.parent))
            os.replace(self.directory, old / "output")  # noqa: PTH105 - the one call that is atomic
        os.replace(self.work, self.directory)  # noqa: PTH105
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the unfinished files of a run that failed."""
        shutil.rmtree(self.work, ignore_errors=True)


def unwritable(directory: Path, error: OSError) -> UsageError:
    """Return the error of an output that could not be written to its end."""
    return UsageError(
        Fault(
            code="RQC-U011",
            what="The output cannot be written.",
            where=str(directory),
            got=str(error),
            action="Name a directory that can be written and has room; nothing was left behind.",
        )
    )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
