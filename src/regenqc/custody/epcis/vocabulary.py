"""The words of EPCIS 2.0 and the Core Business Vocabulary 2.0, and the URIs that they stand for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACTIONS",
    "BIZ_STEPS",
    "CONTEXT",
    "DISPOSITIONS",
    "EVENT_TYPES",
    "NAMESPACE",
    "UNITS_OF_MEASURE",
    "WORD_URIS",
]

CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
# Of our own members. A namespace is a name; nothing need be found there.
NAMESPACE: Final = "https://regenqc.org/epcis/1/"

ACTIONS: Final = frozenset({"ADD", "OBSERVE", "DELETE"})
EVENT_TYPES: Final = frozenset(
    {"ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"}
)
BIZ_STEPS: Final = frozenset(
    [
        "accepting",
        "arriving",
        "assembling",
        "collecting",
        "commissioning",
        "consigning",
        "creating_class_instance",
        "cycle_counting",
        "decommissioning",
        "departing",
        "destroying",
        "disassembling",
        "dispensing",
        "encoding",
        "entering_exiting",
        "holding",
        "inspecting",
        "installing",
        "killing",
        "loading",
        "other",
        "packing",
        "picking",
        "receiving",
        "removing",
        "repackaging",
        "repairing",
        "replacing",
        "reserving",
        "retail_selling",
        "sampling",
        "sensor_reporting",
        "shipping",
        "staging_outbound",
        "stock_taking",
        "stocking",
        "storing",
        "transporting",
        "unloading",
        "unpacking",
        "void_shipping",
    ]
)
DISPOSITIONS: Final = frozenset(
    [
        "active",
        "available",
        "completeness_inferred",
        "completeness_verified",
        "conformant",
        "container_closed",
        "container_open",
        "damaged",
        "destroyed",
        "dispensed",
        "disposed",
        "encoded",
        "expired",
        "in_progress",
        "in_transit",
        "inactive",
        "mismatch_class",
        "mismatch_instance",
        "mismatch_quantity",
        "needs_replacement",
        "no_pedigree_match",
        "non_conformant",
        "non_sellable_other",
        "partially_dispensed",
        "recalled",
        "reserved",
        "retail_sold",
        "returned",
        "sellable_accessible",
        "sellable_not_accessible",
        "stolen",
        "unavailable",
        "unknown",
    ]
)
_TRANSACTIONS: Final = frozenset(
    [
        "bol",
        "cert",
        "desadv",
        "inv",
        "pedigree",
        "po",
        "poc",
        "prodorder",
        "recadv",
        "rma",
        "testprd",
        "testres",
        "upevt",
    ]
)
_PARTIES: Final = frozenset({"owning_party", "possessing_party", "location"})
_REASONS: Final = frozenset({"did_not_occur", "incorrect_data"})
_COMPONENTS: Final = frozenset(
    [
        "x",
        "y",
        "z",
        "axial_distance",
        "azimuth",
        "height",
        "spherical_radius",
        "polar_angle",
        "elevation_angle",
        "easting",
        "northing",
        "latitude",
        "longitude",
        "altitude",
    ]
)
_ALERTS: Final = frozenset({"ALARM_CONDITION", "ERROR_CONDITION"})
_MEASUREMENTS: Final = frozenset(
    [
        "AbsoluteHumidity",
        "AbsorbedDose",
        "AbsorbedDoseRate",
        "Acceleration",
        "Radioactivity",
        "Altitude",
        "AmountOfSubstance",
        "AmountOfSubstancePerUnitVolume",
        "Angle",
        "AngularAcceleration",
        "AngularMomentum",
        "AngularVelocity",
        "Area",
        "Capacitance",
        "Conductance",
        "Conductivity",
        "Count",
        "Density",
        "Dimensionless",
        "DoseEquivalent",
        "DoseEquivalentRate",
        "DynamicViscosity",
        "ElectricCharge",
        "ElectricCurrent",
        "ElectricCurrentDensity",
        "ElectricFieldStrength",
        "Energy",
        "Exposure",
        "Force",
        "Frequency",
        "Illuminance",
        "Inductance",
        "Irradiance",
        "KinematicViscosity",
        "Length",
        "LinearMomentum",
        "Luminance",
        "LuminousFlux",
        "LuminousIntensity",
        "MagneticFlux",
        "MagneticFluxDensity",
        "MagneticVectorPotential",
        "Mass",
        "MassConcentration",
        "MassFlowRate",
        "MassPerAreaTime",
        "MemoryCapacity",
        "MolalityOfSolute",
        "MolarEnergy",
        "MolarMass",
        "MolarVolume",
        "Power",
        "Pressure",
        "RadiantFlux",
        "RadiantIntensity",
        "RelativeHumidity",
        "Resistance",
        "Resistivity",
        "SolidAngle",
        "SpecificVolume",
        "Speed",
        "SurfaceDensity",
        "SurfaceTension",
        "Temperature",
        "Time",
        "Torque",
        "Voltage",
        "Volume",
        "VolumeFlowRate",
        "VolumeFraction",
        "VolumetricFlux",
        "Wavenumber",
    ]
)


def _uris(words: frozenset[str], stem: str) -> dict[str, str]:
    return {word: stem + word for word in words}


# For each sort of word: the words, and the URI that each stands for. A word that is not here must be a URI of its own.
WORD_URIS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "bizStep": _uris(BIZ_STEPS, "https://ref.gs1.org/cbv/BizStep-"),
        "disposition": _uris(DISPOSITIONS, "https://ref.gs1.org/cbv/Disp-"),
        "bizTransactionType": _uris(_TRANSACTIONS, "https://ref.gs1.org/cbv/BTT-"),
        "partyType": _uris(_PARTIES, "https://ref.gs1.org/cbv/SDT-"),
        "errorReason": _uris(_REASONS, "https://ref.gs1.org/cbv/ER-"),
        "component": _uris(_COMPONENTS, "https://ref.gs1.org/cbv/Comp-"),
        "alert": _uris(_ALERTS, "https://gs1.org/voc/"),
        "measurement": _uris(_MEASUREMENTS, "https://gs1.org/voc/"),
    }
)

# Units of a laboratory and their codes in UN/ECE Recommendation 20, as EPCIS wants them.
UNITS_OF_MEASURE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "L": "LTR",
        "mL": "MLT",
        "µL": "4G",
        "kg": "KGM",
        "g": "GRM",
        "mg": "MGM",
        "µg": "MC",
        "°C": "CEL",
        "Cel": "CEL",
        "K": "KEL",
        "%": "P1",
        "vial": "VI",
        "bag": "BG",
    }
)
