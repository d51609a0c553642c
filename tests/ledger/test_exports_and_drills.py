"""A log as plain files, brought back from them, and the drill that tells an old backup from a new one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regenqc.errors import LedgerError, SignatureError
from regenqc.ledger import CheckpointMemory, Log, Policy
from regenqc.ledger.archive import verify_archive
from regenqc.ledger.drill import back_up_sqlite, recovery_drill
from regenqc.ledger.export import export_log, restore_archive
from regenqc.ledger.merkle import leaf_hashes
from regenqc.ledger.tiles import Tile, bundles_of, decode_bundle, decode_tile, encode_bundle, tiles_of

from .shelf import ShelfAuditor
from .workbench import LOG_KEY, NOW, ORIGIN, POLICY, WITNESS_KEYS, Workbench, entries, entry

if TYPE_CHECKING:
    from collections.abc import Callable

WITNESSED = Policy.of([LOG_KEY.verifier], witnesses=[WITNESS_KEYS[0].verifier])


# ---- tiles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "number", "width", "path"),
    [
        ("0", 0, 256, "tile/0/000"),
        ("0", 273, 112, "tile/0/273.p/112"),
        ("1", 1234067, 256, "tile/1/x001/x234/067"),
        ("entries", 1000, 1, "tile/entries/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(kind: str, number: int, width: int, path: str) -> None:
    assert Tile(kind, number, width).path == path


def test_a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_names() -> None:
    """C2SP tlog-tiles, "Partial Tiles": 273 full and one of width 112; one full and one of width 17; one of width 1."""
    tiles = list(tiles_of(70_000))
    assert len([tile for tile in tiles if tile.kind == "0" and tile.width == 256]) == 273
    assert [tile.path for tile in tiles if tile.width < 256] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]


@pytest.mark.parametrize(("size", "tiles", "bundles"), [(0, 0, 0), (1, 1, 1), (255, 1, 1), (256, 2, 1), (257, 3, 2)])
def test_small_trees_have_the_tiles_they_should(size: int, tiles: int, bundles: int) -> None:
    assert (len(list(tiles_of(size))), len(list(bundles_of(size)))) == (tiles, bundles)


@pytest.mark.parametrize(
    "bodies", [[], [b""], [b"a" * 65_535, b"", b"b"]], ids=["none", "an empty one", "long and short"]
)
def test_a_bundle_is_read_as_it_was_written(bodies: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(bodies), width=len(bodies)) == bodies


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\x00\x01aa", b""], ids=repr)
def test_a_bundle_that_ends_too_early_or_too_late_is_refused(data: bytes) -> None:
    with pytest.raises(LedgerError, match="RQC-L081"):
        decode_bundle(data, width=1)


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(LedgerError, match="RQC-L020"):
        encode_bundle([bytes(65_536)])


# ---- exports --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 700], ids=lambda count: f"{count} entries")
def test_an_export_verifies_with_nothing_but_its_files(bench: Workbench, tmp_path: Path, count: int) -> None:
    bench.fill(count)
    signed = bench.sign()
    digest = bench.log.put_blob(b"logger trace")
    export_log(bench.log, tmp_path / "export", policy=POLICY)
    found = verify_archive(tmp_path / "export", policy=POLICY)
    assert (found.entries, found.blobs, found.trusted.signed) == (count, 1, signed)
    assert (tmp_path / "export" / "blobs" / digest.hex()[:2] / digest.hex()).read_bytes() == b"logger trace"


def test_tiles_and_bundles_are_those_of_the_specification(bench: Workbench, tmp_path: Path) -> None:
    bench.fill(700)
    bench.sign()
    export_log(bench.log, tmp_path, policy=POLICY)
    leaves = leaf_hashes([each.body for each in entries(700)])
    assert decode_tile((tmp_path / "tile/0/002.p/188").read_bytes(), width=188) == leaves[512:]
    assert decode_bundle((tmp_path / "tile/entries/001").read_bytes(), width=256) == [
        each.body for each in entries(256, start=256)
    ]
    assert {
        str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if "tile/1" in str(file) and file.is_file()
    } == {"tile/1/000.p/2"}


def test_exporting_again_adds_what_is_new_and_leaves_the_rest_untouched(bench: Workbench, tmp_path: Path) -> None:
    bench.fill(300)
    bench.sign()
    export_log(bench.log, tmp_path, policy=POLICY)
    first = (tmp_path / "tile/entries/000").stat().st_mtime_ns
    bench.fill(400, start=300)
    bench.sign()
    assert export_log(bench.log, tmp_path, policy=POLICY).entries == 700
    assert (tmp_path / "tile/entries/000").stat().st_mtime_ns == first


def test_a_folder_with_another_log_is_not_written_over(tmp_path: Path) -> None:
    for word, code in (("right", None), ("wrong", "RQC-L011")):
        with Log.open(f"sqlite:///{tmp_path}/{word}.db", origin=ORIGIN) as log:
            log.append(entries(300, word=word))
            log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / word), now=NOW)
            if code is None:
                export_log(log, tmp_path / "export", policy=POLICY)
            else:
                with pytest.raises(LedgerError, match=code):
                    export_log(log, tmp_path / "export", policy=POLICY)
    assert verify_archive(tmp_path / "export", policy=POLICY).entries == 300


def test_a_longer_export_is_not_replaced_by_a_shorter_log(tmp_path: Path) -> None:
    for name, count in (("long", 300), ("short", 200)):
        with Log.open(f"sqlite:///{tmp_path}/{name}.db", origin=ORIGIN) as log:
            log.append(entries(count))
            log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / name), now=NOW)
            if name == "long":
                export_log(log, tmp_path / "export", policy=POLICY)
            else:
                with pytest.raises(LedgerError, match="RQC-L081"):
                    export_log(log, tmp_path / "export", policy=POLICY)


def test_a_damaged_store_is_not_exported_as_if_it_were_right(tmp_path: Path) -> None:
    with Log.open(f"sqlite:///{tmp_path}/ledger.db", origin=ORIGIN) as log:
        log.append(entries(300))
        log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / "memory"), now=NOW)
        with log.store.transaction() as transaction:
            transaction.execute("DROP TRIGGER ledger_entry_update")
            transaction.execute("UPDATE ledger_entry SET body = ? WHERE idx = 7", (b"other",))
        with pytest.raises(LedgerError, match="RQC-L081"):
            export_log(log, tmp_path / "export", policy=POLICY)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    with Log.open(f"sqlite:///{tmp_path}/source.db", origin=ORIGIN) as log:
        log.append(entries(700))
        log.put_blob(b"logger trace")
        log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / "memory"), now=NOW)
        export_log(log, tmp_path / "export", policy=POLICY)
    return tmp_path / "export"


FILES = ["checkpoint", "tile/entries/001", "tile/0/002.p/188", "tile/1/000.p/2"]
DAMAGES = [(name, how) for name in FILES for how in ("one bit changed", "cut short", "missing")]
# Keys are not covered by the tree, and it does not know which blobs there should be; the layer above compares both.
DAMAGES += [
    ("tile/keys/000", "cut short"),
    ("tile/keys/000", "missing"),
    ("blobs", "one bit changed"),
    ("blobs", "cut short"),
]


@pytest.mark.parametrize(("name", "how"), DAMAGES)
def test_a_damaged_export_does_not_verify(exported: Path, name: str, how: str) -> None:
    path = exported / name
    if path.is_dir():
        (path,) = (file for file in path.rglob("*") if file.is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(bytes(content) if how == "one bit changed" else path.read_bytes()[:-5])
    if how == "missing":
        path.unlink()
    with pytest.raises((LedgerError, SignatureError)):
        verify_archive(exported, policy=POLICY)


def test_the_verifier_in_the_export_works_without_the_package(exported: Path, tmp_path: Path) -> None:
    moved = tmp_path / "thirty years later"
    shutil.move(exported, moved)
    command = [sys.executable, "verifier/verify.py", ".", "policy.txt"]
    done = subprocess.run(command, cwd=moved, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Verified: 700 entries")
    check = "import sys; sys.path.insert(0, 'verifier'); import regenqc; print(regenqc.__file__)"
    where = subprocess.run([sys.executable, "-c", check], cwd=moved, capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()).resolve() == (moved / "verifier/regenqc/__init__.py").resolve()
    (moved / "tile/entries/000").write_bytes(b"")
    done = subprocess.run(command, cwd=moved, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith("NOT VERIFIED")) == (5, True)


def test_an_export_says_how_to_read_it(exported: Path) -> None:
    text = (exported / "README.txt").read_text()
    assert ORIGIN in text
    assert "700" in text


def test_an_export_is_restored_into_either_store(exported: Path, open_log: Callable[..., Log]) -> None:
    log = open_log()
    signed = restore_archive(exported, log, policy=POLICY)
    assert [(found.key, found.body) for found in log.entries()] == [(each.key, each.body) for each in entries(700)]
    found = log.verify(policy=POLICY)
    assert (found.ok, found.root, found.signed_size) == (True, signed.root, 700)
    assert log.append_one(entry(5)).again
    assert len(list(log.checkpoints())) == 1


def test_nothing_is_restored_over_a_ledger_that_is_not_empty(exported: Path, open_log: Callable[..., Log]) -> None:
    log = open_log()
    log.append(entries(1))
    with pytest.raises(LedgerError, match="RQC-L082"):
        restore_archive(exported, log, policy=POLICY)


def test_a_forged_export_is_not_restored(exported: Path, open_log: Callable[..., Log]) -> None:
    path = exported / "tile/entries/001"
    path.write_bytes(path.read_bytes().replace(b'{"entry":300}', b'{"entry":301}'))
    with pytest.raises(LedgerError, match="RQC-L082"):
        restore_archive(exported, open_log(), policy=POLICY)


# ---- backups and drills ---------------------------------------------------------------------------------------------


class Site:
    """A SQLite ledger with a witness that cosigns every checkpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/ledger.db"
        self.witnessed: list[bytes] = []

    def work(self, count: int, *, start: int) -> None:
        with Log.open(self.url, origin=ORIGIN) as log:
            log.append(entries(count, start=start))
            signed = log.checkpoint(LOG_KEY, memory=CheckpointMemory(self.folder / "memory"), now=NOW)
            line = WITNESS_KEYS[0].sign(signed.note.text, time=NOW).line.encode()
            self.witnessed = [log.add_cosignatures(signed, line, policy=WITNESSED).encoded]

    def backup(self, name: str) -> Path:
        return back_up_sqlite(self.url, self.folder / name)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.work(300, start=0)
    return made


def test_a_backup_can_be_made_while_the_ledger_is_in_use(site: Site) -> None:
    with Log.open(site.url) as log:
        backup = site.backup("backup.db")
        log.append(entries(5, start=300))
    with Log.open(f"sqlite:///{backup}", read_only=True) as copy:
        assert (copy.size, copy.verify(policy=POLICY).ok) == (300, True)


def test_a_backup_does_not_replace_another(site: Site) -> None:
    site.backup("backup.db")
    with pytest.raises(LedgerError, match="RQC-L083"):
        site.backup("backup.db")


def test_a_fresh_backup_is_recoverable(site: Site, tmp_path: Path) -> None:
    backup = site.backup("backup.db")
    before = backup.read_bytes()
    report = recovery_drill(backup, scratch=tmp_path / "scratch", policy=WITNESSED, witnessed=site.witnessed)
    assert (report.verdict, report.ok, report.missing, report.restored_size) == ("recoverable", True, 0, 300)
    assert backup.read_bytes() == before


def test_an_old_backup_is_behind_the_witness_though_it_verifies_in_itself(site: Site, tmp_path: Path) -> None:
    backup = site.backup("backup.db")
    site.work(45, start=300)
    report = recovery_drill(backup, scratch=tmp_path / "scratch", policy=WITNESSED, witnessed=site.witnessed)
    assert (report.verdict, report.ok, report.missing) == ("behind", False, 45)
    with Log.open(f"sqlite:///{backup}", read_only=True) as log:
        assert log.verify(policy=POLICY).ok


def test_a_backup_with_more_than_the_witness_has_seen_is_recoverable_and_says_how_much_more(
    site: Site, tmp_path: Path
) -> None:
    with Log.open(site.url) as log:
        log.append(entries(7, start=300))
    report = recovery_drill(site.backup("b.db"), scratch=tmp_path / "s", policy=WITNESSED, witnessed=site.witnessed)
    assert (report.verdict, report.unwitnessed) == ("recoverable", 7)


def test_a_copy_of_the_files_of_a_running_ledger_is_drilled_with_its_write_ahead_log(
    site: Site, tmp_path: Path
) -> None:
    with Log.open(site.url) as log:
        log.append(entries(60, start=300))
        for ending in ("", "-wal"):
            shutil.copyfile(tmp_path / f"ledger.db{ending}", tmp_path / f"copied.db{ending}")
        signed = log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / "memory"), now=NOW)
        line = WITNESS_KEYS[0].sign(signed.note.text, time=NOW).line.encode()
        witnessed = [log.add_cosignatures(signed, line, policy=WITNESSED).encoded]
    report = recovery_drill(tmp_path / "copied.db", scratch=tmp_path / "s", policy=WITNESSED, witnessed=witnessed)
    assert (report.verdict, report.restored_size) == ("recoverable", 360)


def test_a_rewritten_backup_is_found(site: Site, tmp_path: Path) -> None:
    with Log.open(f"sqlite:///{tmp_path}/forged.db", origin=ORIGIN) as log:
        log.append(entries(400, word="forged"))
        log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / "stolen"), now=NOW)
    report = recovery_drill(
        tmp_path / "forged.db", scratch=tmp_path / "scratch", policy=WITNESSED, witnessed=site.witnessed
    )
    assert report.verdict == "rewritten"


def test_a_damaged_backup_is_found(site: Site, tmp_path: Path) -> None:
    backup = site.backup("backup.db")
    with Log.open(f"sqlite:///{backup}") as log, log.store.transaction() as transaction:
        transaction.execute("DROP TRIGGER ledger_entry_update")
        transaction.execute("UPDATE ledger_entry SET body = ? WHERE idx = 9", (b"other",))
    report = recovery_drill(backup, scratch=tmp_path / "scratch", policy=WITNESSED, witnessed=site.witnessed)
    assert report.verdict == "damaged"


@pytest.mark.parametrize("behind", [False, True], ids=["fresh", "old"])
def test_an_exported_folder_is_a_backup_too(site: Site, tmp_path: Path, *, behind: bool) -> None:
    with Log.open(site.url) as log:
        export_log(log, tmp_path / "export", policy=WITNESSED)
    if behind:
        site.work(45, start=300)
    report = recovery_drill(
        tmp_path / "export", scratch=tmp_path / "scratch", policy=WITNESSED, witnessed=site.witnessed
    )
    assert report.verdict == ("behind" if behind else "recoverable")


def test_a_postgresql_dump_is_drilled_where_it_was_restored(postgres_url: str, tmp_path: Path) -> None:
    memory = CheckpointMemory(tmp_path / "memory")
    with Log.open(postgres_url, origin=ORIGIN) as log:
        log.append(entries(300))
        signed = log.checkpoint(LOG_KEY, memory=memory, now=NOW)
    report = recovery_drill(postgres_url, scratch=tmp_path / "s", policy=POLICY, witnessed=[signed.encoded])
    assert (report.verdict, report.restored_size) == ("recoverable", 300)


def test_a_drill_without_anything_to_compare_with_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="RQC-L084"):
        recovery_drill(site.backup("b.db"), scratch=tmp_path / "s", policy=WITNESSED, witnessed=[])


def test_a_drill_does_not_believe_a_checkpoint_that_the_witness_did_not_sign(site: Site, tmp_path: Path) -> None:
    with Log.open(site.url) as log:
        log.append(entries(1, start=300))
        alone = log.checkpoint(LOG_KEY, memory=CheckpointMemory(tmp_path / "memory"), now=NOW).encoded
    with pytest.raises(SignatureError, match="RQC-L012"):
        recovery_drill(site.backup("b.db"), scratch=tmp_path / "s", policy=WITNESSED, witnessed=[alone])


def test_a_drill_does_not_write_over_another(site: Site, tmp_path: Path) -> None:
    backup = site.backup("backup.db")
    recovery_drill(backup, scratch=tmp_path / "s", policy=WITNESSED, witnessed=site.witnessed)
    with pytest.raises(LedgerError, match="RQC-L083"):
        recovery_drill(backup, scratch=tmp_path / "s", policy=WITNESSED, witnessed=site.witnessed)


def test_a_backup_that_is_not_there_is_a_clear_error(tmp_path: Path, site: Site) -> None:
    with pytest.raises(LedgerError, match="RQC-L083"):
        recovery_drill(tmp_path / "nothing", scratch=tmp_path / "s", policy=WITNESSED, witnessed=site.witnessed)


def test_the_layer_above_is_part_of_the_drill(site: Site, tmp_path: Path) -> None:
    class Complaining(ShelfAuditor):
        def finish(self, snapshot: object) -> list[object]:
            from regenqc.errors import Fault

            del snapshot
            return [Fault(code="RQC-L902", what="The table is not what the entries say.")]

    report = recovery_drill(
        site.backup("b.db"), scratch=tmp_path / "s", policy=WITNESSED, witnessed=site.witnessed, auditor=Complaining()
    )
    assert report.verdict == "damaged"
