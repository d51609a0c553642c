"""Mean kinetic temperature: the constant temperature at which as much would have degraded as at the changing one.

It stands for reactions with an Arrhenius rate in refrigerated and room storage. It says nothing about ice, glass and
recrystallisation, so that any reading below 0 °C refuses it, and nothing about times without readings, which refuse it too.
An excursion of a frozen product is judged by highest temperature and minutes above a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from regenqc.errors import Fault, UsageError
from regenqc.statistics.domain import AMOUNT, POSITIVE, REAL, Domain, FloatArray, check_shapes
from regenqc.statistics.refusal import Refusal, RefusalReason

__all__ = [
    "ACTIVATION_ENERGY",
    "GAS_CONSTANT",
    "MeanKineticTemperature",
    "TemperatureColumns",
    "mean_kinetic_temperature",
    "mean_kinetic_temperature_columns",
    "mean_kinetic_temperature_of_log",
]

# kJ/mol and kJ/(mol K), as the pharmacopoeia writes them: their quotient is 10 000 K.
ACTIVATION_ENERGY: Final = 83.144
GAS_CONSTANT: Final = 8.3144e-3

_KELVIN_AT_FREEZING: Final = 273.15
_REFERENCE_KELVIN: Final = 298.15
_CELSIUS: Final = Domain(
    text="a finite temperature in °C, -273.15 or more",
    action="Check the unit of the readings.",
    minimum=-_KELVIN_AT_FREEZING,
    open_above=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanKineticTemperature:
    """Hold the mean kinetic temperature of one record, in °C.

    Args:
        celsius: the mean kinetic temperature; never below the arithmetic mean.
        arithmetic_mean: time-weighted, in °C.
        highest: reading in °C.
        hours: that the readings stand for.
    """

    celsius: float
    arithmetic_mean: float
    highest: float
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureColumns:
    """Hold mean kinetic temperatures of many records, one row each.

    Args:
        celsius: `float64`; NaN where refused.
        refusal: `int8` codes of `RefusalReason`, 0 where there is a figure.
    """

    celsius: FloatArray
    refusal: npt.NDArray[np.int8]


def mean_kinetic_temperature(
    celsius: FloatArray, *, hours: FloatArray | float, activation_energy: float = ACTIVATION_ENERGY
) -> MeanKineticTemperature | Refusal:
    """Return the mean kinetic temperature of stretches of time, or why there is none.

    Tk = (E / R) / -ln(Σ tᵢ exp(-E / (R Tᵢ)) / Σ tᵢ), with temperatures in kelvin.

    Args:
        celsius: temperature Tᵢ of each stretch in °C, in one dimension; NaN where it is not known, which refuses.
        hours: duration tᵢ of each stretch, above 0; one number when all are alike.
        activation_energy: E in kJ/mol, above 0.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Haynes 1971, Journal of Pharmaceutical Sciences 60:927; USP <1079.2>.

    Example:
        >>> found = mean_kinetic_temperature(np.asarray([22.0, 40.0]), hours=np.asarray([23.0, 1.0]))
        >>> round(found.celsius, 4), found.arithmetic_mean
        (23.96, 22.75)
    """
    readings = np.atleast_1d(_CELSIUS.read(celsius, "celsius"))
    durations = POSITIVE.read(hours, "hours")
    check_shapes(celsius=readings, hours=durations)
    durations = np.broadcast_to(durations, readings.shape)
    found = mean_kinetic_temperature_columns(
        readings, hours=durations, offsets=np.asarray([0, readings.size]), activation_energy=activation_energy
    )
    reason = RefusalReason(int(found.refusal[0]))
    if reason is not RefusalReason.NONE:
        return Refusal(reason=reason, detail=_detail(readings))
    return MeanKineticTemperature(
        celsius=float(found.celsius[0]),
        arithmetic_mean=float(np.average(readings, weights=durations)),
        highest=float(np.max(readings)),
        hours=float(np.sum(durations)),
    )


def mean_kinetic_temperature_of_log(
    celsius: FloatArray,
    *,
    elapsed_hours: FloatArray,
    interval_hours: float,
    tolerance_hours: float = 0.0,
    activation_energy: float = ACTIVATION_ENERGY,
) -> MeanKineticTemperature | Refusal:
    """Return the mean kinetic temperature of a logger's record, or why there is none.

    Each reading stands for one interval of the logger. Two readings further apart than the interval are a gap and refuse
    the figure: nothing is interpolated. Two that are closer, or out of order, refuse it as well.

    Args:
        celsius: readings in °C, in one dimension; NaN where one is missing, which refuses.
        elapsed_hours: time of each reading, from any start.
        interval_hours: at which the logger was set, above 0.
        tolerance_hours: by which two readings may be closer or further apart than the interval, less than it.
        activation_energy: E in kJ/mol, above 0.

    Raises:
        UsageError: an argument is outside its domain, or the columns differ in length.

    Source: Haynes 1971, Journal of Pharmaceutical Sciences 60:927; USP <1079.2>.

    Example:
        >>> silent = mean_kinetic_temperature_of_log(np.asarray([5.0, 5.0, 5.0]), elapsed_hours=np.asarray([0, 1, 9]),
        ...     interval_hours=1)
        >>> silent.reason.name, silent.detail
        ('GAP_BETWEEN_READINGS', 'readings 8 h apart after reading 2 of 3, interval 1 h')
    """
    readings = np.atleast_1d(_CELSIUS.read(celsius, "celsius"))
    times = np.atleast_1d(REAL.read(elapsed_hours, "elapsed_hours"))
    interval = float(POSITIVE.read(interval_hours, "interval_hours"))
    tolerance = float(AMOUNT.read(tolerance_hours, "tolerance_hours"))
    if times.shape != readings.shape or tolerance >= interval:
        raise UsageError(
            Fault(
                code="RQC-U085",
                what="The record of the logger cannot be read.",
                got=f"{readings.size} readings, {times.size} times, tolerance {tolerance:g} h, interval {interval:g} h",
                expected="one time for each reading, and a tolerance smaller than the interval",
                action="Check the columns and the setting of the logger.",
            )
        )
    steps = np.diff(times)
    # Clocks count in decimals that doubles do not have; a step is off when it is off by more than their rounding.
    slack = tolerance + 1e-9 * interval
    for reason, off in (
        (RefusalReason.READING_MISSING, np.isnan(steps)),
        (RefusalReason.READINGS_TOO_CLOSE, steps < interval - slack),
        (RefusalReason.GAP_BETWEEN_READINGS, steps > interval + slack),
    ):
        if np.any(off):
            first = int(np.argmax(off))
            return Refusal(
                reason=reason,
                detail=f"readings {steps[first]:.6g} h apart after reading {first + 1} of {times.size}, "
                f"interval {interval:g} h",
            )
    return mean_kinetic_temperature(readings, hours=interval, activation_energy=activation_energy)


def mean_kinetic_temperature_columns(
    celsius: FloatArray,
    *,
    hours: FloatArray,
    offsets: npt.NDArray[np.int64],
    activation_energy: float = ACTIVATION_ENERGY,
) -> TemperatureColumns:
    """Return the mean kinetic temperatures of many records laid end to end, and for each without one the reason.

    Args:
        celsius: temperature of each stretch in °C; NaN where it is not known, which refuses its record.
        hours: duration of each stretch, above 0; NaN where it is not known, which refuses its record.
        offsets: where each record begins, and the end of the last: record i is `celsius[offsets[i]:offsets[i + 1]]`.
        activation_energy: E in kJ/mol, above 0.

    Raises:
        UsageError: an argument is outside its domain, or the columns do not fit together.

    Source: Haynes 1971, Journal of Pharmaceutical Sciences 60:927; USP <1079.2>.

    Example:
        >>> found = mean_kinetic_temperature_columns(
        ...     np.asarray([20.0, 30.0, -1.0]), hours=np.ones(3), offsets=np.asarray([0, 2, 3]))
        >>> found.celsius.round(4).tolist(), [RefusalReason(code).name for code in found.refusal]
        ([26.2599, nan], ['NONE', 'BELOW_FREEZING'])
    """
    readings, durations = _CELSIUS.read(celsius, "celsius"), POSITIVE.read(hours, "hours")
    ratio = float(POSITIVE.read(activation_energy, "activation_energy")) / GAS_CONSTANT
    starts, ends = _records(offsets, readings, durations)
    kelvin = readings + _KELVIN_AT_FREEZING
    # Rates relative to that at 25 °C: the formula as it stands would lose digits to factors of 10^-15.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        rate = np.exp(ratio * (1 / _REFERENCE_KELVIN - 1 / kelvin))
        total, time = _sums(durations * rate, starts, ends), _sums(durations, starts, ends)
        mean = 1 / (1 / _REFERENCE_KELVIN - np.log(total / time) / ratio) - _KELVIN_AT_FREEZING
    refusal = np.select(
        [
            starts == ends,
            _sums(np.isnan(readings) | np.isnan(durations), starts, ends) > 0,
            _sums(readings < 0, starts, ends) > 0,
        ],
        [RefusalReason.NO_READINGS, RefusalReason.READING_MISSING, RefusalReason.BELOW_FREEZING],
        RefusalReason.NONE,
    ).astype(np.int8)
    return TemperatureColumns(celsius=np.where(refusal == 0, mean, np.nan), refusal=refusal)


def _records(
    offsets: npt.NDArray[np.int64], readings: FloatArray, durations: FloatArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    ends = np.asarray(offsets)
    fits = (
        ends.ndim == 1
        and ends.dtype.kind in "iu"
        and ends.size > 0
        and readings.ndim == 1
        and readings.shape == durations.shape
        and ends[0] == 0
        and ends[-1] == readings.size
        and bool(np.all(np.diff(ends) >= 0))
    )
    if not fits:
        raise UsageError(
            Fault(
                code="RQC-U085",
                what="The records do not fit together.",
                got=f"{readings.shape} temperatures, {durations.shape} durations, {ends.shape} offsets",
                expected="two columns of one length, and whole offsets that rise from 0 to that length",
                action="Lay the records end to end and give where each begins, and the end of the last.",
            )
        )
    return ends[:-1].astype(np.int64), ends[1:].astype(np.int64)


def _sums(
    column: FloatArray | npt.NDArray[np.bool_], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> FloatArray:
    # One row beyond the end lets an empty last record begin there; records without rows get 0, not their neighbour's row.
    padded = np.append(column.astype(np.float64), 0.0)
    sums = np.add.reduceat(padded, starts) if starts.size else np.zeros(0)
    return np.where(starts == ends, 0.0, sums)


def _detail(readings: FloatArray) -> str:
    if not readings.size:
        return "no readings"
    missing = int(np.sum(np.isnan(readings)))
    lowest = f"lowest {np.nanmin(readings):.6g} °C" if missing < readings.size else "none with a temperature"
    return f"{readings.size} readings, {missing} missing, {lowest}"
