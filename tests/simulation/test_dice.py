"""Random numbers depend on their address only."""

import numpy as np
import pytest

from regenqc.simulation.dice import Dice

LOTS = np.arange(50_000, dtype=np.int64)


def test_a_number_does_not_depend_on_its_neighbours():
    whole = Dice(9).bits("colour", LOTS)
    assert (Dice(9).bits("colour", LOTS[17:18]) == whole[17:18]).all()


@pytest.mark.parametrize("other", [("shape", 9), ("colour", 10)], ids=["another question", "another seed"])
def test_another_address_gives_unrelated_numbers(other):
    question, seed = other
    first, second = Dice(9).share("colour", LOTS), Dice(seed).share(question, LOTS)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_neighbouring_lots_are_unrelated():
    numbers = Dice(9).share("colour", LOTS)
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.02


def test_picks_are_equally_likely():
    counts = np.bincount(Dice(9).pick("colour", LOTS, 7), minlength=7)
    assert len(counts) == 7
    assert abs(counts - len(LOTS) / 7).max() < 350


@pytest.mark.parametrize("seed", [0, -1, 2**80], ids=["zero", "negative", "longer than 64 bits"])
def test_any_whole_number_is_a_seed(seed):
    assert Dice(seed).pick("colour", LOTS, 3).max() == 2
