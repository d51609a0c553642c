"""Windows after thaw, by the clocks of published labels."""

from __future__ import annotations

import pytest

from regenqc.errors import DataError, SpecificationError
from regenqc.reinspection.thaw_window import ThawClock, parse_thaw_clocks, window_end
from regenqc.vocabulary import Mark

RIGHT = """schema = "regenqc.window/1"
id = "example/label"
version = "1"
[[clock]]
anchor = "thaw_started"
minutes = 60
until = "thawed and diluted"
citation = "Ebvallo, EU leaflet, 2024"
mark = "verified"
"""


def clock(anchor: str, minutes: int) -> ThawClock:
    return ThawClock(anchor=anchor, minutes=minutes, until="given", citation="label", mark=Mark.VERIFIED)


REMOVED, STARTED, ENDED = (f"2026-03-16T09:{minute}:00.000Z" for minute in ("00", "10", "20"))
MOMENTS = {"removed_from_storage": REMOVED, "thaw_started": STARTED, "thaw_ended": ENDED}


@pytest.mark.parametrize(
    ("says", "clocks", "end"),
    [
        ("Breyanzi: 2 h out of storage", (clock("removed_from_storage", 120),), "2026-03-16T11:00:00.000Z"),
        ("Abecma: 1 h from the start of thaw", (clock("thaw_started", 60),), "2026-03-16T10:10:00.000Z"),
        ("Casgevy: 20 min of thaw", (clock("thaw_ended", 20),), "2026-03-16T09:40:00.000Z"),
        (
            "the first of several closes it",
            (clock("thaw_started", 180), clock("thaw_ended", 30)),
            "2026-03-16T09:50:00.000Z",
        ),
    ],
)
def test_windows(says: str, clocks: tuple[ThawClock, ...], end: str) -> None:
    assert window_end(clocks, MOMENTS)[0] == end, says


@pytest.mark.parametrize(
    ("clocks", "moments"),
    [
        ((clock("thaw_ended", 20),), {"thaw_started": STARTED}),
        ((clock("thaw_ended", 20),), {"thaw_ended": "2026-03-16T09:20"}),
        ((clock("thaw_ended", 20),), {"thaw_started": ENDED, "thaw_ended": STARTED}),
        ((), MOMENTS),
    ],
    ids=["an anchor that nobody wrote down", "no zone", "thawed before the thaw began", "no clock"],
)
def test_without_its_anchors_there_is_no_window(clocks: tuple[ThawClock, ...], moments: dict[str, str]) -> None:
    with pytest.raises(DataError, match="RQC-H702"):
        window_end(clocks, moments)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("minutes = 60", 'minutes = "60"'),
        ("minutes = 60", "minutes = 0"),
        ("minutes = 60", "minutes = true"),
        ("thaw_started", "arrival"),
        ('mark = "verified"', 'mark = "sure"'),
        ("[[clock]]", "[[clocks]]"),
        ("regenqc.window/1", "regenqc.window/2"),
        ('until = "thawed and diluted"\n', ""),
    ],
)
def test_a_file_of_clocks_that_is_not_valid_is_refused(old: str, new: str) -> None:
    assert parse_thaw_clocks(RIGHT)
    with pytest.raises(SpecificationError, match="RQC-H701"):
        parse_thaw_clocks(RIGHT.replace(old, new))
