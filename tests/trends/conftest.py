"""Histories written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from regenqc.intake import read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regenqc.intake import ResultTable

START = datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.fixture
def history() -> Callable[..., ResultTable]:
    """Return a maker of results: one lot a day, with further columns by name."""

    def make(
        results: Sequence[str],
        *,
        unit: str | Sequence[str] = "%",
        test: str | Sequence[str] = "viability",
        **columns: Any,
    ) -> ResultTable:
        count = len(results)
        table: dict[str, Any] = {
            "batch_id": [f"LOT-{number:03d}" for number in range(1, count + 1)],
            "test": [test] * count if isinstance(test, str) else list(test),
            "result": list(results),
            "unit": [unit] * count if isinstance(unit, str) else list(unit),
            "stage": ["drug_product_release"] * count,
            "tested_at": [(START + timedelta(days=number)).isoformat() for number in range(count)],
        }
        return read_results(pa.table(table | columns))

    return make
