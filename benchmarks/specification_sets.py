"""Specifications that differ in their limits, as many as asked for."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from regenqc import load_specification
from regenqc.specification import parse_specification

if TYPE_CHECKING:
    from regenqc.specification.model import Specification

__all__ = ["BANK", "PRODUCT", "one_for_each", "product_name", "side_by_side", "standard"]

BANK, PRODUCT = "example/hipsc-bank", "example/hipsc-progenitors"
_NAME = "SYNTHETIC-HIPSC-PROGENITORS"
_STEP = Decimal("0.00001")


def standard() -> list[Specification]:
    """Return the two specifications of the synthetic product."""
    return [load_specification(name) for name in (BANK, PRODUCT)]


def product_name(number: int) -> str:
    """Return the name of one of many products."""
    return f"{_NAME}-{number:04d}"


def one_for_each(products: int) -> list[Specification]:
    """Return the specification of the bank, and one for each of many products."""
    text = load_specification(PRODUCT).text
    return [load_specification(BANK), *(_variant(text, number, product_name(number)) for number in range(products))]


def side_by_side(count: int) -> list[Specification]:
    """Return the specification of the bank, and several for one product."""
    text = load_specification(PRODUCT).text
    return [load_specification(BANK), *(_variant(text, number, _NAME) for number in range(count))]


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
