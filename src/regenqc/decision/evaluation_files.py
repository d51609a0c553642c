"""The files of an evaluation, as whoever decides reads them: each once, and only the rows of the batches in question."""

from __future__ import annotations

import json
import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from regenqc.canonical import digest_of
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

    from regenqc.intake.batches import BatchTable

__all__ = ["TABLES", "EvaluationFiles", "contradiction"]

TABLES: Final = ("dispositions", "findings", "results", "verdicts")


class EvaluationFiles:
    """Hold the files that `regenqc evaluate --out` wrote.

    Every file is read once, so that its rows and its digest are those of the same bytes, however many batches are asked for.

    Args:
        directory: with the files.
        only: batches whose rows are kept; `None` keeps all.
    """

    def __init__(self, directory: Path, *, only: Collection[str] | None = None) -> None:
        self.directory = directory
        self._only = None if only is None else {_text(name) for name in only}
        self._tables: dict[str, tuple[pa.Table, str]] = {}
        self._batches: dict[Path, tuple[BatchTable, dict[str, int]]] = {}

    @cached_property
    def _run(self) -> tuple[dict[str, Any], str]:
        try:
            data = (self.directory / "run.json").read_bytes()
            run = json.loads(data)
            schema = run["schema"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._no_output(str(error)) from error
        if schema != "regenqc.run/1":
            raise self._no_output(str(schema))
        return run, digest_of(data)

    @property
    def run(self) -> dict[str, Any]:
        """Return what `run.json` says.

        Raises:
            DataError: `RQC-A030`, this is no output of an evaluation.
        """
        return self._run[0]

    @property
    def moment(self) -> str:
        """Return the moment as of which was judged."""
        return str(self.run["as_of"])

    @cached_property
    def specifications(self) -> list[str]:
        """Return the specifications by which the batches were judged, in the order of their names."""
        table, _ = self._table("dispositions")
        return sorted(name for name in table["spec_id"].unique().to_pylist() if name)

    @cached_property
    def digests(self) -> dict[str, str]:
        """Return the digest of every table, and of `run.json`."""
        return {"run": self._run[1]} | {name: self._table(name)[1] for name in TABLES}

    def rows(self, name: str, **chosen: str) -> list[dict[str, Any]]:
        """Return rows of a table.

        Args:
            name: `dispositions`, `findings`, `results` or `verdicts`.
            chosen: columns and the text that they must have, blanks around it left aside, in whatever composition.

        Raises:
            DataError: `RQC-A030`, the file cannot be read.
        """
        table, _ = self._table(name)
        for column, value in chosen.items():
            table = table.filter(_is_one_of(table[column], {_text(value)}))
        return list(table.to_pylist())

    def table_of_batches(self, name: str, batch_ids: Collection[str]) -> pa.Table:
        """Return the rows of a table that belong to some batches, as a table.

        Args:
            name: `dispositions`, `findings`, `results` or `verdicts`.
            batch_ids: of the batches.

        Raises:
            DataError: `RQC-A030`, the file cannot be read.
        """
        table, _ = self._table(name)
        return table.filter(_is_one_of(table["batch_id"], {_text(batch_id) for batch_id in batch_ids}))

    def check_inputs(self) -> None:
        """Refuse to go on when an input is no longer the one that was judged.

        Raises:
            DataError: `RQC-A032`.
        """
        for name, now, then in self._changed_inputs:
            raise contradiction(
                "RQC-A032",
                "An input is no longer the one that was judged.",
                name,
                now,
                then,
                "Judge the batch again, by what the laboratory reports now.",
            )

    @cached_property
    def _changed_inputs(self) -> list[tuple[str, str, str]]:
        stated = [*self.run["inputs"], *([self.run["batches"]] if self.run["batches"] else [])]
        there = [(Path(entry["name"]), entry["digest"]) for entry in stated if entry["digest"]]
        found = [(path.name, _digest_of_file(path), digest) for path, digest in there if path.is_file()]
        return [(name, now, then) for name, now, then in found if now != then]

    def lot(self, batch_id: str, batches: Path | None) -> dict[str, str]:
        """Return the attributes of a batch, as the batch table states them.

        Args:
            batch_id: of the batch.
            batches: batch table; the one that the evaluation names when it is still there.

        Raises:
            DataError: `RQC-A032`, the table is not there, or another one than was judged by.
        """
        stated = self.run["batches"]
        if stated is None:
            return {}
        path = batches or Path(stated["name"])
        if not path.is_file():
            raise contradiction(
                "RQC-A032",
                "The batch table by which the batch was judged is not there.",
                str(path),
                "no file",
                stated["digest"] or "",
                "Name it with --batches.",
            )
        table, places = self._batch_table(path)
        if stated["digest"] and table.digest != stated["digest"]:
            raise contradiction(
                "RQC-A032",
                "This is another batch table than the one by which the batch was judged.",
                str(path),
                table.digest or "",
                stated["digest"],
                "Name the right one with --batches, or judge the batch again.",
            )
        at = places.get(_text(batch_id))
        return {} if at is None else {name: table.attributes[name][at] for name in table.attributes}

    def command_for(self, specification: str) -> str:
        """Return the command that judges the same by one specification alone."""
        run, quoted = self.run, shlex.quote
        words = ["regenqc evaluate", *(quoted(entry["name"]) for entry in run["inputs"])]
        if run["batches"]:
            words += ["--batches", quoted(run["batches"]["name"])]
        if run["profile"] != "canonical":
            words += ["--profile", quoted(run["profile"])]
        words += ["--spec", quoted(specification), "--as-of", run["as_of"]]
        return " ".join([*words, "--out", quoted(f"{self.directory}-{specification.rpartition('/')[2]}")])

    def _batch_table(self, path: Path) -> tuple[BatchTable, dict[str, int]]:
        from regenqc.intake.batches import read_batches  # noqa: PLC0415 - reads a table only where there is one

        if path not in self._batches:
            table = read_batches(str(path))
            self._batches[path] = table, {_text(name): at for at, name in enumerate(table.batch_ids)}
        return self._batches[path]

    def _table(self, name: str) -> tuple[pa.Table, str]:
        import pyarrow as pa  # noqa: PLC0415 - only where files are read
        import pyarrow.parquet as pq  # noqa: PLC0415

        if name not in self._tables:
            path = self.directory / f"{name}.parquet"
            try:
                data = path.read_bytes()
                table = pq.read_table(pa.BufferReader(data))
                if self._only is not None:
                    table = table.filter(_is_one_of(table["batch_id"], self._only))
            except (OSError, KeyError, pa.ArrowException) as error:
                raise contradiction(
                    "RQC-A030",
                    "A file of the evaluation cannot be read.",
                    str(path),
                    str(error),
                    "a file that `regenqc evaluate --out` wrote",
                    "Judge the batch again.",
                ) from error
            self._tables[name] = (table, digest_of(data))
        return self._tables[name]

    def _no_output(self, got: str) -> DataError:
        return contradiction(
            "RQC-A030",
            "This is no output of an evaluation.",
            str(self.directory),
            got,
            "the directory that `regenqc evaluate --out` wrote",
            "Name that directory.",
        )


def contradiction(code: str, what: str, where: str, got: str, expected: str, action: str) -> DataError:
    """Return the error of files that do not agree with one another, or with what they were made from."""
    return DataError(Fault(code=code, what=what, where=where, got=got, expected=expected, action=action))


def _is_one_of(column: pa.ChunkedArray, wanted: Collection[str]) -> pa.ChunkedArray:
    """Return which rows hold one of some texts; each distinct text is looked at once."""
    import pyarrow as pa  # noqa: PLC0415 - only where files are read
    import pyarrow.compute as pc  # noqa: PLC0415

    asked, masks = pa.array(sorted(wanted), pa.string()), []
    for chunk in column.chunks:
        encoded = chunk if isinstance(chunk, pa.DictionaryArray) else chunk.dictionary_encode()
        texts = pc.utf8_normalize(pc.utf8_trim_whitespace(encoded.dictionary.cast(pa.string())), form="NFC")
        masks.append(pc.is_in(texts, value_set=asked).take(encoded.indices))
    return pa.chunked_array(masks, pa.bool_())


def _digest_of_file(path: Path) -> str:
    from hashlib import file_digest  # noqa: PLC0415 - a name used once

    with path.open("rb") as file:
        return f"sha256:{file_digest(file, 'sha256').hexdigest()}"


def _text(text: str) -> str:
    # Equal texts have equal bytes in Form C; nothing that a person could see changes by it.
    return normalize("NFC", text)
