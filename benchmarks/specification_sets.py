"""The specifications of the benchmark, and others that differ from them in their limits, as many as asked for."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc import load_specification, parse_specification

if TYPE_CHECKING:
    from regenqc.specification.model import Specification

__all__ = ["BANK", "PRODUCT", "one_for_each", "product_name", "side_by_side", "standard"]

# Identifiers, which are their files as seen from the folder above `benchmarks`.
BANK, PRODUCT = "benchmarks/specifications/bank.toml", "benchmarks/specifications/progenitors.toml"
_ROOT = Path(__file__).resolve().parents[1]
_NAME = "SYNTHETIC-HIPSC-PROGENITORS"
_STEP = Decimal("0.00001")


def standard() -> list[Specification]:
    """Return the two specifications of the benchmark."""
    return [_loaded(name) for name in (BANK, PRODUCT)]


def _loaded(name: str) -> Specification:
    return load_specification(_ROOT / name)


def product_name(number: int) -> str:
    """Return the name of one of many products."""
    return f"{_NAME}-{number:04d}"


def one_for_each(products: int) -> list[Specification]:
    """Return the specification of the bank, and one for each of many products."""
    text = _loaded(PRODUCT).text
    return [_loaded(BANK), *(_variant(text, number, product_name(number)) for number in range(products))]


def side_by_side(count: int) -> list[Specification]:
    """Return the specification of the bank, and several for one product."""
    text = _loaded(PRODUCT).text
    return [_loaded(BANK), *(_variant(text, number, _NAME) for number in range(count))]


def _variant(text: str, number: int, product: str) -> Specification:
    """Widen every limit by hundred-thousandths, so that no two specifications share one."""

    def widened(match: re.Match[str]) -> str:
        factor = 1 - number * _STEP if match[1] == "min" else 1 + number * _STEP
        return f'{match[1]} = "{(Decimal(match[2]) * factor).normalize():f}"'

    lines = [
        line if line.startswith("alert") else re.sub(r'\b(min|max) = "([0-9.]+)"', widened, line)
        for line in text.splitlines()
    ]
    changed = "\n".join(lines).replace(_NAME, product).replace(f'"{PRODUCT}"', f'"{PRODUCT}-{number:04d}"')
    return parse_specification(changed)
