"""The signer never signs a smaller or another tree, whatever happens to the database or to the process."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from regenqc.errors import LedgerError
from regenqc.ledger import CheckpointMemory, Log, Policy
from regenqc.ledger.cosignature import PostQuantumSigner
from regenqc.ledger.note import Ed25519Signer

from .workbench import LOG_KEY, NOW, ORIGIN, POLICY, Workbench, entries, seed

if TYPE_CHECKING:
    from pathlib import Path


def copy_of(source: Path, target: Path) -> None:
    """Copy a closed SQLite ledger."""
    shutil.copyfile(source, target)


def test_a_ledger_rolled_back_to_a_backup_is_not_signed(tmp_path: Path, memory: CheckpointMemory) -> None:
    path, backup = tmp_path / "ledger.db", tmp_path / "backup.db"
    with Log.open(f"sqlite:///{path}", origin=ORIGIN) as log:
        log.append(entries(10))
        log.checkpoint(LOG_KEY, memory=memory, now=NOW)
    copy_of(path, backup)
    with Log.open(f"sqlite:///{path}") as log:
        log.append(entries(5, start=10))
        log.checkpoint(LOG_KEY, memory=memory, now=NOW)
    copy_of(backup, path)
    with Log.open(f"sqlite:///{path}") as log:
        with pytest.raises(LedgerError, match="RQC-L050"):
            log.checkpoint(LOG_KEY, memory=memory, now=NOW)
        assert memory.latest(ORIGIN).size == 15
        # Other entries in the place of the lost ones do not help.
        log.append(entries(9, start=100))
        with pytest.raises(LedgerError, match="RQC-L051"):
            log.checkpoint(LOG_KEY, memory=memory, now=NOW)


def test_a_ledger_written_anew_with_other_content_is_not_signed(tmp_path: Path, memory: CheckpointMemory) -> None:
    for name, word in (("one", "right"), ("two", "wrong")):
        with Log.open(f"sqlite:///{tmp_path}/{name}.db", origin=ORIGIN) as log:
            log.append(entries(10, word=word))
            if name == "one":
                log.checkpoint(LOG_KEY, memory=memory, now=NOW)
            else:
                with pytest.raises(LedgerError, match="RQC-L051"):
                    log.checkpoint(LOG_KEY, memory=memory, now=NOW)


def test_a_lost_memory_does_not_make_the_database_forget(tmp_path: Path, bench: Workbench) -> None:
    bench.fill(10)
    before = bench.sign()
    other = CheckpointMemory(tmp_path / "new memory")
    assert bench.log.checkpoint(LOG_KEY, memory=other, now=NOW) == before
    bench.fill(1, start=10)
    assert bench.log.checkpoint(LOG_KEY, memory=other, now=NOW).size == 11


@pytest.mark.parametrize("damage", [b"", b"half a checkp", b"\xff" * 500], ids=["emptied", "cut", "overwritten"])
def test_a_damaged_memory_stops_the_signer(bench: Workbench, damage: bytes) -> None:
    bench.fill(10)
    bench.sign()
    (file,) = bench.memory.folder.glob("*.checkpoint")
    file.write_bytes(damage)
    with pytest.raises(LedgerError, match="RQC-L052"):
        bench.sign()
    assert file.read_bytes() == damage


def test_a_memory_that_cannot_be_written_stops_the_signer(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill(10)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("regenqc.ledger.memory.os.fsync", full)
    with pytest.raises(LedgerError, match=r"RQC-L052.*No space"):
        bench.sign()
    monkeypatch.undo()
    assert list(bench.log.checkpoints()) == []
    assert bench.sign().size == 10


def test_a_crash_after_remembering_and_before_recording_is_healed(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fill(10)

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("regenqc.ledger.session.SqlTransaction.put_checkpoint", crash)
    with pytest.raises(KeyboardInterrupt):
        bench.sign()
    monkeypatch.undo()
    assert bench.memory.latest(ORIGIN).size == 10
    assert list(bench.log.checkpoints()) == []
    assert bench.sign(now=NOW + 5).size == 10
    bench.fill(3, start=10)
    assert [bench.sign().size, len(list(bench.log.checkpoints()))] == [13, 2]


def test_an_altered_inner_hash_is_noticed_before_signing(tmp_path: Path, memory: CheckpointMemory) -> None:
    with Log.open(f"sqlite:///{tmp_path}/ledger.db", origin=ORIGIN) as log:
        log.append(entries(600))
        with log.store.transaction() as transaction:
            transaction.execute("DROP TRIGGER ledger_node_update")
            transaction.execute("UPDATE ledger_node SET hash = ? WHERE level = 1 AND position = 1", (bytes(32),))
        with pytest.raises(LedgerError, match="RQC-L051"):
            log.checkpoint(LOG_KEY, memory=memory, now=NOW)


@pytest.mark.parametrize("name", ["other.example/ledger", "witness.example"])
def test_a_key_with_another_name_does_not_sign(bench: Workbench, name: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L040"):
        bench.log.checkpoint(Ed25519Signer(name, seed("log")), memory=bench.memory, now=NOW)


def test_nothing_is_signed_without_a_key(bench: Workbench) -> None:
    with pytest.raises(LedgerError, match="RQC-L040"):
        bench.log.checkpoint(memory=bench.memory, now=NOW)


def test_a_log_can_sign_with_a_post_quantum_key_beside_the_other(bench: Workbench) -> None:
    bench.fill(3)
    signed = bench.log.checkpoint(LOG_KEY, PostQuantumSigner(ORIGIN, seed("q")), memory=bench.memory, now=NOW)
    assert len(signed.note.signatures) == 2
    assert POLICY.trust(signed.encoded).signed.size == 3


def test_a_new_key_signs_the_same_size_anew(bench: Workbench) -> None:
    bench.fill(3)
    bench.sign()
    rotated = Ed25519Signer(ORIGIN, seed("the next log key"))
    signed = bench.log.checkpoint(rotated, memory=bench.memory, now=NOW)
    assert [found.key_id for found in signed.note.signatures] == [rotated.verifier.key_id]
    assert len(list(bench.log.checkpoints())) == 2


def test_after_a_change_of_keys_old_checkpoints_verify_with_the_old_key(bench: Workbench) -> None:
    bench.fill(3)
    bench.sign()
    rotated = Ed25519Signer(ORIGIN, seed("the next log key"))
    bench.fill(3, start=3)
    bench.log.checkpoint(rotated, memory=bench.memory, now=NOW)
    both = Policy.of([LOG_KEY.verifier, rotated.verifier])
    assert (bench.log.verify(policy=both).ok, bench.log.verify(policy=both).signed_size) == (True, 6)
    assert bench.log.verify(policy=Policy.of([rotated.verifier])).detectors == {"signed_checkpoint"}


def test_signers_that_race_while_the_log_grows_sign_one_growing_tree(bench: Workbench) -> None:
    bench.fill(1)

    def work(number: int) -> int:
        bench.fill(3, start=1 + 3 * number)
        return bench.sign().size

    with ThreadPoolExecutor(6) as threads:
        sizes = list(threads.map(work, range(30)))
    recorded = [signed.size for signed in bench.log.checkpoints()]
    assert recorded == sorted(recorded)
    assert set(sizes) <= set(recorded)
    assert bench.log.verify(policy=POLICY).ok


def test_two_writers_of_one_postgresql_ledger_sign_one_growing_tree(postgres_url: str, tmp_path: Path) -> None:
    logs = [Log.open(postgres_url, origin=ORIGIN) for _ in range(2)]
    memories = [CheckpointMemory(tmp_path / f"memory {number}") for number in range(2)]

    def work(number: int) -> None:
        log = logs[number % 2]
        log.append(entries(3, start=3 * number))
        log.checkpoint(LOG_KEY, memory=memories[number % 2], now=NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(20)))
    recorded = [signed.size for signed in logs[0].checkpoints()]
    assert recorded == sorted(recorded)
    assert logs[1].verify(policy=POLICY).ok
    for log in logs:
        log.close()


def test_memories_of_several_logs_do_not_mix(tmp_path: Path, memory: CheckpointMemory) -> None:
    for name in ("a.example", "b.example", "../../c"):
        with Log.open(f"sqlite:///{tmp_path}/{name[-9:].strip('./')}.db", origin=name) as log:
            log.append(entries(len(name)))
            log.checkpoint(Ed25519Signer(name, seed(name)), memory=memory, now=NOW)
    assert [memory.latest(name).size for name in ("a.example", "b.example", "../../c")] == [9, 9, 7]
