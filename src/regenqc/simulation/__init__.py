"""Seeded synthetic LIMS exports of a product derived from hiPS cells, with known truth at any size."""

from __future__ import annotations

from regenqc.simulation.run import GENERATOR_VERSION, SimulationSummary, simulate
from regenqc.simulation.troubles import AS_OF, TROUBLES

__all__ = ["AS_OF", "GENERATOR_VERSION", "TROUBLE_KINDS", "SimulationSummary", "simulate"]

TROUBLE_KINDS: tuple[str, ...] = tuple(trouble.word for trouble in TROUBLES)
