"""Polars: reading of distinct texts, and of the batch table."""

from __future__ import annotations

from typing import Any

import polars as pl

__all__ = ["NO_WORD", "mask_of", "parse_dates", "parse_persons", "parse_readings", "parse_revisions", "read_lots"]

NO_WORD = 63
_WIDE = [chr(code) for code in range(0xFF01, 0xFF5F)]
_BLANKS = list("\t\u00a0\u2007\u2009\u202f\u3000")
_FOLDED = {**{sign: chr(ord(sign) - 0xFEE0) for sign in _WIDE}, **dict.fromkeys(_BLANKS, " "), "−": "-"}
_NUMBER = (
    r"^(?<operator><=|>=|[<>=≤≥≦≧])? ?(?<mantissa>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))"
    r"(?:[eE](?<exponent>[+-]?[0-9]+)| ?[xX×] ?10\^(?<power>[+-]?[0-9]+))?(?<percent> ?%)?$"
)
_ZONED = (
    r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?"
    r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)$"
)
_UNZONED = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?)?$"


def _fold(text: pl.Expr) -> pl.Expr:
    spelled = text.str.replace_many(list(_FOLDED), list(_FOLDED.values()))
    return spelled.str.strip_chars(" ").str.replace_all(" {2,}", " ")


def parse_readings(texts: pl.Series, words: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    """Return what distinct texts say, in their order.

    Forms: 0 empty, 1 word, 2 number, 3 number of more than 15 digits, 4 <, 5 ≤, 6 >, 7 ≥, 8 unreadable.

    Args:
        texts: distinct texts.
        words: spellings of words.
        identities: `folded` texts that batches state as their identity, with their number `identity`.
    """
    frame = (
        pl.DataFrame({"result": texts})
        .with_row_index("reading")
        .with_columns(fold=_fold(pl.col("result").cast(pl.String)))
    )
    frame = frame.with_columns(
        pl.col("fold").str.extract_groups(_NUMBER).struct.unnest(), folded=pl.col("fold").str.to_lowercase()
    )
    number = pl.concat_str("mantissa", pl.lit("e"), pl.coalesce("exponent", "power", pl.lit("0"))).cast(
        pl.Float64, strict=False
    )
    frame = frame.with_columns(
        number=number,
        percent=pl.col("percent").is_not_null(),
        digits=pl.col("mantissa").str.replace_all("[+.-]", "").str.strip_chars("0").str.len_chars(),
        operator=pl.col("operator").fill_null("="),
    )
    frame = frame.join(words, left_on="folded", right_on="spelling", how="left", maintain_order="left")
    frame = frame.join(identities, on="folded", how="left", maintain_order="left")
    n = pl.col("number")
    unreadable = (
        n.is_null()
        | (pl.col("mantissa").str.starts_with("-") & (n == 0))
        | ((n != 0) & ~n.abs().is_between(1e-290, 1e290))
    )
    named = dict(zip(words["spelling"], words["word"], strict=True))
    return frame.select(
        "reading",
        "result",
        form=pl.when(pl.col("fold") == "").then(0).when(pl.col("word").is_not_null()).then(1).when(unreadable).then(8)
        .when(pl.col("digits") > 15).then(pl.when(pl.col("operator") == "=").then(3).otherwise(8))
        .otherwise(pl.col("operator").replace_strict(_OPERATORS, default=8)).cast(pl.UInt8),
        number=n.fill_null(0),
        percent="percent",
        word=pl.col("word").fill_null(NO_WORD).cast(pl.UInt8),
        is_interim=(pl.col("standing") == "interim").fill_null(value=False),
        is_undecided=(pl.col("standing") == "undecided").fill_null(value=False),
        declared_by=pl.when(pl.col("word") == named["not detected"]).then(1)
        .when(pl.col("word") == named["below quantitation limit"]).then(2).otherwise(0).cast(pl.UInt8),
        identity=pl.col("identity").fill_null(0),
        metaphases=pl.col("fold").str.extract(r"^46,X[XY]\[([1-9][0-9]{0,3})\]$").cast(pl.Int16).fill_null(-1),
        karyotype_sex=pl.col("fold").str.slice(0, 5).replace_strict({"46,XX": 1, "46,XY": 2}, default=0).cast(pl.UInt8),
        is_clone=pl.col("fold").str.contains(r"^47,(X[XY],\+[0-9XY]+|XXX|XXY|XYY)\[([2-9]|[1-9][0-9]+)\](/46,X[XY]\[[0-9]+\])?$"),
    )  # fmt: skip


_OPERATORS = {"=": 2, "<": 4, "<=": 5, "≤": 5, "≦": 5, ">": 6, ">=": 7, "≥": 7, "≧": 7}


def parse_dates(texts: pl.Series) -> pl.Series:
    """Return for each date 0 where it is empty or has a zone, 1 where it has none, 2 where it cannot be read."""
    frame = pl.DataFrame({"text": texts.cast(pl.String)})
    text = pl.col("text")
    exists = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
    kind = (
        pl.when(text == "").then(0).when(text.str.contains(_ZONED) & exists).then(0)
        .when(text.str.contains(_UNZONED) & exists).then(1).otherwise(2)
    )  # fmt: skip
    return frame.select(kind.cast(pl.UInt8)).to_series()


def parse_persons(columns: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Return persons as numbers, 0 for none; two spellings of one name differ in no letter or digit."""
    folded = {
        name: _fold(pl.col(name).cast(pl.String)).str.to_lowercase().str.replace_all(r"[^\pL\pM\pN]", "")
        for name in columns
    }
    names = {name: pl.DataFrame({name: texts}).select(folded[name]).to_series() for name, texts in columns.items()}
    known = pl.concat([column.alias("name") for column in names.values()]).unique().sort()
    number = {name: place for place, name in enumerate((name for name in known if name), start=1)}
    return {
        column: pl.Series([number.get(name, 0) for name in texts], dtype=pl.UInt32) for column, texts in names.items()
    }


def parse_revisions(texts: pl.Series) -> pl.Series:
    """Return revisions as numbers: 0 for none, -1 for what is no whole number of at most nine digits."""
    text = texts.cast(pl.String).str.strip_chars()
    number = text.str.extract(r"^([0-9]{1,9})(?:\.0)?$").cast(pl.Int32)
    return pl.select(
        pl.when(pl.lit(text) == "").then(0).otherwise(pl.lit(number)).fill_null(-1).cast(pl.Int32)
    ).to_series()


def _moment(name: str, *, end_of_day: bool = False) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    day = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")) + pl.duration(seconds=86_399 * end_of_day)
    moment = text.str.to_datetime("%+", time_zone="UTC", strict=False).dt.replace_time_zone(None)
    return pl.when(text.str.len_bytes() == 10).then(day).otherwise(moment)


def read_lots(batches: pl.LazyFrame, rules: dict[str, Any], lists: dict[str, Any]) -> pl.DataFrame:
    """Return the batches with their numbers, attributes as codes, and amounts in the units of the dose rate."""
    products = rules["specifications"].select("value").unique(maintain_order=True).with_row_index("product")
    factors = rules["factors"].join(rules["units"].select("spelling", "unit"), on="unit")
    lots = batches.select(
        pl.col("batch_id").cast(pl.Categorical),
        *lists["selecting"],
        value=pl.col(lists["product"]).cast(pl.String),
        sex=pl.col("donor_sex").cast(pl.String).str.strip_chars().str.to_lowercase()
        .replace_strict({"female": 1, "f": 1, "xx": 1, "male": 2, "m": 2, "xy": 2}, default=0).cast(pl.UInt8),
        profile=_fold(pl.col("donor_str_profile").cast(pl.String)).str.to_lowercase(),
        manufactured_at=_moment("manufactured_at"),
        expires_at=_moment("expires_at", end_of_day=True),
        states_expiry=pl.col("expires_at") != "",
        has_amounts=pl.all_horizontal(pl.col(name) != "" for name in _AMOUNTS),
        **{name: pl.col(name).cast(pl.String).cast(pl.Float64, strict=False) for name in _AMOUNTS},
        **{f"{name}_unit": pl.col(f"{name}_unit").cast(pl.String) for name in _AMOUNTS},
    ).with_row_index("b")  # fmt: skip
    lots = lots.join(products.lazy(), on="value")
    for name, target in _AMOUNTS.items():
        table = factors.filter(pl.col("target") == target).select(pl.col("spelling").alias(f"{name}_unit"), "factor")
        lots = (
            lots.join(table.lazy(), on=f"{name}_unit", how="left")
            .with_columns(pl.col(name) * pl.col("factor"))
            .drop("factor")
        )
    whole = lots.drop([f"{name}_unit" for name in _AMOUNTS]).collect(engine="streaming")
    kinds = whole.select("product", *lists["selecting"]).unique().with_row_index("kind")
    return whole.join(kinds, on=["product", *lists["selecting"]])


_AMOUNTS = {"dose_volume": "mL", "recipient_weight": "kg", "infusion_hours": "h"}


def mask_of(bits: pl.Expr) -> pl.Expr:
    """Return 1 shifted left by the bits."""
    return pl.lit(2, pl.Int64).pow(bits.cast(pl.UInt32)).cast(pl.Int64)
