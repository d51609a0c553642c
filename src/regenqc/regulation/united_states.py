"""United States: section 361 or 351. The first criterion that is not met decides."""

from __future__ import annotations

from typing import Final

from regenqc.regulation.tables import Row, when

__all__ = ["TRACKS"]

_BIOLOGIC: Final = ("us/investigational", "us/licensed-biologic")


def _biologic(identifier: str, words: str, *sources: str, **conditions: str) -> Row:
    return Row(
        id=identifier,
        conditions=when(**conditions),
        answer="351",
        words=words,
        sources=sources,
        packs=_BIOLOGIC,
    )


TRACKS: Final[tuple[Row, ...]] = (
    Row(
        id="US-T1",
        conditions=when(use="cosmetic_topical"),
        answer="claim_decides",
        words="Topical cosmetic: no approval unless the effect of a drug is claimed; the claim decides",
        sources=("US-COSM",),
    ),
    Row(
        id="US-T1a",
        conditions=when(use="aesthetic_injection"),
        answer="drug_or_biologic",
        words="Injected: drug or biologic, whatever the label says",
        sources=("US-INJ",),
    ),
    Row(
        id="US-T2",
        conditions=when(kind="exosome conditioned_medium"),
        answer="drug_or_biologic",
        words="Drug or biologic with pre-market review",
        sources=("US-EXO",),
    ),
    _biologic(
        "US-T3",
        "Biologic (351), gene therapy: IND or BLA",
        "US-351",
        kind="cells",
        gene_modification="introduced edited",
    ),
    _biologic(
        "US-T4", "Biologic (351): more than minimally manipulated", "US-351", kind="cells", cell_source="hesc hipsc"
    ),
    _biologic(
        "US-T5",
        "Biologic (351): more than minimally manipulated",
        "US-351",
        kind="cells",
        manipulation="cultured other_substantial",
    ),
    _biologic(
        "US-T6",
        "Biologic (351): enzymatic separation is treated as more than minimal",
        "US-SVF",
        kind="cells",
        manipulation="enzymatic",
    ),
    _biologic("US-T7", "Biologic (351): use is not homologous", "US-351", kind="cells", homologous_use="no"),
    _biologic(
        "US-T8",
        "Biologic (351): criterion (3) or (4) is not met",
        "US-351",
        kind="cells",
        us_remaining_criteria="not_met",
    ),
    Row(
        id="US-T9",
        conditions=when(
            kind="cells",
            manipulation="minimal",
            homologous_use="yes",
            us_remaining_criteria="met",
            gene_modification="none",
        ),
        answer="361",
        words="Human cells and tissues under section 361: all four criteria are met",
        sources=("US-1271-10",),
        packs=("us/hctp-361",),
    ),
)
