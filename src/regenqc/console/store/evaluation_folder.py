"""The folder of an evaluation as it is loaded: what `run.json` says, digests of the tables, attributes of the batches."""

from __future__ import annotations

import json
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from regenqc.canonical import digest_of
from regenqc.console.store.faults import refused
from regenqc.decision.evaluation_files import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regenqc.intake.batches import BatchTable

__all__ = ["attributes_by_batch", "batch_table_of", "digests_of_tables", "read_run", "run_digest"]


def run_digest(folder: Path) -> str:
    """Return the digest by which an evaluation is known in the store.

    Raises:
        DataError: `RQC-W100`, this is no output of an evaluation.
    """
    return digest_of(read_run(folder)[1])


def read_run(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return what `run.json` says, and its bytes.

    Raises:
        DataError: `RQC-W100`, this is no output of an evaluation.
    """
    try:
        data = (folder / "run.json").read_bytes()
        run = json.loads(data)
        counts, stated = run["counts"], run["counts"]["dispositions"]
        is_run = (
            run["schema"] == "regenqc.run/1"
            and all(isinstance(counts[name], int) for name in ("rows_read", "rows_judged", "rows_refused"))
            and isinstance(stated, dict)
            and all(isinstance(run[name], str) for name in ("as_of", "profile"))
            and isinstance(run["specifications"], list)
            and isinstance(run["engine"]["regenqc"], str)
        )
        got = str(run["schema"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        is_run, got, run, data = False, repr(error), {}, b""
    if not is_run:
        raise refused(
            "RQC-W100",
            "This is no output of an evaluation.",
            where=str(folder),
            got=got,
            expected="the directory that `regenqc evaluate --out` wrote",
            action="Name that directory.",
        )
    return run, data


def digests_of_tables(folder: Path) -> dict[str, str]:
    """Return the digest of each table by its name; one that cannot be read is left out, and said where it is read."""
    found = {}
    for name in TABLES:
        try:
            with (folder / f"{name}.parquet").open("rb") as file:
                found[name] = f"sha256:{file_digest(file, 'sha256').hexdigest()}"
        except OSError:
            continue  # said where it is read
    return found


def attributes_by_batch(folder: Path, run: Mapping[str, Any]) -> Callable[[str], dict[str, str]]:
    """Return what tells the attributes of a batch; nothing where it was judged without batch table.

    Raises:
        DataError: `RQC-W102`, the batch table is not there, or another one than was judged by.
    """
    stated = run["batches"]
    if stated is None:
        return lambda _: {}
    from regenqc.intake.batches import read_batches  # noqa: PLC0415 - reads a table only where there is one

    path = batch_table_of(folder, run)
    if path is None or not path.is_file():
        raise refused(
            "RQC-W102",
            "The batch table by which the lots were judged is not there.",
            where=str(folder),
            got=str(stated["name"]),
            expected=f"{Path(stated['name']).name} in {folder.name}/inputs, or where it was",
            action="Put it there.",
        )
    table: BatchTable = read_batches(str(path))
    if stated["digest"] and table.digest != stated["digest"]:
        raise refused(
            "RQC-W102",
            "This is another batch table than the one by which the lots were judged.",
            where=str(path),
            got=table.digest,
            expected=stated["digest"],
            action="Put the right one there, or judge the lots again.",
        )
    places = {normalize("NFC", name): at for at, name in enumerate(table.batch_ids)}

    def attributes(name: str) -> dict[str, str]:
        at = places.get(normalize("NFC", name))
        if at is None:
            return {}
        return {column: value for column in table.attributes if (value := table.attributes[column][at])}

    return attributes


def batch_table_of(folder: Path, run: Mapping[str, Any]) -> Path | None:
    """Return where the batch table of an evaluation is: kept in its `inputs`, or where it was when it was judged.

    Args:
        folder: of the evaluation.
        run: what its `run.json` says.
    """
    if run["batches"] is None:
        return None
    stated = Path(run["batches"]["name"])
    kept = folder / "inputs" / stated.name
    return kept if kept.is_file() else stated
