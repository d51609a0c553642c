"""`regenqc reinspect agree`: values of two laboratories, lot by lot and as a trend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .custody_site import regenqc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .custody_site import Done

__all__ = ["regenqc"]  # fixture

HEAD = "batch_id,unit,manufacturer,manufacturer_uncertainty,hospital,hospital_uncertainty\n"


def values(folder: Path, *rows: str) -> Path:
    path = folder / "viability.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return path


def lots(count: int) -> list[str]:
    return [f"LOT-{number},%,{90 + number % 4},1,{88 + number % 3},1" for number in range(count)]


def test_lots_that_agree_leave_with_0_and_the_trend_is_said(tmp_path: Path, regenqc: Callable[..., Done]) -> None:
    done = regenqc("reinspect", "agree", values(tmp_path, *lots(12)), "--margin", "10", "--svg", tmp_path / "a.svg")
    assert (done.code, done.err) == (0, "")
    assert "bias -2" in done.out
    assert "no verdict on a lot" in done.out
    assert (tmp_path / "a.svg").read_text().startswith("<svg")


def test_a_lot_that_does_not_agree_leaves_with_1(tmp_path: Path, regenqc: Callable[..., Done]) -> None:
    file = values(tmp_path, *lots(3), "LOT-X,%,90,1,60,1", "LOT-Y,%,90,,89,1")
    done = regenqc("reinspect", "agree", file, "--margin", "15%", "--json")
    told = json.loads(done.out)
    assert (done.code, [each["verdict"] for each in told["lots"]][3:]) == (1, ["fails", "inconclusive"])
    assert told["trend"].startswith("no trend")


@pytest.mark.parametrize(
    ("rows", "margin", "code"),
    [
        (["LOT-1,%,<70,1,80,1"], "10", "RQC-H502"),
        ([], "10", "RQC-H502"),
        (["LOT-1,%,90,1,80,1", "LOT-2,cells,90,1,80,1"], "10", "RQC-H502"),
        (["LOT-1,%,90,1,80,1"], "some", "RQC-U145"),
        (["LOT-1,%,90,-1,80,1"], "10", "RQC-H501"),
    ],
    ids=["a censored value", "no lot", "two units", "no margin", "a negative uncertainty"],
)
def test_what_cannot_be_compared_is_refused(
    rows: list[str], margin: str, code: str, tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    done = regenqc("reinspect", "agree", values(tmp_path, *rows), "--margin", margin)
    assert done.code in {2, 3}
    assert code in done.err
