"""Write a synthetic export with known truth, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regenqc.errors import Fault, UsageError
from regenqc.simulation.deal import CATALOGUE_LOTS
from regenqc.simulation.panels import BANK, PRODUCT
from regenqc.simulation.produce import Production
from regenqc.simulation.troubles import AS_OF, TROUBLES
from regenqc.vocabulary import Disposition

__all__ = ["GENERATOR_VERSION", "SimulationSummary", "simulate"]

# Changes whenever the same arguments give other bytes.
GENERATOR_VERSION = "3"
_MOST_BATCHES = 99_999_999
_TABLES = ("results", "batches", "truth")
_README = "README.txt"

_README_TEXT = """\
SYNTHETIC DATA. No lot, donor, recipient, laboratory or result in this directory is real.

regenqc simulate, generator version {version}
seed {seed}, {batches} lots, troubled share {share} after the first {catalogue} lots
The truth holds for --as-of {as_of}

results.{suffix}  what the laboratories report, one row per reported result
batches.{suffix}  one row per lot with the attributes that the specifications select on or compute with
truth.{suffix}    per lot and stage: the disposition that an evaluation must give, the trouble that was planted, and the
             requirements whose cells are not "conforms"; a failing result that was revised, or invalidated and
             retested as allowed, is an alert and no trouble

Specifications: {bank} and {product}. Their limits are those of products that do not exist.
The first {catalogue} lots show every kind of trouble:

{kinds}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationSummary:
    """What was written.

    Args:
        out: the directory.
        files: names of its files, sorted.
        batches: number of lots.
        results: number of rows in the results.
        expected: number of (lot, stage) pairs by expected disposition, every disposition named.
        troubles: number of lots by kind of trouble, only kinds that occur.
        seed, file_format: as asked for.
        as_of: the time at which the truth holds.
    """

    out: Path
    files: tuple[str, ...]
    batches: int
    results: int
    expected: dict[str, int]
    troubles: dict[str, int]
    seed: int
    file_format: Literal["csv", "parquet"]
    as_of: str = AS_OF


def simulate(
    *,
    batches: int,
    seed: int,
    out: Path,
    file_format: Literal["csv", "parquet"] = "csv",
    troubled_share: float = 0.35,
    chunk_batches: int = 20_000,
) -> SimulationSummary:
    """Write the synthetic LIMS export of a product derived from hiPS cells, with the truth about it.

    The same arguments give the same bytes, whatever `chunk_batches`. A lot depends on the seed and its own number only,
    so that a longer run begins with the lots of a shorter one; the first sixty lots show every kind of trouble.

    Args:
        batches: number of lots; one in ten is a cell bank.
        seed: any whole number.
        out: directory; written beside itself and moved into place when complete. An earlier export there is replaced.
        file_format: `csv` or `parquet`.
        troubled_share: share of the lots after the sixtieth that have trouble; 0 plants none anywhere.
        chunk_batches: lots produced at a time; bounds memory.

    Raises:
        UsageError: an argument is out of range, or `out` holds something other than an earlier export.

    Example:
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     summary = simulate(batches=60, seed=1, out=Path(directory) / "export")
        >>> summary.files
        ('README.txt', 'batches.csv', 'results.csv', 'truth.csv')
    """
    out = Path(out)
    _check(batches, troubled_share, chunk_batches, file_format)
    _check_place(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise UsageError(
            Fault(
                code="RQC-U041",
                what=f"Cannot write there: {error.strerror}.",
                where=str(out),
                action="Choose another directory.",
            )
        ) from error
    try:
        production = Production(seed=seed, troubled_share=troubled_share)
        production.write(unfinished, batches=batches, chunk=chunk_batches, file_format=file_format)
        text = _README_TEXT.format(
            version=GENERATOR_VERSION,
            seed=seed,
            batches=batches,
            share=troubled_share,
            catalogue=CATALOGUE_LOTS,
            as_of=AS_OF,
            suffix=file_format,
            bank=BANK.specification,
            product=PRODUCT.specification,
            kinds="\n".join(sorted(trouble.word for trouble in TROUBLES)),
        )
        (unfinished / _README).write_text(text, encoding="utf-8", newline="\n")
        unfinished.chmod(0o755)
        _move(unfinished, out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return SimulationSummary(
        out=out,
        files=tuple(sorted((_README, *(f"{name}.{file_format}" for name in _TABLES)))),
        batches=batches,
        results=production.results,
        expected={word.value: int(count) for word, count in zip(Disposition, production.expected, strict=True)},
        troubles={
            trouble.word: int(count) for trouble, count in zip(TROUBLES, production.troubles, strict=True) if count
        },
        seed=seed,
        file_format=file_format,
    )


def _check(batches: int, troubled_share: float, chunk_batches: int, file_format: str) -> None:
    for name, value, good, expected in (
        ("batches", batches, 1 <= batches <= _MOST_BATCHES, f"1 to {_MOST_BATCHES}"),
        ("troubled_share", troubled_share, 0 <= troubled_share <= 1, "0 to 1"),
        ("chunk_batches", chunk_batches, chunk_batches >= 1, "at least 1"),
        ("file_format", file_format, file_format in ("csv", "parquet"), "csv or parquet"),
    ):
        if not good:
            raise UsageError(
                Fault(code="RQC-U040", what="An argument of the simulation is out of range.", where=name,
                      got=str(value), expected=expected, action="Correct it.")
            )  # fmt: skip


def _check_place(out: Path) -> None:
    ours = {_README, *(f"{name}.{suffix}" for name in _TABLES for suffix in ("csv", "parquet"))}
    if out.is_dir():
        foreign = sorted(path.name for path in out.iterdir() if path.name not in ours)
    else:
        foreign = [out.name] if out.exists() or out.is_symlink() else []
    if foreign:
        raise UsageError(
            Fault(
                code="RQC-U041",
                what="Something other than an earlier synthetic export is there already.",
                where=str(out),
                got=", ".join(foreign),
                expected="no such directory, an empty one, or an earlier export",
                action="Choose another directory, or remove this one.",
            )
        )


def _move(finished: Path, out: Path) -> None:
    """Put the finished directory into its place; what was there goes only when the new one stands."""
    if not out.exists():
        finished.rename(out)
        return
    earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}-earlier-", dir=out.parent))
    out.rename(earlier / out.name)
    finished.rename(out)
    shutil.rmtree(earlier)
