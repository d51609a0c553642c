"""Files of loggers that are plain throughout, read in one pass; any other file is left to the reader of tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.compiled import CompiledFunction
from regenqc.reinspection.condition.plain_rows import CHANNEL, LOGGER, MOMENT, PASSED_OVER, SHORTEST_ROW, scan_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.reinspection.condition.logger_profile import LoggerProfile

__all__ = ["SCAN_COMPILED", "Rows", "one_run", "read_plain"]

# A run of rows of one logger is longer than that, or else the rows of several loggers alternate.
_SHORTEST_RUN: Final = 8


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file in their order.

    Args:
        moments: milliseconds, as the clock of the file shows them where its profile states the zone.
        values: of each channel of the profile.
        names: of the loggers in the order in which they appear, `None` where the file does not say.
        codes: of each run of rows the logger.
        starts: of each run the first row.
    """

    moments: NDArray[np.int64]
    values: tuple[NDArray[np.float64], ...]
    names: tuple[str, ...] | None
    codes: NDArray[np.int64]
    starts: NDArray[np.int64]


def read_plain(data: bytes, profile: LoggerProfile, before: int, names: list[str]) -> Rows | None:
    """Return the rows of a file that is plain throughout, `None` for any other.

    Args:
        data: of the file.
        profile: how the logger writes.
        before: lines before the header.
        names: of the columns, as the header has them.
    """
    begin = 0
    for _ in range(before + 1):
        start, begin = begin, data.find(b"\n", begin) + 1
        if begin == 0:
            return None
    header = data[start:begin].removeprefix(b"\xef\xbb\xbf" if start == 0 else b"").rstrip(b"\r\n")
    delimiter, decimal = profile.delimiter.encode(), profile.decimal.encode()
    is_as_named = header.decode(errors="replace").split(profile.delimiter) == names and b'"' not in header
    columns = [column for column, _ in profile.channels.values()]
    kinds = {profile.moment: MOMENT, **({profile.logger: LOGGER} if profile.logger else {})}
    kinds |= {column: CHANNEL + number for number, column in enumerate(columns)}
    has_one_each = len(kinds) == len(columns) + (2 if profile.logger else 1)
    is_plain = is_as_named and has_one_each and len(delimiter) == len(decimal) == 1 and delimiter != decimal
    if not is_plain:
        return None
    most = (len(data) - begin) // SHORTEST_ROW + 1
    moments, values = np.empty(most, dtype=np.int64), np.empty((len(columns), most))
    runs = np.empty((most // _SHORTEST_RUN + 1, 3), dtype=np.int64)
    run_count = np.zeros(1, dtype=np.int64)
    count = SCAN_COMPILED(
        np.frombuffer(data, dtype=np.uint8),
        begin,
        delimiter[0],
        decimal[0],
        int(not profile.zone),
        np.asarray([kinds.get(name, PASSED_OVER) for name in names], dtype=np.int64),
        moments,
        values,
        runs,
        run_count,
    )
    if count < 0:
        return None
    read = moments[:count], tuple(values[number, :count] for number in range(len(columns)))
    if not profile.logger:
        return Rows(*read, None, *one_run(count))
    found = runs[: run_count[0]]
    known: dict[str, int] = {}
    codes = [known.setdefault(data[first:end].decode("ascii"), len(known)) for _, first, end in found.tolist()]
    return Rows(*read, tuple(known), np.asarray(codes, dtype=np.int64), found[:, 0].copy())


def one_run(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return codes and starts of the runs of a file in which all rows are of one logger."""
    return np.zeros(min(count, 1), dtype=np.int64), np.zeros(min(count, 1), dtype=np.int64)


def _no_file() -> tuple[Any, ...]:
    """Return arguments of the types of every pass."""
    whole = np.empty(0, dtype=np.int64)
    return (
        np.empty(0, dtype=np.uint8),
        0,
        0,
        0,
        0,
        whole,
        whole,
        np.empty((0, 0)),
        np.empty((0, 3), dtype=np.int64),
        whole,
    )


# A new installation compiles it once, later runs read it from the disk.
SCAN_COMPILED: Final = CompiledFunction(scan_rows, like=_no_file)
