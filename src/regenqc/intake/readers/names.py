"""The names of the columns of Parquet and Arrow files, which are text only if somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["schema_names"]


def schema_names(schema: pa.Schema, *, path: Path) -> list[str]:
    """Return the names of the columns, in order.

    Args:
        schema: of the file.
        path: for messages.

    Raises:
        DataError: RQC-D005, a name that is not UTF-8.

    Example:
        >>> import pyarrow as pa
        >>> from pathlib import Path
        >>> schema_names(pa.schema([("result", pa.string())]), path=Path("a.parquet"))
        ['result']
    """
    try:
        return list(schema.names)
    except UnicodeDecodeError as error:
        raise DataError(
            Fault(
                code="RQC-D005",
                what="The name of a column is not UTF-8 text.",
                where=str(path),
                got=repr(error.object[:40]),
                expected="names in UTF-8",
                action="Export or copy it again; no part of a damaged file is judged.",
            )
        ) from error
