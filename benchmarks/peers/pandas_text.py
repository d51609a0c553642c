"""pandas: reading of the files as categories, of distinct texts, and of the batch table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from benchmarks.peers.task import RESULT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.peers.task import Task

__all__ = [
    "AMOUNTS",
    "NO_WORD",
    "Rules",
    "load_rules",
    "parse_dates",
    "parse_persons",
    "parse_readings",
    "parse_revisions",
    "read_files",
    "texts_of",
]

Rules = dict[str, Any]
AMOUNTS = {"dose_volume": "mL", "recipient_weight": "kg", "infusion_hours": "h"}
NO_WORD = 63
_TABLES = (
    "specifications", "columns", "stages", "slots", "bounds", "units", "factors", "words", "word_verdicts", "selectors",
    "declared", "karyotypes", "identities", "averages", "dose_rates",
)  # fmt: skip
_FOLDED = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "\t\u00a0\u2007\u2009\u202f\u3000"), " "),
    ord("−"): "-",
}
_NUMBER = (
    r"^(?P<operator><=|>=|[<>=≤≥≦≧])? ?(?P<mantissa>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))"
    r"(?:[eE](?P<exponent>[+-]?[0-9]+)| ?[xX×] ?10\^(?P<power>[+-]?[0-9]+))?(?P<percent> ?%)?$"
)
_OPERATORS = {"=": 2, "<": 4, "<=": 5, "≤": 5, "≦": 5, ">": 6, ">=": 7, "≥": 7, "≧": 7}
_DAY = r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_TIME = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"


def load_rules(task: Task) -> Rules:
    """Return the rule tables as frames."""
    rules: Rules = {name: pd.read_parquet(f"{task.rules}/{name}.parquet") for name in _TABLES}
    rules["lists"] = json.loads((Path(task.rules) / "lists.json").read_text(encoding="utf-8"))
    return rules


def read_files(task: Task, rules: Rules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the results and the batches, texts as categories."""
    lists = rules["lists"]
    of_batch = {
        "batch_id", lists["product"], *lists["selecting"], *AMOUNTS, *(f"{name}_unit" for name in AMOUNTS),
        *rules["karyotypes"]["sex"], *rules["identities"]["attribute"], "manufactured_at", "expires_at",
    }  # fmt: skip
    if task.is_csv:
        return _read_csv(task.results, RESULT_COLUMNS), _read_csv(task.batches, sorted(of_batch))
    tables = (
        pd.read_parquet(task.results, columns=list(RESULT_COLUMNS)),
        pd.read_parquet(task.batches, columns=sorted(of_batch)),
    )
    return tables[0].astype("category"), tables[1].astype("category")


def _read_csv(path: str, columns: Sequence[str]) -> pd.DataFrame:
    texts = pa.dictionary(pa.int32(), pa.string())
    options = csv.ConvertOptions(
        include_columns=columns, column_types=dict.fromkeys(columns, texts), strings_can_be_null=False
    )
    return csv.read_csv(path, convert_options=options).unify_dictionaries().to_pandas()


def texts_of(column: pd.Series) -> pd.Series:
    """Return the distinct texts of a category column."""
    return pd.Series(column.cat.categories.astype("str"))


def fold(texts: pd.Series) -> pd.Series:
    """Return texts without the differences that carry no meaning."""
    return texts.str.translate(_FOLDED).str.strip(" ").str.replace(" {2,}", " ", regex=True)


def parse_readings(texts: pd.Series, rules: Rules) -> pd.DataFrame:
    """Return what distinct texts say, in their order.

    Forms: 0 empty, 1 word, 2 number, 3 number of more than 15 digits, 4 <, 5 ≤, 6 >, 7 ≥, 8 unreadable.
    """
    folded = fold(texts)
    parts = folded.str.extract(_NUMBER).astype("object").where(lambda frame: frame.notna(), "")
    power = parts["exponent"].where(parts["exponent"] != "", parts["power"]).replace("", "0")
    number = pd.to_numeric(
        (parts["mantissa"] + "e" + power).where(parts["mantissa"] != "", None), errors="coerce"
    ).to_numpy(np.float64)
    words = rules["words"].set_index("spelling").reindex(folded.str.lower())
    is_word = words["word"].notna().to_numpy()
    digits = parts["mantissa"].str.replace("[+.-]", "", regex=True).str.strip("0").str.len().to_numpy()
    operator = parts["operator"].replace("", "=").map(_OPERATORS).to_numpy(np.int64)
    negative_zero = parts["mantissa"].str.startswith("-").to_numpy(bool) & (number == 0)
    size = np.abs(number)
    unreadable = np.isnan(number) | negative_zero | ((size > 0) & ((size < 1e-290) | (size > 1e290)))
    long = digits > 15
    form = np.select(
        [(folded == "").to_numpy(bool), is_word, unreadable | (long & (operator != 2)), long],
        [0, 1, 8, 3],
        default=operator,
    )
    spelled = rules["words"].set_index("spelling")["word"]
    word = words["word"].fillna(NO_WORD).to_numpy(np.int64)
    normal = folded.str.extract(r"^46,X([XY])\[([1-9][0-9]{0,3})\]$")
    return pd.DataFrame(
        {
            "folded": folded.str.lower(),
            "form": form.astype(np.int64),
            "number": np.nan_to_num(number),
            "percent": (parts["percent"] != "").to_numpy(bool),
            "word": word,
            "is_interim": (words["standing"] == "interim").to_numpy(bool),
            "is_undecided": (words["standing"] == "undecided").to_numpy(bool),
            "declared_by": np.select([word == spelled["not detected"], word == spelled["below quantitation limit"]], [1, 2], default=0),
            "metaphases": pd.to_numeric(normal[1]).fillna(-1).to_numpy(np.int64),
            "karyotype_sex": normal[0].map({"X": 1, "Y": 2}).fillna(0).to_numpy(np.int64),
            "is_clone": folded.str.match(r"^47,(?:X[XY],\+[0-9XY]+|XXX|XXY|XYY)\[(?:[2-9]|[1-9][0-9]+)\](?:/46,X[XY]\[[0-9]+\])?$").to_numpy(bool),
        }
    )  # fmt: skip


def parse_dates(texts: pd.Series) -> NDArray[np.int64]:
    """Return for each date 0 where it is empty or has a zone, 1 where it has none, 2 where it cannot be read."""
    exists = pd.to_datetime(texts.str.slice(0, 10), format="%Y-%m-%d", errors="coerce").notna()
    zoned = (texts == "") | (texts.str.fullmatch(_DAY + _TIME + _ZONE) & exists)
    unzoned = texts.str.fullmatch(f"{_DAY}(?:{_TIME})?") & exists
    return np.select([zoned.to_numpy(bool), unzoned.to_numpy(bool)], [0, 1], default=2)


def parse_revisions(texts: pd.Series) -> NDArray[np.int64]:
    """Return revisions as numbers: 0 for none, -1 for what is no whole number of at most nine digits."""
    number = pd.to_numeric(texts.str.strip().str.extract(r"^([0-9]{1,9})(?:\.0)?$")[0])
    return np.where((texts.str.strip() == "").to_numpy(bool), 0, number.fillna(-1).to_numpy(np.float64)).astype(
        np.int64
    )


def parse_persons(texts: dict[str, pd.Series], names: tuple[str, ...]) -> dict[str, NDArray[np.int64]]:
    """Return persons as numbers, 0 for none; two spellings of one name differ in no letter or digit."""
    folded = {name: fold(texts[name]).str.lower().str.replace(r"[\W_]", "", regex=True) for name in names}
    known = pd.Index(pd.concat(folded.values()).unique()).drop("", errors="ignore")
    return {name: known.get_indexer(pd.Index(persons)) + 1 for name, persons in folded.items()}
