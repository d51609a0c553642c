"""Group commit: many callers share one transaction, none is divided, each hears what became of his entries."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regenqc.errors import LedgerError
from regenqc.ledger import Appended, Entry, Log, Refused
from regenqc.ledger.group_commit import MOST_ENTRIES_PER_GROUP, GroupCommitter, Submission

from .workbench import ORIGIN, entries, entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def log(sqlite_url: str) -> Iterator[Log]:
    with Log.open(sqlite_url, origin=ORIGIN) as opened:
        yield opened


def test_what_waits_while_the_disk_is_busy_is_committed_together(log: Log) -> None:
    groups: list[int] = []
    commit = log._committer._commit

    def counting(group: list[Submission]) -> None:
        groups.append(len(group))
        commit(group)

    log._committer._commit = counting
    with log.store.transaction():  # as long as this lasts nothing can be committed
        first = log.submit([entry(0)])
        while not first.running():
            pass
        rest = [log.submit([entry(number)]) for number in range(1, 50)]
    assert [future.result()[0].index for future in (first, *rest)] == list(range(50))
    assert groups == [1, 49]


def gathered(sizes: list[int]) -> list[list[int]]:
    """Return how submissions of some sizes are grouped when they all wait."""
    groups: list[list[int]] = []
    gate = threading.Event()

    def commit(group: list[Submission]) -> None:
        gate.wait()
        groups.append([len(submission.entries) for submission in group])
        for submission in group:
            submission.future.set_result(())

    committer = GroupCommitter(commit, name="test")
    first = committer.submit([])
    while not first.running():
        pass
    for size in sizes:
        committer.submit([entry(0)] * size)
    gate.set()
    committer.close()
    return groups[1:]


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        pytest.param([1, 2, 3], [[1, 2, 3]], id="small ones go together"),
        pytest.param([9_999, 1, 1], [[9_999, 1], [1]], id="a group is not larger than its limit"),
        pytest.param([25_000, 1], [[25_000], [1]], id="one that is larger than the limit goes alone and undivided"),
        pytest.param([6_000, 6_000, 6_000], [[6_000], [6_000], [6_000]], id="none is divided to fill a group"),
    ],
)
def test_submissions_are_grouped_in_their_order(sizes: list[int], groups: list[list[int]]) -> None:
    assert MOST_ENTRIES_PER_GROUP == 10_000
    assert gathered(sizes) == groups


def test_closing_records_what_was_submitted(sqlite_url: str) -> None:
    with Log.open(sqlite_url, origin=ORIGIN) as log:
        futures = [log.submit([each]) for each in entries(200)]
    assert [future.result(timeout=0)[0].index for future in futures] == list(range(200))


def test_an_error_of_the_disk_reaches_everybody_of_the_group_and_nobody_else(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(entries(3))

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("regenqc.ledger.session.SqlTransaction.put_entries", fail)
    with log.store.transaction():
        futures = [log.submit([entry(number)]) for number in (3, 4)]
    assert [type(future.exception()) for future in futures] == [OSError, OSError]
    monkeypatch.undo()
    assert log.append(entries(5))[4].index == 4


def test_a_thread_is_started_only_when_something_is_recorded(sqlite_url: str) -> None:
    with Log.open(sqlite_url, origin=ORIGIN) as log:
        assert log.size == 0
        assert not [thread for thread in threading.enumerate() if thread.name == f"ledger {ORIGIN}"]


def test_submitting_to_a_closed_committer_is_refused(sqlite_url: str) -> None:
    log = Log.open(sqlite_url, origin=ORIGIN)
    log.close()
    with pytest.raises(LedgerError, match="RQC-L038"):
        log._committer.submit(entries(1))


KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b""])
BODIES = st.sampled_from([b"1", b"2", b""])
CALLS = st.lists(st.lists(st.builds(Entry, KEYS, BODIES), max_size=5), max_size=6)


@given(CALLS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_ledger_behaves_as_a_dictionary_that_never_forgets(
    tmp_path_factory: pytest.TempPathFactory, calls: list[list[Entry]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("model")
    model: dict[bytes, tuple[int, bytes]] = {}
    with Log.open(f"sqlite:///{folder}/ledger.db", origin=ORIGIN) as log:
        for call in calls:
            for each, outcome in zip(call, log.append(call), strict=True):
                check_outcome(model, each, outcome)
        assert [(found.key, found.body) for found in log.entries()] == [
            (key, body) for key, (_, body) in sorted(model.items(), key=lambda item: item[1][0])
        ]
        assert log.verify().ok


def check_outcome(model: dict[bytes, tuple[int, bytes]], each: Entry, outcome: Appended | Refused) -> None:
    """Compare one outcome with the model, and change the model as the entry says."""
    if not each.key or not each.body:
        assert outcome.fault.code == "RQC-L020"
    elif each.key not in model:
        assert (outcome.index, outcome.again) == (len(model), False)
        model[each.key] = (outcome.index, each.body)
    elif model[each.key][1] == each.body:
        assert (outcome.index, outcome.again) == (model[each.key][0], True)
    else:
        assert outcome.fault.code == "RQC-L021"


@pytest.mark.parametrize("copies", [2, 5])
def test_the_same_entry_submitted_often_in_one_group_is_recorded_once(log: Log, copies: int) -> None:
    with log.store.transaction():
        futures = [log.submit([entry(1), entry(2)]) for _ in range(copies)]
    outcomes = [outcome for future in futures for outcome in future.result()]
    assert Counter((outcome.index, outcome.again) for outcome in outcomes) == {
        (0, False): 1,
        (0, True): copies - 1,
        (1, False): 1,
        (1, True): copies - 1,
    }
