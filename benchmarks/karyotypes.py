"""Time the reading of karyotypes, on one core: distinct texts, texts as they come, and texts that repeat."""

from __future__ import annotations

import itertools
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.karyotype.valid_karyotypes import valid_karyotypes

from regenqc.karyotype import abnormalities, grammar, judge_karyotype, read_karyotype

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["time_karyotypes"]

# Most reports of a cell bank say one of these.
USUAL = ("46,XX[20]", "46,XY[20]", "46,XX[30]", "46,XY[25]", "47,XX,+12[3]/46,XX[17]", "46,XY[19]", "46,XX[20]")


def time_karyotypes(*, texts: int, runs: int, seed: int = 1) -> dict[str, Any]:
    """Return texts per second that are read, and read and judged.

    Args:
        texts: valid karyotypes of the seeded generator of the tests: clones, evolution, composites, polyploidy, other
            techniques; some two thirds of them occur once.
        runs: counted runs of each figure; every run starts with empty caches, apart from the one that repeats.
        seed: of the generator.
    """
    made = [valid.text for valid in itertools.islice(valid_karyotypes(seed=seed), texts)]
    distinct = list(dict.fromkeys(made))
    usual = list(itertools.islice(itertools.cycle(USUAL), texts))
    refused = [text[:-1] + ")" for text in distinct]
    return {
        "texts": len(made),
        "distinct share": len(distinct) / len(made),
        "characters per text": sum(map(len, made)) / len(made),
        "read, as made": _rate(made, read_karyotype, runs=runs),
        "read, distinct only": _rate(distinct, read_karyotype, runs=runs),
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
            abnormalities.find_frequent.cache_clear()
            grammar._read_frequent.cache_clear()  # noqa: SLF001 - what is measured is the reading, not the memory
        else:
            for text in texts:
                function(text)
        started = time.process_time()
        for text in texts:
            function(text)
        times.append(time.process_time() - started)
    return len(texts) / median(times)


if __name__ == "__main__":
    for name, value in time_karyotypes(texts=100_000, runs=5).items():
        print(f"karyotypes  {name:<32} {value:>14,.2f}")
