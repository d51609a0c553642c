"""How the loggers write their files: which column holds what, in which unit, with which signs, and in which zone."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LoggerProfile", "logger_profiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerProfile:
    """Say how a logger writes its file.

    Args:
        id: of the profile.
        moment: name of the column with the moments, ISO 8601.
        channels: for each channel the name of its column and its unit.
        logger: column with the serial number; empty where one file is one logger.
        delimiter: between columns.
        decimal: sign before the decimals.
        zone: offset of moments that state none, as `+01:00`; empty where every moment must state its own.
        lines_before: the header may stand behind other lines, which are passed over up to the header.
    """

    id: str
    moment: str
    channels: Mapping[str, tuple[str, str]]
    logger: str = ""
    delimiter: str = ","
    decimal: str = "."
    zone: str = ""
    lines_before: bool = False


def logger_profiles() -> Mapping[str, LoggerProfile]:
    """Return the profiles that travel with regenqc, by id.

    `generic` is one table of moment, temperature and, where there are several, logger. `shipper` is a report of a dry vapour
    shipper with lines before the table and columns for temperature, tilt, shock and pressure; the layout is an invented one of
    the usual kind, for a site to copy and change.

    Example:
        >>> sorted(logger_profiles())
        ['generic', 'shipper']
    """
    return _PROFILES


_PROFILES: Final = MappingProxyType(
    {
        profile.id: profile
        for profile in (
            LoggerProfile(
                id="generic", moment="moment", channels={"temperature": ("temperature", "°C")}, logger="logger"
            ),
            LoggerProfile(
                id="shipper",
                moment="Timestamp (UTC offset)",
                channels={
                    "temperature": ("Payload temperature (°C)", "°C"),
                    "tilt": ("Tilt (deg)", "deg"),
                    "shock": ("Shock (g)", "g"),
                },
                delimiter=";",
                lines_before=True,
            ),
        )
    }
)
