"""European Union: advanced therapy medicinal product, other medicinal product, or tissue."""

from __future__ import annotations

from datetime import date
from typing import Final

from regenqc.regulation.tables import Row, when

__all__ = ["TRACKS"]

_ATMP: Final = ("eu/atmp",)

TRACKS: Final[tuple[Row, ...]] = (
    Row(
        id="EU-T1",
        conditions=when(use="cosmetic_topical", kind="cells exosome conditioned_medium"),
        answer="prohibited_cosmetic",
        words="Prohibited in cosmetics: human cells, tissues and their products",
        sources=("EU-COSM",),
    ),
    Row(
        id="EU-T1a",
        conditions=when(use="aesthetic_injection"),
        answer="medicinal",
        words="Injected: a medicinal product, whatever the label says; which kind has to be asked",
        sources=("EU-INJ",),
    ),
    Row(
        id="EU-T2",
        conditions=when(kind="exosome", gene_modification="introduced edited"),
        answer="gtmp",
        words="Gene therapy medicinal product, if a recombinant nucleic acid does its work",
        sources=("EU-EXO",),
        packs=_ATMP,
    ),
    Row(
        id="EU-T3",
        conditions=when(kind="exosome", gene_modification="none"),
        answer="biological",
        words="Biological medicinal product; no advanced therapy, as it has no cells and no recombinant nucleic acid",
        sources=("EU-EXO",),
    ),
    Row(
        id="EU-T4",
        conditions=when(kind="conditioned_medium"),
        answer="biological",
        words="Biological medicinal product",
        sources=("EU-EXO",),
    ),
    Row(
        id="EU-T5",
        conditions=when(kind="cells", gene_modification="introduced edited"),
        answer="gtmp",
        words="Gene therapy medicinal product",
        sources=("EU-ATMP",),
        packs=_ATMP,
    ),
    Row(
        id="EU-T6",
        conditions=when(kind="cells", cell_source="hesc"),
        answer="atmp",
        words="Advanced therapy medicinal product; a member state may bar embryonic cells (Art 4(4))",
        sources=("EU-ATMP",),
        packs=_ATMP,
    ),
    Row(
        id="EU-T7",
        conditions=when(kind="cells", cell_source="hipsc"),
        answer="atmp",
        words="Advanced therapy medicinal product: somatic cell therapy or tissue engineered",
        sources=("EU-ATMP",),
        packs=_ATMP,
    ),
    Row(
        id="EU-T8",
        conditions=when(kind="cells", manipulation="cultured other_substantial"),
        answer="atmp",
        words="Advanced therapy medicinal product: substantially manipulated",
        sources=("EU-ATMP",),
        packs=_ATMP,
    ),
    Row(
        id="EU-T9",
        conditions=when(kind="cells", homologous_use="no"),
        answer="atmp",
        words="Advanced therapy medicinal product: another essential function",
        sources=("EU-ATMP",),
        packs=_ATMP,
    ),
    Row(
        id="EU-T10",
        conditions=when(kind="cells", manipulation="minimal", homologous_use="yes", use="medical"),
        answer="tissue",
        words="No advanced therapy: not substantially manipulated, same essential function; Directive 2004/23/EC",
        sources=("EU-ATMP", "EU-ANNEX-I", "EU-2004-23"),
        valid_to=date(2027, 8, 6),
    ),
    Row(
        id="EU-T11",
        conditions=when(kind="cells", manipulation="minimal", homologous_use="yes", use="medical"),
        answer="tissue",
        words="No advanced therapy: not substantially manipulated, same essential function; Regulation (EU) 2024/1938",
        sources=("EU-ATMP", "EU-ANNEX-I", "EU-SOHO"),
        valid_from=date(2027, 8, 7),
    ),
)
