"""Read traces from the sensor elements of EPCIS 2.0 events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.custody.moments import milliseconds_of, moment_of
from regenqc.errors import DataError, Fault, RegenqcError
from regenqc.reinspection.condition.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["read_epcis_sensors"]

# Types of the GS1 vocabulary, and codes of units of UN/CEFACT Recommendation 20, with the unit as it is written here.
_CHANNELS: Final = {"Temperature": "temperature", "Acceleration": "shock", "Angle": "tilt"}
# Beyond this no sensor measures anything; NaN is no number either.
_LARGEST: Final = 1e12
_UNITS: Final = {"CEL": "°C", "FAH": "°F", "KEL": "K", "K40": "g", "DD": "deg"}


def read_epcis_sensors(document: Mapping[str, Any], *, where: str = "document") -> dict[str, Traces]:
    """Return the traces of an EPCIS document, by channel; one trace for each device.

    Only reports with a value count; extremes and means of an interval are no readings.

    Args:
        document: EPCIS 2.0 document as values of JSON, or one event.
        where: its name, for messages.

    Raises:
        DataError: `RQC-H225`, a report has no moment with zone, no number, or a unit that is not known; several reports of one
            channel state several units.

    Example:
        >>> event = {"eventTime": "2026-03-16T09:00:00+01:00", "sensorElementList": [{
        ...     "sensorMetadata": {"deviceID": "urn:x:LOGGER-55"},
        ...     "sensorReport": [{"type": "Temperature", "value": -151.2, "uom": "CEL", "time": "2026-03-16T08:00:00Z"}]}]}
        >>> read_epcis_sensors(event)["temperature"].values.tolist()
        [-151.2]
    """
    readings: dict[str, dict[str, list[tuple[int, float]]]] = {}
    units: dict[str, str] = {}
    try:
        reports = list(_reports(document))
    except (AttributeError, TypeError) as error:
        raise DataError(
            _fault(where, "another shape", "events with sensorElementList, as EPCIS 2.0 has them")
        ) from error
    for position, report, moment, device in reports:
        here = f"{where} report {position}"
        channel = _CHANNELS.get(str(report.get("type", "")).rpartition(":")[2])
        if channel is None or "value" not in report:
            continue
        unit = _UNITS.get(str(report.get("uom", "")))
        value = report["value"]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST
        if unit is None or not is_number:
            raise DataError(
                _fault(here, f"{value!r} {report.get('uom', 'no unit')}", f"a number in {', '.join(_UNITS)}")
            )
        if units.setdefault(channel, unit) != unit:
            raise DataError(_fault(here, unit, units[channel]))
        readings.setdefault(channel, {}).setdefault(device, []).append((_milliseconds(moment, here), float(value)))
    return {channel: _traces(channel, units[channel], devices) for channel, devices in readings.items()}


def _reports(document: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any], str, str]]:
    body = document.get("epcisBody", {"eventList": [document]})
    events = body.get("eventList", [body.get("event", {})])
    number = 0
    for event in events:
        for element in event.get("sensorElementList", []):
            metadata = element.get("sensorMetadata", {})
            for report in element.get("sensorReport", []):
                number += 1
                moment = report.get("time") or metadata.get("time") or event.get("eventTime", "")
                device = report.get("deviceID") or metadata.get("deviceID") or "unnamed device"
                yield number, report, str(moment), str(device)


def _traces(channel: str, unit: str, devices: Mapping[str, list[tuple[int, float]]]) -> Traces:
    flat = [reading for readings in devices.values() for reading in readings]
    return Traces(
        names=tuple(devices),
        channel=channel,
        unit=unit,
        moments=np.asarray([moment for moment, _ in flat], dtype=np.int64),
        values=np.asarray([value for _, value in flat], dtype=np.float64),
        offsets=np.cumsum([0, *map(len, devices.values())]).astype(np.int64),
    )


def _milliseconds(text: str, where: str) -> int:
    try:
        return milliseconds_of(moment_of(datetime.fromisoformat(text)))
    except (ValueError, RegenqcError) as error:
        raise DataError(_fault(where, text or "no moment", "date and time with zone")) from error


def _fault(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-H225",
        what="A sensor report of the EPCIS document cannot be read.",
        where=where,
        got=got,
        expected=expected,
        action="Ask the sender to correct it; nothing is guessed.",
    )
