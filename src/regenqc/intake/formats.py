"""What a file is, by its content: the first bytes decide, never the ending of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["format_of"]

_START_BYTES: Final = 4096
_MAGIC: Final = (
    (b"PK\x03\x04", "xlsx"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # the stream form
)
_MARK: Final = b"\xef\xbb\xbf"


def format_of(path: Path) -> str:
    r"""Return `xlsx`, `parquet`, `arrow`, `json_lines`, `json` or `delimited`.

    Text that begins with a brace is JSON: on one line and followed by others it is JSON Lines. Everything that is none of
    these is text with separators, whose reader refuses what is no text.

    Raises:
        OSError: the file cannot be read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "export.csv").write_bytes(b"PAR1")
        ...     format_of(Path(folder, "export.csv"))
        'parquet'
    """
    with path.open("rb") as stream:
        start = stream.read(_START_BYTES)
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    text = start.removeprefix(_MARK).lstrip(b" \t\r\n")
    if text.startswith(b"[") and text[1:].lstrip(b" \t\r\n")[:1] in {b"{", b"]"}:
        return "json"
    if text.startswith(b"{"):
        first = text.split(b"\n", 1)[0].rstrip()
        return "json_lines" if first.endswith(b"}") and len(first) > 1 and path.suffix.lower() != ".json" else "json"
    return "delimited"
