"""Karyotypes as laboratories report them."""

from regenqc.karyotype.reading import KaryotypeReading, read_karyotype

__all__ = ["KaryotypeReading", "read_karyotype"]
