"""Traces of loggers, laid end to end in columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Traces", "join_traces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Hold readings of one channel of any number of loggers.

    Args:
        names: of the traces, e.g. the serial number of the logger.
        channel: what was measured, e.g. `temperature`, `shock`, `tilt`.
        unit: of the values.
        moments: `int64` milliseconds since 1970-01-01T00:00:00Z of each reading.
        values: `float64` readings; NaN where the logger recorded a reading without value.
        offsets: where each trace begins, and the end of the last: trace i is `values[offsets[i]:offsets[i + 1]]`.

    Raises:
        UsageError: `RQC-H210`, the columns do not fit together.

    Example:
        >>> traces = Traces(names=("LOGGER-55",), channel="temperature", unit="°C", moments=np.asarray([0, 60_000]),
        ...     values=np.asarray([-151.0, -150.5]), offsets=np.asarray([0, 2]))
        >>> traces.count, traces.readings
        (1, 2)
    """

    names: tuple[str, ...]
    channel: str
    unit: str
    moments: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        offsets = self.offsets
        fits = (
            len(offsets) == len(self.names) + 1
            and self.moments.shape == self.values.shape == (int(offsets[-1]),)
            and int(offsets[0]) == 0
            and bool(np.all(np.diff(offsets) >= 0))
        )
        if not fits:
            raise UsageError(
                Fault(
                    code="RQC-H210",
                    what="The columns of the traces do not fit together.",
                    got=f"{len(self.names)} names, {self.moments.shape} moments, {self.values.shape} values, {len(offsets)} offsets",
                    expected="one moment for each value, and whole offsets that rise from 0 to their number",
                    action="Lay the traces end to end, and give where each begins and the end of the last.",
                )
            )

    @property
    def count(self) -> int:
        """Return the number of traces."""
        return len(self.names)

    @property
    def readings(self) -> int:
        """Return the number of readings of all traces."""
        return int(self.offsets[-1])

    def one(self, position: int) -> Traces:
        """Return one trace by itself."""
        start, end = int(self.offsets[position]), int(self.offsets[position + 1])
        return Traces(
            names=(self.names[position],),
            channel=self.channel,
            unit=self.unit,
            moments=self.moments[start:end],
            values=self.values[start:end],
            offsets=np.asarray([0, end - start], dtype=np.int64),
        )

    def kept(self, wanted: npt.NDArray[np.bool_]) -> Traces:
        """Return the traces with those readings only that are wanted."""
        numbers = np.concatenate(([0], np.cumsum(wanted)))
        return Traces(
            names=self.names,
            channel=self.channel,
            unit=self.unit,
            moments=self.moments[wanted],
            values=self.values[wanted],
            offsets=numbers[self.offsets].astype(np.int64),
        )


def join_traces(parts: Sequence[Traces]) -> Traces:
    """Return several traces of one channel and unit as one.

    Raises:
        UsageError: `RQC-H210`, there is none, or they are of different channels or units.
    """
    kinds = {(part.channel, part.unit) for part in parts}
    if len(kinds) != 1:
        raise UsageError(
            Fault(
                code="RQC-H210",
                what="Only traces of one channel and unit are joined.",
                got=", ".join(sorted(f"{channel} in {unit}" for channel, unit in kinds)) or "none",
                expected="one channel and one unit",
            )
        )
    ((channel, unit),) = kinds
    ends = np.cumsum([0, *(part.readings for part in parts)])
    return Traces(
        names=tuple(name for part in parts for name in part.names),
        channel=channel,
        unit=unit,
        moments=np.concatenate([part.moments for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        offsets=np.concatenate([[0], *(part.offsets[1:] + end for part, end in zip(parts, ends, strict=False))]).astype(
            np.int64
        ),
    )
