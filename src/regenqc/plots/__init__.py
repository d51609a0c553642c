"""Pictures for people, drawn from charts that `regenqc.statistics.curves` computes.

matplotlib is imported when something is drawn, and is an optional dependency: `pip install "regenqc[plot]"`.
"""

from regenqc.plots.drawing import FORMATS, draw_chart

__all__ = ["FORMATS", "draw_chart"]
