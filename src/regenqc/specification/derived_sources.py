"""Where the input of a derived result comes from: results, an attribute of the batch, or a number of the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from regenqc.measurement.reported import Form, read_reported
from regenqc.specification.model import RowInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.specification.model import Derived, InputSource

__all__ = ["AttributeSource", "ConstantSource", "read_source", "rows_needed", "source_text"]


class AttributeSource(NamedTuple):
    """An attribute of the batch; its unit stands in the attribute `<name>_unit`."""

    name: str


class ConstantSource(NamedTuple):
    """A number of the specification in its unit."""

    number: str
    unit: str

    @property
    def is_plain(self) -> bool:
        """Return whether it is a number without operator, sign or more digits than are significant."""
        return read_reported(self.number).form is Form.NUMBER


def read_source(source: InputSource) -> AttributeSource | ConstantSource | RowInput:
    """Return what an input names.

    Example:
        >>> read_source("@dose_volume"), read_source("50 %"), read_source("endotoxin").column
        (AttributeSource(name='dose_volume'), ConstantSource(number='50', unit='%'), 'result')
    """
    if isinstance(source, RowInput):
        return source
    if source.startswith("@"):
        return AttributeSource(source[1:])
    number, blank, unit = source.partition(" ")
    return ConstantSource(number, unit) if blank else RowInput(test=source)


def source_text(source: InputSource) -> str:
    """Return an input for people.

    Example:
        >>> from regenqc.specification.model import RowInput
        >>> source_text(RowInput(test="rcl", column="sample_amount")), source_text("@dose_volume")
        ('rcl (sample_amount)', '@dose_volume')
    """
    if not isinstance(source, RowInput):
        return source
    column = "" if source.column == "result" else f" ({source.column})"
    return f"{source.test}{column}" + (f" by {source.method}" if source.method is not None else "")


def rows_needed(derived: Derived) -> Iterator[RowInput]:
    """Yield the inputs that come from results.

    Example:
        >>> from regenqc.specification.model import Derived
        >>> derived = Derived(id="a", function="dose_per_kg", inputs={"dose": "dose", "weight": "@weight"})
        >>> [source.test for source in rows_needed(derived)]
        ['dose']
    """
    for source in derived.inputs.values():
        found = read_source(source)
        if isinstance(found, RowInput):
            yield found
