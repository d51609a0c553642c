"""Time the reading of karyotypes, on one core: distinct texts, texts as they come, and texts that repeat."""

from __future__ import annotations

import itertools
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.karyotype.valid_karyotypes import valid_karyotypes

from regenqc.karyotype import abnormalities, grammar, judge_karyotype, read_karyotype, signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["time_karyotypes"]

# Most reports of a cell bank say one of these.
USUAL = ("46,XX[20]", "46,XY[20]", "46,XX[30]", "46,XY[25]", "47,XX,+12[3]/46,XX[17]", "46,XY[19]", "46,XX[20]")


def time_karyotypes(*, texts: int, runs: int, seed: int = 1) -> dict[str, Any]:
    """Return texts per second that are read, and read and judged.

    Args:
        texts: valid karyotypes of the seeded generator of the tests: clones, evolution, composites, polyploidy, other
            techniques; the distinct ones are each text once. Their parts still repeat, as in life: normal clones, whole
            chromosomes, four results of other techniques. Most structural changes, with bands by chance, occur once.
        runs: counted runs of each figure; every run starts with empty caches, apart from the one that repeats. The
            usual reports are seven texts, read once and remembered.
        seed: of the generator.
    """
    made = [valid.text for valid in itertools.islice(valid_karyotypes(seed=seed), texts)]
    distinct = list(dict.fromkeys(made))
    usual = list(itertools.islice(itertools.cycle(USUAL), texts))
    refused = [text[:-1] + ")" for text in distinct]
    distinct_rate = _rate(distinct, read_karyotype, runs=runs)
    known = abnormalities.find_frequent.cache_info()
    return {
        "texts": len(made),
        "distinct texts": len(distinct),
        "abnormalities of the distinct texts looked up": known.hits + known.misses,
        "of these read before": known.hits,
        "characters per text": sum(map(len, made)) / len(made),
        "read, distinct only": distinct_rate,
        "read, as made": _rate(made, read_karyotype, runs=runs),
        "read, distinct, second time": _rate(distinct[:2000], read_karyotype, runs=runs, forget=False),
        "read, usual reports": _rate(usual, read_karyotype, runs=runs),
        "refused with position, distinct": _rate(refused[:5000], read_karyotype, runs=runs),
        "read and judged, as made": _rate(made[:20_000], _judge, runs=runs),
    }


def _judge(text: str) -> object:
    return judge_karyotype(read_karyotype(text), min_metaphases=20, allow=("inv(9)(p12q13)",))


def _rate(texts: Sequence[str], function: Callable[[str], object], *, runs: int, forget: bool = True) -> float:
    times = []
    for _ in range(runs):
        if forget:
            _forget()
        else:
            for text in texts:
                function(text)
        started = time.process_time()
        for text in texts:
            function(text)
        times.append(time.process_time() - started)
    return len(texts) / median(times)


def _forget() -> None:
    """Empty every cache of the reader: what is measured is the reading, not the memory."""
    for module in (abnormalities, grammar, signals):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


if __name__ == "__main__":
    for name, value in time_karyotypes(texts=100_000, runs=5).items():
        print(f"karyotypes  {name:<46} {value:>14,.2f}")
