"""Files of loggers that are plain are read in one pass, and nothing that was read differs from what the reader of tables reads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import DataError
from regenqc.reinspection.condition import LoggerProfile, logger_profiles, plain_file, read_logger_csv
from regenqc.reinspection.condition.plain_file import SCAN_COMPILED, read_plain
from regenqc.reinspection.condition.plain_rows import scan_rows

if TYPE_CHECKING:
    from regenqc.reinspection.condition import Traces

GENERIC = logger_profiles()["generic"]
SHIPPER = logger_profiles()["shipper"]
LOCAL = LoggerProfile(
    id="local",
    moment="Zeit",
    channels={"temperature": ("Temperatur", "°C"), "tilt": ("Neigung", "deg")},
    logger="Gerät",
    delimiter=";",
    decimal=",",
    zone="+01:00",
)
HEADERS = {
    "generic": "logger,moment,temperature",
    "shipper": "Timestamp (UTC offset);Payload temperature (°C);Battery;Tilt (deg);Shock (g)",
    "local": "Gerät;Zeit;Temperatur;Neigung",
}
PROFILES = {"generic": GENERIC, "shipper": SHIPPER, "local": LOCAL}


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the pass as the ordinary Python that it is."""
    monkeypatch.setattr(plain_file, "SCAN_COMPILED", scan_rows)


def read(data: bytes, profile: LoggerProfile, *, compiled: bool) -> Any:
    """Return everything that was read, to be compared bit by bit; or the codes of what was refused."""
    try:
        found = read_logger_csv(data, profile=profile, name="L-0", compiled=compiled)
    except DataError as error:
        return [(fault.code, fault.what, fault.where, fault.got) for fault in error.faults]
    return {channel: told(traces) for channel, traces in found.items()}


def told(traces: Traces) -> tuple[Any, ...]:
    values = traces.values.copy()
    values[np.isnan(values)] = np.nan
    return traces.names, traces.unit, traces.moments.tolist(), values.view(np.int64).tolist(), traces.offsets.tolist()


def is_plain(data: bytes, profile: LoggerProfile) -> bool:
    head = data.decode("utf-8-sig", errors="replace").splitlines()[0]
    return read_plain(data, profile, 0, head.split(profile.delimiter)) is not None


ZONES = st.sampled_from(["Z", "+00:00", "-00:00", "+01:00", "-11:45", "+14:00"])
DECIMALS = st.one_of(
    st.just(""),
    st.decimals(-10_000, 10_000, places=2).map(str),
    st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,5}\.[0-9]{1,10}", fullmatch=True),
)
MOMENTS = st.datetimes(
    min_value=datetime(1901, 1, 1),  # noqa: DTZ001 - the zone is written behind it
    max_value=datetime(2199, 12, 31),  # noqa: DTZ001
)


@st.composite
def plain(draw: st.DrawFn, *, loggers: tuple[str, ...] = ("L-1", "L-2", "SERIAL/0815")) -> tuple[bytes, str]:
    """A file as a logger writes it, in one of the layouts."""
    name = draw(st.sampled_from(sorted(PROFILES)))
    profile = PROFILES[name]
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        when = draw(MOMENTS)
        separator, detail = draw(st.sampled_from("T ")), draw(st.sampled_from(["seconds", "milliseconds"]))
        moment = when.isoformat(separator, detail) + ("" if profile.zone else draw(ZONES))
        values = [draw(DECIMALS).replace(".", profile.decimal) for _ in profile.channels]
        logger = draw(st.sampled_from(loggers))
        cells = {
            "generic": [logger, moment, *values],
            "shipper": [moment, values[0], draw(st.text("abc ,.°", max_size=3)), *values[1:]],
            "local": [logger, moment, *values],
        }[name]
        rows.append(profile.delimiter.join(cells))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = HEADERS[name] + end + "".join(row + end for row in rows)
    if rows and draw(st.booleans()):
        text = text.removesuffix(end)
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode(), name


@pytest.mark.usefixtures("uncompiled")
@settings(max_examples=100, deadline=None)
@given(plain())
def test_a_plain_file_is_read_as_the_reader_of_tables_reads_it(file: tuple[bytes, str]) -> None:
    data, name = file
    assert read(data, PROFILES[name], compiled=True) == read(data, PROFILES[name], compiled=False)


@pytest.mark.usefixtures("uncompiled")
@settings(max_examples=100, deadline=None)
@given(plain(loggers=("L-1",)))
def test_the_usual_file_is_plain(file: tuple[bytes, str]) -> None:
    data, name = file
    assert is_plain(data, PROFILES[name])


ODD = st.sampled_from(
    [b"", b",", b";", b"\n", b"\r", b"\r\n", b'"', b" ", b"\t", b"-", b"+", b".", b"e5", b"nan", b"inf", b"0", b"9", b"T",
     b"Z", b"z", b":", b"\x00", b"\xff", b"\xc2\xb0", b"+0100", b"+01", b".5", b"1e400", b"999999999999999999", b"24", b"60",
     b"-02-29", b"1899", b"2300", b"--", b"\xef\xbb\xbf", b"NA", b"null"]
)  # fmt: skip


DAMAGE = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 4), ODD), min_size=1, max_size=3)


def damaged(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, odd in changes:
        at = place % (len(data) + 1)
        data = data[:at] + odd + data[at + length :]
    return data


@pytest.mark.usefixtures("uncompiled")
@settings(max_examples=300, deadline=None)
@given(plain(), DAMAGE)
def test_a_file_that_is_damaged_is_read_or_refused_as_the_reader_of_tables_does(
    file: tuple[bytes, str], changes: list[tuple[int, int, bytes]]
) -> None:
    data, profile = damaged(file[0], changes), PROFILES[file[1]]
    assert read(data, profile, compiled=True) == read(data, profile, compiled=False)


@pytest.mark.long
@pytest.mark.usefixtures("uncompiled")
@settings(max_examples=20_000, deadline=None)
@given(plain(), DAMAGE)
def test_files_that_are_damaged_in_many_ways_are_read_or_refused_alike(
    file: tuple[bytes, str], changes: list[tuple[int, int, bytes]]
) -> None:
    data, profile = damaged(file[0], changes), PROFILES[file[1]]
    assert read(data, profile, compiled=True) == read(data, profile, compiled=False)


def test_the_compiled_pass_reads_what_the_plain_one_reads() -> None:
    dice = np.random.default_rng(5)
    began = 1_773_619_200_000
    rows = [
        f"L-{row // 400},{np.datetime64(began + row * 60_000, 'ms')}+01:00,{value:.3f}"
        for row, value in enumerate(dice.normal(-150, 40, 4_000))
    ]
    rows[17] = rows[17].rpartition(",")[0] + ","
    data = ("\n".join(["logger,moment,temperature", *rows]) + "\n").encode()
    assert SCAN_COMPILED.function is scan_rows
    compiled = read(data, GENERIC, compiled=True)
    assert compiled == read(data, GENERIC, compiled=False)
    assert compiled["temperature"][0] == tuple(f"L-{number}" for number in range(10))


@pytest.mark.usefixtures("uncompiled")
def test_rows_of_loggers_that_alternate_stand_together_afterwards() -> None:
    lines = [f"L-{row // 10 % 2},2026-03-16T{row // 60:02d}:{row % 60:02d}:00Z,{row}" for row in range(200)]
    data = "\n".join([HEADERS["generic"], *lines]).encode()
    assert is_plain(data, GENERIC)
    found = read(data, GENERIC, compiled=True)["temperature"]
    assert (found[0], found[4]) == (("L-0", "L-1"), [0, 100, 200])
    assert found == read(data, GENERIC, compiled=False)["temperature"]


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_logger_in_the_last_column_is_known_again(end: str) -> None:
    lines = [f"2026-03-16T{row // 60:02d}:{row % 60:02d}:00Z,{row},L-{row // 50}" for row in range(100)]
    data = (end.join(["moment,temperature,logger", *lines]) + end).encode()
    found = read_plain(data, GENERIC, 0, ["moment", "temperature", "logger"])
    assert found is not None
    assert (found.names, found.starts.tolist()) == (("L-0", "L-1"), [0, 50])
    assert read(data, GENERIC, compiled=True) == read(data, GENERIC, compiled=False)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize(
    "text",
    ["0.1", "-0", "-0.0", "123456789012345", "0.00000000000001", "9007199254740.99", "0.3"],
)
def test_every_decimal_is_rounded_as_the_standard_says(text: str) -> None:
    data = f"{HEADERS['generic']}\nL,2026-03-16T00:00:00Z,{text}\n".encode()
    assert is_plain(data, GENERIC)
    found = read_logger_csv(data, profile=GENERIC, name="", compiled=True)["temperature"].values
    assert found.view(np.int64).tolist() == np.asarray([float(text)]).view(np.int64).tolist()


@pytest.mark.usefixtures("uncompiled")
def test_two_channels_of_one_column_are_both_read() -> None:
    twice = LoggerProfile(
        id="twice", moment="moment", channels={"temperature": ("t", "°C"), "again": ("t", "°C")}, logger=""
    )
    data = b"moment,t\n2026-03-16T00:00:00Z,-150.5\n"
    found = read(data, twice, compiled=True)
    assert found == read(data, twice, compiled=False)
    assert found["again"][3] == found["temperature"][3]


@pytest.mark.parametrize("header", ["  logger ,moment,temperature", '"logger","moment","temperature "'])
def test_a_header_that_is_written_otherwise_is_refused_by_name(header: str) -> None:
    data = f"{header}\nL-1,2026-03-16T00:00:00Z,-150\n".encode()
    for compiled in (False, True):
        (fault,) = read(data, GENERIC, compiled=compiled)
        assert fault[0] == "RQC-H221"
