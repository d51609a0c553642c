"""Drawing charts: formats, the same bytes again, and what is said when it cannot be done."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from regenqc.errors import UsageError
from regenqc.plots import FORMATS, draw_chart
from regenqc.statistics.curves import (
    Chart,
    bound_chart,
    container_chart,
    detection_chart,
    mosaicism_chart,
    operating_chart,
)

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("matplotlib")

STARTS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
CHARTS = {
    "mosaicism": lambda: mosaicism_chart(confidence=0.95, power=0.95, share=0.1),
    "one metaphase": lambda: mosaicism_chart(confidence=0.95, power=0.95, metaphases=1),
    "detection": lambda: detection_chart(0.01, unit="mL", confidence=0.95),
    "operating curves": lambda: operating_chart((0.5, 1, 3), unit="dose"),
    "bound": lambda: bound_chart(1e-5, confidence=0.95),
    "containers": lambda: container_chart(0.01, confidence=0.95),
    "every container of a lot": lambda: container_chart(0.01, confidence=0.95, containers=12),
}


def chart() -> Chart:
    return mosaicism_chart(confidence=0.95, power=0.95, share=0.1)


@pytest.mark.parametrize("ending", FORMATS)
def test_each_format_is_what_its_name_says(tmp_path: Path, ending: str) -> None:
    path = draw_chart(chart(), tmp_path / f"curve{ending}")

    assert path.read_bytes().startswith(STARTS[ending])
    assert [file.name for file in tmp_path.iterdir()] == [f"curve{ending}"]


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_chart_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    first, second = (draw_chart(chart(), tmp_path / f"{name}{ending}").read_bytes() for name in ("a", "b"))

    assert first == second


@pytest.mark.parametrize("made", CHARTS.values(), ids=CHARTS)
def test_every_chart_can_be_drawn_in_grey_alone(tmp_path: Path, made) -> None:
    from matplotlib.image import imread

    pixels = imread(draw_chart(made(), tmp_path / "curve.png"))[..., :3]

    assert pixels.shape[:2] == (900, 1440)
    assert float(pixels.std(axis=2).max()) < 1e-6


@pytest.mark.parametrize("made", CHARTS.values(), ids=CHARTS)
def test_nothing_is_cut_off_at_the_edge(tmp_path: Path, made) -> None:
    from matplotlib.image import imread

    pixels = imread(draw_chart(made(), tmp_path / "curve.png"))[..., 0]

    for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert edge.min() == 1.0


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "curve.svg"
    path.write_text("old")
    draw_chart(chart(), path)

    assert path.read_bytes().startswith(b"<?xml")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"RQC-U087.*\.pdf, \.png or \.svg"):
        draw_chart(chart(), tmp_path / "curve.gif")


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RQC-U089"):
        draw_chart(chart(), tmp_path / "nowhere" / "curve.svg")


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(UsageError, match=r"RQC-U088.*pip install \"regenqc\[plot\]\""):
        draw_chart(chart(), tmp_path / "curve.svg")
    assert list(tmp_path.iterdir()) == []


def test_matplotlib_is_imported_only_to_draw() -> None:
    script = "import sys, regenqc.plots, regenqc.statistics.curves; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
