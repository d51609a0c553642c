"""The named inputs of every function that may produce a derived result.

The functions themselves stand in `regenqc.evaluation.derived`; a specification only needs their names.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DERIVED_INPUTS"]

DERIVED_INPUTS: Final[dict[str, tuple[str, ...]]] = {
    "endotoxin_per_kg_hour": ("concentration", "volume", "weight", "duration"),
    "dose_per_kg": ("dose", "weight"),
    "viable_cell_dose": ("concentration", "volume", "viability"),
    "residual_cells_per_dose": ("fraction", "dose"),
}
