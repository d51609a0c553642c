"""Draw the saved figures: how many times longer the peers take, and time and memory against size; in black and white.

`python -m benchmarks.plot FOLDER` draws again what was saved there.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

# Grey and hatching tell the engines apart on paper as well; markers and dashes do in the lines.
_BARS = {
    "DuckDB": ("0.15", ""),
    "Polars": ("0.55", ""),
    "pandas": ("0.85", ""),
    "dataframely": ("1.0", "////"),
    "pandera (Polars)": ("1.0", "...."),
    "Pointblank": ("1.0", "xxxx"),
    "pandera (pandas)": ("0.75", "\\\\\\\\"),
    "Great Expectations": ("0.4", "oo"),
}
_LINES = {"regenqc": ("o", "-", 2.2), "DuckDB": ("s", "--", 1.2), "Polars": ("^", "-.", 1.2), "pandas": ("D", ":", 1.2)}


def draw(figures: dict[str, Any], folder: Path) -> None:
    """Write `ratios.png` and `sizes.png`, each as far as its workloads were run.

    Args:
        figures: as saved.
        folder: where the pictures go.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"font.size": 9, "hatch.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False})
    cases = [case for case in figures["cases"] if case["workload"] not in {"R", "T"}]
    if cases:
        _ratios(cases, figures["machine"], folder / "ratios.png")
    sizes = [case for case in figures["cases"] if case["workload"] == "R"]
    if len(sizes) > 1:
        _sizes(sizes, figures["machine"], folder / "sizes.png")


def _ratios(cases: list[dict[str, Any]], machine: str, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        figsize=(9.5, 1.2 + 0.19 * sum(len(case["engines"]) for case in cases)), layout="constrained"
    )
    place, ticks, labels = 0.0, [], []
    shown: dict[str, Any] = {}
    for case in cases:
        peers = [entry for entry in case["engines"] if entry["engine"] != "regenqc"]
        first = place
        for entry in peers:
            colour, hatch = _BARS[entry["engine"]]
            ratio = entry["times regenqc"]
            # From 1, which is as fast, to the right where the peer takes longer and to the left where it does not.
            bar = axes.barh(
                place, ratio - 1, left=1, height=0.85, color=colour, hatch=hatch, edgecolor="black", linewidth=0.6
            )
            aside = {"x": ratio * 1.04} if ratio >= 1 else {"x": ratio / 1.04, "ha": "right"}
            axes.text(y=place, s=_ratio_text(ratio), va="center", fontsize=7.5, **aside)
            shown.setdefault(entry["engine"], bar)
            place += 1
        ticks.append((first + place - 1) / 2)
        own = case["engines"][0]["work s"]
        labels.append(f"{case['workload']}  {case['label']}\nregenqc {_seconds(own)}")
        place += 0.8
    axes.set_yticks(ticks, labels)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.margins(x=0.08, y=0.01)
    axes.axvline(1, color="black", linewidth=1.2)
    axes.set_xlabel("time of the peer divided by the time of regenqc (1: as fast; work without imports, medians)")
    figure.legend(shown.values(), shown, loc="outside lower center", ncols=4, frameon=False)
    axes.set_title(f"Same files, same verdicts. {machine}", fontsize=8, loc="left")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _ratio_text(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _sizes(cases: list[dict[str, Any]], machine: str, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, (times, memory) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
    _lines(times, cases, "work s")
    times.set_ylabel("seconds, files to dispositions and findings")
    _lines(memory, cases, "peak MB")
    memory.set_ylabel("peak memory of the process, MB")
    memory.axhline(2048, color="black", linewidth=0.6, linestyle=(0, (1, 3)))
    for axes in (times, memory):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("results")
    own = [(case["results"], case["engines"][0]["work s"]) for case in cases]
    first, last = own[0], own[-1]
    linear = [last[1] * result / last[0] for result in (first[0], last[0])]
    times.plot([first[0], last[0]], linear, color="0.6", linewidth=0.8, zorder=0)
    times.annotate("linear", (first[0], linear[0]), xytext=(4, -9), textcoords="offset points", color="0.4", fontsize=8)
    times.legend(frameon=False)
    figure.suptitle(machine, fontsize=8, x=0.02, ha="left")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _lines(axes: Axes, cases: list[dict[str, Any]], name: str) -> None:
    for engine, (marker, style, width) in _LINES.items():
        points = [
            (case["results"], entry[name])
            for case in cases
            for entry in case["engines"]
            if entry["engine"] == engine and not math.isnan(entry[name])
        ]
        if points:
            results, values = zip(*points, strict=True)
            axes.plot(
                results, values, marker=marker, linestyle=style, linewidth=width, color="black", label=engine,
                markerfacecolor="black" if engine == "regenqc" else "white", markersize=5.5,
            )  # fmt: skip


if __name__ == "__main__":
    saved = Path(sys.argv[1])
    draw(json.loads((saved / "figures.json").read_text(encoding="utf-8")), saved)
