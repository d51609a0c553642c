"""Read the files of data loggers: columns by profile, moments with a zone, values with a unit, nothing guessed."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.errors import DataError, Fault
from regenqc.reinspection.condition.plain_file import SCAN_COMPILED, Rows, one_run, read_plain
from regenqc.reinspection.condition.traces import Traces

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regenqc.reinspection.condition.logger_profile import LoggerProfile

__all__ = ["read_logger_csv"]

_ZONED: Final = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_ZONE: Final = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_MOST_LINES_BEFORE: Final = 200
# Loading compiled code takes as long as reading so much without it.
_WORTH_COMPILING_BYTES: Final = 16_000_000


def read_logger_csv(
    data: bytes, *, profile: LoggerProfile, name: str, where: str = "logger.csv", compiled: bool | None = None
) -> dict[str, Traces]:
    r"""Return the traces of a logger's file, by channel.

    Args:
        data: of the file, UTF-8.
        profile: how the logger writes.
        name: of the trace, where the file has no column with serial numbers.
        where: name of the file, for messages.
        compiled: pass over a plain file in compiled code, or never do; by default for large files, and for small ones once
            that code is loaded. What is read is the same.

    Returns:
        For each channel of the profile one `Traces`; a reading without value is NaN, and nothing is sorted by time.

    Raises:
        DataError: `RQC-H220` no table, `RQC-H221` a column is missing, `RQC-H222` a moment without zone, `RQC-H223` no
            moment, `RQC-H224` a value that is no number.

    Example:
        >>> from regenqc.reinspection.condition import logger_profiles
        >>> found = read_logger_csv(b"logger,moment,temperature\nL-1,2026-03-16T09:00:00+01:00,-151.2\n",
        ...     profile=logger_profiles()["generic"], name="L-1")
        >>> found["temperature"].values.tolist(), found["temperature"].names
        ([-151.2], ('L-1',))
    """
    wanted = [profile.moment, *(column for column, _ in profile.channels.values()), *filter(None, [profile.logger])]
    before, names = _header(data, profile, wanted, where)
    missing = [column for column in wanted if names.count(column) != 1]
    if missing:
        raise DataError(
            _fault(
                "RQC-H221",
                "Columns of the profile are not, or not once, in the file of the logger.",
                where=where,
                got=", ".join(names),
                expected=", ".join(missing),
                action=f"Use another profile than `{profile.id}`.",
            )
        )
    if compiled is None:
        compiled = len(data) >= _WORTH_COMPILING_BYTES or SCAN_COMPILED.is_loaded
    rows = read_plain(data, profile, before, names) if compiled else None
    if rows is None:
        rows = _rows_of(_table(data, profile, wanted, before, where), profile, where)
    moments = rows.moments - _offset_milliseconds(profile.zone, where) if profile.zone else rows.moments
    order, offsets = _by_logger(rows)
    traces = {}
    for (channel, (_, unit)), values in zip(profile.channels.items(), rows.values, strict=True):
        traces[channel] = Traces(
            names=(name,) if rows.names is None else rows.names,
            channel=channel,
            unit=unit,
            moments=moments if order is None else moments[order],
            values=values if order is None else values[order],
            offsets=offsets,
        )
    return traces


def _rows_of(table: pa.Table, profile: LoggerProfile, where: str) -> Rows:
    """Return the rows of a table."""
    values = tuple(
        table.column(column).to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
        for column, _ in profile.channels.values()
    )
    moments = _moments(table, profile, where)
    if not profile.logger:
        return Rows(moments, values, None, *one_run(table.num_rows))
    coded = table.column(profile.logger).combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return Rows(moments, values, tuple(coded.dictionary.to_pylist()), codes[starts], starts)


def _table(data: bytes, profile: LoggerProfile, wanted: list[str], before: int, where: str) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - whoever only asks the gate needs none of it

    kind = pa.timestamp("ms") if profile.zone else pa.timestamp("ms", "UTC")
    try:
        return _read(data, profile, wanted, before, kind)
    except pa.ArrowException:
        pass
    # Something is not as it should be; the texts themselves say what.
    try:
        table = _read(data, profile, wanted, before, pa.string())
    except pa.ArrowException as error:
        code, what = "RQC-H220", "The file of the logger is no table."
        if isinstance(error, pa.ArrowKeyError):
            code, what = "RQC-H221", "A column of the profile is written otherwise in the file of the logger."
        if "conversion error" in str(error):
            code, what = "RQC-H224", "A value in the file of the logger is no number."
        raise DataError(
            _fault(
                code,
                what,
                where=where,
                got=str(error),
                expected=f"a table of {', '.join(wanted)}, with numbers or nothing",
            )
        ) from error
    raise DataError(_moment_fault(table.column(profile.moment).to_pylist(), profile, where))


def _read(data: bytes, profile: LoggerProfile, wanted: list[str], before: int, moment: pa.DataType) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    types = {profile.moment: moment, **{column: pa.float64() for column, _ in profile.channels.values()}}
    if profile.logger:
        types[profile.logger] = pa.string()
    return csv.read_csv(
        io.BytesIO(data),
        read_options=csv.ReadOptions(skip_rows=before, use_threads=False, block_size=16 << 20),
        parse_options=csv.ParseOptions(delimiter=profile.delimiter),
        convert_options=csv.ConvertOptions(
            column_types=types,
            include_columns=list(dict.fromkeys(wanted)),
            null_values=[""],
            strings_can_be_null=False,
            decimal_point=profile.decimal,
        ),
    )


def _moment_fault(texts: list[str], profile: LoggerProfile, where: str) -> Fault:
    """Return what is wrong with the first moment that is not as the others have to be."""
    for row, text in enumerate(texts, 1):
        is_zoned = _ZONED.search(text) is not None
        try:
            datetime.fromisoformat(text)
        except ValueError:
            expected = "ISO 8601 date and time"
            return _fault(
                "RQC-H223", "A moment of the logger is none.", where=f"{where} row {row}", got=text, expected=expected
            )
        if is_zoned is bool(profile.zone):
            return _fault(
                "RQC-H222",
                "A moment of the logger has no time zone."
                if not is_zoned
                else "A moment of the logger states a second zone.",
                where=f"{where} row {row}",
                got=text,
                expected="an offset, as 2026-03-16T09:00:00+01:00"
                if not is_zoned
                else f"none, the profile says {profile.zone}",
                action="State the zone of the logger's clock once: in its file or in its profile. It is never assumed.",
            )
    return _fault("RQC-H223", "The moments of the logger are none.", where=where, expected="ISO 8601 dates and times")


def _header(data: bytes, profile: LoggerProfile, wanted: list[str], where: str) -> tuple[int, list[str]]:
    looked_at = data[: 1 << 16] if profile.lines_before else data[: data.find(b"\n", 0, 1 << 16) + 1 or 1 << 16]
    lines = looked_at.decode("utf-8-sig", errors="replace").splitlines()
    first: list[str] = []
    for number, line in enumerate(lines[: _MOST_LINES_BEFORE if profile.lines_before else 1]):
        names = [cell.strip().strip('"') for cell in line.split(profile.delimiter)]
        first = first or names
        if set(wanted) <= set(names):
            return number, names
    if not first:
        raise DataError(_fault("RQC-H220", "The file of the logger is empty.", where=where, expected=", ".join(wanted)))
    return 0, first


def _moments(table: pa.Table, profile: LoggerProfile, where: str) -> NDArray[np.int64]:
    import pyarrow as pa  # noqa: PLC0415

    column = table.column(profile.moment)
    if column.null_count:
        row = column.to_pylist().index(None) + 1
        raise DataError(_fault("RQC-H223", "A moment of the logger is missing.", where=f"{where} row {row}"))
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _offset_milliseconds(zone: str, where: str) -> int:
    matched = _ZONE.fullmatch(zone)
    if matched is None:
        raise DataError(
            _fault("RQC-H222", "The zone of the profile is none.", where=where, got=zone, expected="+01:00")
        )
    minutes = int(matched[2]) * 60 + int(matched[3])
    return (-minutes if matched[1] == "-" else minutes) * 60_000


def _by_logger(rows: Rows) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """Return the order in which rows of one logger stand together, `None` when they do, and where each logger begins."""
    count, loggers = len(rows.moments), 1 if rows.names is None else len(rows.names)
    if loggers == 1:
        return None, np.asarray([0, count], dtype=np.int64)
    lengths = np.diff(rows.starts, append=count)
    counts = np.zeros(loggers, dtype=np.int64)
    np.add.at(counts, rows.codes, lengths)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    if bool(np.all(np.diff(rows.codes) >= 0)):
        return None, offsets
    return np.argsort(np.repeat(rows.codes, lengths), kind="stable"), offsets


def _fault(code: str, what: str, *, where: str, got: str = "", expected: str = "", action: str = "") -> Fault:
    return Fault(code=code, what=what, where=where, got=got, expected=expected, action=action)
