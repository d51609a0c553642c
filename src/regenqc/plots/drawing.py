"""Draw a chart so that it is read without its colours: dashes tell curves apart, and labels stand beside them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    from regenqc.statistics.curves import Axis, Chart, Curve
    from regenqc.statistics.domain import FloatArray

__all__ = ["FORMATS", "draw_chart"]

FORMATS: Final = (".pdf", ".png", ".svg")

_WIDE, _HIGH, _LEFT = 7.2, 4.5, 0.035
_LABELS_AT: Final = 1.09
_INK: Final = "#111111"
_FAINT: Final = "#6b6b6b"
_GRID: Final = "#dddddd"
_DASHES: Final[tuple[Any, ...]] = (
    "-",
    (0, (7, 2.5)),
    (0, (3, 2)),
    (0, (1, 1.6)),
    (0, (9, 2, 1.5, 2)),
    (0, (4, 2, 1, 2, 1, 2)),
)

# What differs from run to run is left out, so that the same chart gives the same bytes.
_METADATA: Final[dict[str, dict[str, Any]]] = {
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
}
_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",  # comes with the library, so that every machine draws the same
    "font.size": 9.5,
    "svg.hashsalt": "regenqc",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "axes.edgecolor": _FAINT,
    "axes.linewidth": 0.8,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
}


def draw_chart(chart: Chart, path: str | Path) -> Path:
    """Write a chart as a file; an earlier file is replaced only when the new one is whole.

    Args:
        chart: from `regenqc.statistics.curves`.
        path: ending in one of `FORMATS`.

    Returns:
        The path.

    Raises:
        UsageError: RQC-U087 for another ending, RQC-U088 without matplotlib, RQC-U089 when the file cannot be written.

    Example:
        >>> from regenqc.statistics.curves import operating_chart
        >>> draw_chart(operating_chart((1, 3), unit="dose"), "chart.bmp")
        Traceback (most recent call last):
        regenqc.errors.UsageError: RQC-U087 The picture has no format that can be drawn. Got: chart.bmp. Expected: a name that
        ends in .pdf, .png or .svg. Rename the file.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise UsageError(
            Fault(
                code="RQC-U087",
                what="The picture has no format that can be drawn.",
                got=str(path),
                expected="a name that ends in .pdf, .png or .svg",
                action="Rename the file.",
            )
        )
    try:
        import matplotlib as mpl  # noqa: PLC0415 - optional, and half a second
    except ModuleNotFoundError:
        raise UsageError(
            Fault(
                code="RQC-U088",
                what="Pictures need matplotlib, which is not installed.",
                expected="matplotlib",
                action='Install it with: pip install "regenqc[plot]"',
            )
        ) from None
    with mpl.rc_context(_STYLE):
        figure = _figure(chart)
        _write(figure, target, ending)
    return target


def _write(figure: Figure, target: Path, ending: str) -> None:
    temporary = None
    try:
        descriptor, name = tempfile.mkstemp(suffix=ending, dir=target.parent)
        os.close(descriptor)
        temporary = Path(name)
        figure.savefig(temporary, format=ending[1:], dpi=200, metadata=_METADATA[ending], facecolor="white")
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise UsageError(
            Fault(
                code="RQC-U089",
                what="The picture cannot be written.",
                where=str(target),
                got=error.strerror or str(error),
                expected="a directory that exists and can be written",
                action="Choose another place.",
            )
        ) from None


def _figure(chart: Chart) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see draw_chart
    from matplotlib.figure import Figure  # noqa: PLC0415 - see draw_chart

    figure = Figure(figsize=(_WIDE, _HIGH))
    measure = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.text(_LEFT, 0.955, chart.title, fontsize=12.5, fontweight="bold", va="top")
    figure.text(_LEFT, 0.885, chart.subtitle, color=_FAINT, va="top")
    axes = figure.add_axes((_LEFT + 0.085, 0.13, 0.6, 0.68))
    _prepare(axes, chart)
    for number, curve in enumerate(chart.curves):
        axes.plot(curve.x, curve.y, zorder=3, **_pen(number, curve))
    labels = _label_curves(axes, chart)
    # The labels take what width they need, and the curves have the rest.
    width = max(label.get_window_extent(measure).width for label in labels) / figure.bbox.width
    axes.set_position((_LEFT + 0.085, 0.13, (0.975 - _LEFT - 0.085 - width) / _LABELS_AT, 0.68))
    taken = [] if chart.mark is None else _mark(axes, chart, chart.mark, measure)
    if chart.level is not None:
        _level(axes, chart, chart.level, measure, taken)
    return figure


def _pen(number: int, curve: Curve) -> dict[str, Any]:
    return {
        "color": _INK,
        "linestyle": _DASHES[number % len(_DASHES)],
        "linewidth": 2.2 if curve.asked else 1.3,
    }


def _prepare(axes: Axes, chart: Chart) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _scale(axes, chart.x, "x")
    _scale(axes, chart.y, "y")
    axes.grid(visible=True, axis="both", which="major", color=_GRID, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)


def _scale(axes: Axes, axis: Axis, name: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter  # noqa: PLC0415 - see draw_chart

    drawn = axes.xaxis if name == "x" else axes.yaxis
    if axis.logarithmic:
        axes.set(**{f"{name}scale": "log"})
        drawn.set_minor_formatter(NullFormatter())
    # A curve that runs along 100 % keeps its whole width.
    top = 1.015 if axis.percent and axis.high == 1 else axis.high
    axes.set(**{f"{name}lim": (axis.low, top), f"{name}label": axis.title})
    if axis.percent:
        drawn.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.10g} %"))
    elif not axis.logarithmic:
        drawn.set_major_locator(MaxNLocator(nbins=6, integer=axis.whole, steps=[1, 2, 5, 10]))
        drawn.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _label_curves(axes: Axes, chart: Chart) -> list[Text]:
    """Write each label where its curve leaves the picture, moved apart where curves meet."""
    ends = [_ends(axes, chart, curve) for curve in chart.curves]
    heights = _spread(ends, least=0.062)
    labels = []
    for number, (curve, height) in enumerate(zip(chart.curves, heights, strict=True)):
        axes.plot([1.015, 1.075], [height, height], transform=axes.transAxes, clip_on=False, **_pen(number, curve))
        weight = "bold" if curve.asked else "normal"
        labels.append(
            axes.text(
                _LABELS_AT, height, curve.label, transform=axes.transAxes, va="center", fontsize=9, fontweight=weight
            )
        )
    return labels


def _ends(axes: Axes, chart: Chart, curve: Curve) -> tuple[float, float]:
    """Return the height at which a curve ends, and its mean height, as fractions of the picture."""
    inside = np.isfinite(curve.y) & (curve.x >= chart.x.low) & (curve.x <= chart.x.high)
    points = np.column_stack((curve.x[inside], curve.y[inside]))
    heights = np.clip(axes.transAxes.inverted().transform(axes.transData.transform(points))[:, 1], 0, 1)
    return float(heights[-1]), float(np.mean(heights))


def _spread(ends: list[tuple[float, float]], *, least: float) -> list[float]:
    """Return heights at least so far apart, as near as the ends were; curves that end together keep their order."""
    last, mean = np.asarray(ends).T
    order = np.lexsort((mean, np.round(last, 2)))
    steps = least * np.arange(len(ends))
    # The nearest rising sequence is found by averaging neighbours that would cross (pool adjacent violators).
    blocks: list[list[float]] = []
    for value in last[order] - steps:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks]) + steps
    level -= max(0.0, float(level[-1]) - 1.0)
    spread = np.empty(len(ends))
    spread[order] = level
    return [float(height) for height in spread]


def _level(axes: Axes, chart: Chart, level: tuple[float, str], measure: RendererBase, taken: list[FloatArray]) -> None:
    """Draw a limit, with its words beside the line where they cover no curve."""
    height, words = level
    axes.axhline(height, color=_FAINT, linewidth=0.9, zorder=2)
    note = axes.annotate(
        words, (0, height), xycoords=("axes fraction", "data"), textcoords="offset points", xytext=(0, 0),
        color=_FAINT, fontsize=8.5, va="center",
    )  # fmt: skip
    size, frame, scale = note.get_window_extent(measure), axes.get_window_extent(), axes.figure.dpi / 72
    drawn = np.concatenate([_drawn(axes, chart), *taken])
    centre = axes.transData.transform((chart.x.high, height))[1]
    places = [(share, side) for share in np.linspace(1, 0, 41) for side in (1, -1)]
    for share, side in places:
        left = share * (frame.width - size.width - 8 * scale) + 4 * scale
        middle = side * (size.height / 2 + 3 * scale)
        low = np.asarray((frame.x0 + left, centre + middle - size.height / 2))
        high = low + np.asarray((size.width, size.height))
        if high[1] < frame.y1 and low[1] > frame.y0 and not _covers(drawn, low - 3, high + 3):
            note.set_position((left / scale, middle / scale))
            return
    note.set_position((4.0, 3.0 + size.height / scale / 2))


def _mark(axes: Axes, chart: Chart, mark: tuple[float, float, str], measure: RendererBase) -> list[FloatArray]:
    """Mark the answer, with its words where they cover no curve, and return the pixels that are then taken."""
    x, y, words = mark
    guide: dict[str, Any] = {"color": _INK, "linewidth": 0.9, "linestyle": (0, (2, 2)), "zorder": 2.5}
    axes.plot([x, x], [chart.y.low, y], **guide)
    if chart.level is None:
        axes.plot([chart.x.low, x], [y, y], **guide)
    axes.plot([x], [y], marker="o", markersize=7.5, color=_INK, markeredgecolor="white", zorder=5, clip_on=False)
    note = axes.annotate(
        words, (x, y), (0, 0), textcoords="offset points", fontweight="bold", ha="center", va="center", zorder=6,
        arrowprops={"arrowstyle": "-", "color": _INK, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 4},
    )  # fmt: skip
    size = note.get_window_extent(measure)
    note.set_position(_free_place(axes, chart, (x, y), size))
    centre = axes.transData.transform((x, y))
    words_at = centre + np.asarray(note.get_position()) * axes.figure.dpi / 72
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 40), np.linspace(-0.5, 0.5, 9)), axis=-1).reshape(-1, 2)
    guide_line = np.column_stack(_guide(chart, (x, y)))
    leader = np.linspace(centre, words_at, 100)
    return [words_at + grid * (size.width, size.height), axes.transData.transform(guide_line), leader]


def _guide(chart: Chart, point: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return the line from a point down to the axis."""
    spaced = np.geomspace if chart.y.logarithmic else np.linspace
    return np.full(200, point[0]), np.asarray(spaced(chart.y.low, point[1], 200), dtype=np.float64)


def _free_place(axes: Axes, chart: Chart, point: tuple[float, float], words: Bbox) -> tuple[float, float]:
    """Return the offset, in points, of the nearest place around a point where words cover no line."""
    centre = axes.transData.transform(point)
    half = np.asarray((words.width, words.height)) / 2 + 5
    frame = axes.get_window_extent()
    lines = [_guide(chart, point)]
    if chart.level is not None:
        lines.append((np.linspace(chart.x.low, chart.x.high, 200), np.full(200, chart.level[0])))
    drawn = _drawn(axes, chart, *lines)
    scale = axes.figure.dpi / 72
    for distance in range(16, 300, 6):
        for angle in (45, 30, 60, 0, 90, -30, -45, -60, -90, 135, 180, -135):
            direction = np.asarray((np.cos(np.radians(angle)), np.sin(np.radians(angle))))
            offset = direction * (distance * scale + half * np.abs(direction))
            low, high = centre + offset - half, centre + offset + half
            outside = np.any(low < (frame.x0, frame.y0)) or np.any(high > (frame.x1, frame.y1))
            if not outside and not _covers(drawn, low, high):
                return float(offset[0] / scale), float(offset[1] / scale)
    return 0.0, -20.0


def _drawn(axes: Axes, chart: Chart, *more: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Return points of all curves in pixels, close enough together that no word fits between two of them."""
    lines = [*((curve.x, curve.y) for curve in chart.curves), *more]
    return np.concatenate([_dense(axes.transData.transform(np.column_stack(line))) for line in lines])


def _covers(drawn: FloatArray, low: FloatArray, high: FloatArray) -> bool:
    return bool(np.any(np.all((drawn > low) & (drawn < high), axis=1)))


def _dense(points: FloatArray) -> FloatArray:
    points = points[np.all(np.isfinite(points), axis=1)]
    along = np.linspace(0, len(points) - 1, 8 * len(points))
    return np.column_stack([np.interp(along, np.arange(len(points)), points[:, axis]) for axis in (0, 1)])
