"""The witness: what it answers to every kind of request, what it remembers, and that nothing smaller or forked is cosigned."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from regenqc.errors import LedgerError, SignatureError
from regenqc.ledger import CheckpointMemory, Log, Policy, parse_signed_checkpoint, verify_proof
from regenqc.ledger.checkpoint import Checkpoint
from regenqc.ledger.cosignature import CosignatureSigner, PostQuantumSigner
from regenqc.ledger.note import Ed25519Signer, Note, parse_signature_line
from regenqc.ledger.witness import Witness, WitnessAnswer, WitnessRequest, parse_request
from regenqc.ledger.witness_service import WitnessServer, ask_witness, request_for_witness

from . import oracle
from .workbench import LOG_KEY, NOW, ORIGIN, WITNESS_KEYS, Workbench, entry, seed

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = WITNESS_KEYS[0]
POLICY = Policy.of([LOG_KEY.verifier], witnesses=[KEY.verifier])


def signed(size: int, *, root: bytes | None = None, origin: str = ORIGIN, log: Ed25519Signer = LOG_KEY) -> bytes:
    """Return a checkpoint over the oracle's leaves."""
    text = Checkpoint(origin, size, oracle.root(0, size) if root is None else root).text
    return Note(text, (log.sign(text, time=NOW),)).encoded


def request(old: int, new: int, **options: Any) -> bytes:
    """Return a right request to go from one size to another."""
    proof = oracle.consistency(old, new) if 0 < old <= new else []
    return WitnessRequest(old, tuple(proof), signed(new, **options)).encoded


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness([KEY], logs=[LOG_KEY.verifier], memory=CheckpointMemory(tmp_path / "witness"))


def again(witness: Witness) -> Witness:
    """Return the witness as it is after a restart."""
    return Witness([KEY], logs=[LOG_KEY.verifier], memory=witness._memory)


def size_of(witness: Witness) -> int:
    latest = witness.latest(ORIGIN)
    return 0 if latest is None else latest.size


def check_cosigned(answer: WitnessAnswer, size: int) -> None:
    assert answer.status == 200
    signature = parse_signature_line(answer.body.decode().removesuffix("\n"))
    text = Checkpoint(ORIGIN, size, oracle.root(0, size)).text
    assert KEY.verifier.verify(text, signature.signature).time == NOW


def test_a_first_checkpoint_is_cosigned(witness: Witness) -> None:
    check_cosigned(witness.answer(request(0, 5), now=NOW), 5)
    assert size_of(witness) == 5


def test_a_checkpoint_that_extends_the_last_one_is_cosigned(witness: Witness) -> None:
    for old, new in ((0, 5), (5, 8), (8, 9), (9, 300)):
        check_cosigned(witness.answer(request(old, new), now=NOW), new)


def test_the_same_checkpoint_is_cosigned_again(witness: Witness) -> None:
    for old in (0, 5, 5):
        check_cosigned(witness.answer(request(old, 5), now=NOW), 5)


def test_an_empty_log_is_cosigned(witness: Witness) -> None:
    check_cosigned(witness.answer(request(0, 0), now=NOW), 0)


FORK = b"\x07" * 32
STRANGER = Ed25519Signer(ORIGIN, seed("stranger"))
OTHER = Ed25519Signer("other.example/ledger", seed("other"))
SHORT_PROOF = WitnessRequest(5, tuple(oracle.consistency(5, 9)[:-1]), signed(9)).encoded
NO_PROOF = WitnessRequest(5, (), signed(9)).encoded


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "after a restart"])
@pytest.mark.parametrize(
    ("what", "status", "body"),
    [
        pytest.param(request(3, 9), 409, b"5\n", id="stale: the old size is smaller than the one cosigned"),
        pytest.param(request(7, 9), 409, b"5\n", id="the old size is larger than the one cosigned"),
        pytest.param(request(0, 9), 409, b"5\n", id="the old size is not known to the log"),
        pytest.param(request(3, 4), 409, b"5\n", id="smaller: the checkpoint is smaller than the one cosigned"),
        pytest.param(request(0, 0), 409, b"5\n", id="smaller: the log is empty again"),
        pytest.param(WitnessRequest(5, (), signed(4)).encoded, 400, None, id="the old size is beyond the checkpoint"),
        pytest.param(
            WitnessRequest(5, (), signed(5, root=FORK)).encoded, 409, b"5\n", id="forked: one size, two roots"
        ),
        pytest.param(request(5, 9, root=FORK), 422, None, id="forked: the proof does not fit"),
        pytest.param(SHORT_PROOF, 422, None, id="the proof lacks a hash"),
        pytest.param(NO_PROOF, 422, None, id="there is no proof"),
        pytest.param(request(5, 9, origin="other.example/ledger", log=OTHER), 404, None, id="wrong origin"),
        pytest.param(request(5, 9, log=STRANGER), 403, None, id="the right origin signed by a stranger"),
        pytest.param(request(5, 9, log=OTHER), 403, None, id="the right origin signed by another log"),
        pytest.param(request(5, 9).replace(b"\n9\n", b"\n8\n"), 403, None, id="a signature that does not verify"),
        pytest.param(b"", 400, None, id="nothing"),
        pytest.param(request(5, 9).replace(b"old 5", b"old 05"), 400, None, id="a leading zero"),
        pytest.param(request(5, 9).replace(b"old 5", b"old -5"), 400, None, id="a sign"),
        pytest.param(request(5, 9).replace(b"old 5", b"size 5"), 400, None, id="another word"),
        pytest.param(WitnessRequest(5, (bytes(32),) * 64, signed(9)).encoded, 400, None, id="64 hashes"),
        pytest.param(WitnessRequest(5, (bytes(31),), signed(9)).encoded, 400, None, id="a hash of 31 bytes"),
        pytest.param(request(5, 9) + b"x" * 200_000, 400, None, id="too many bytes"),
        pytest.param(b"old 5\n\nno note", 400, None, id="no note"),
    ],
)
def test_whatever_does_not_extend_the_last_checkpoint_is_refused_and_nothing_is_forgotten(
    witness: Witness, *, what: bytes, status: int, body: bytes | None, restarted: bool
) -> None:
    witness.answer(request(0, 5), now=NOW)
    asked = again(witness) if restarted else witness
    answer = asked.answer(what, now=NOW)
    assert answer.status == status
    assert b"\xe2\x80\x94" not in answer.body
    if body is not None:
        assert (answer.body, answer.content_type) == (body, "text/x.tlog.size")
    assert size_of(again(witness)) == 5
    check_cosigned(asked.answer(request(5, 6), now=NOW), 6)


def test_the_first_checkpoint_takes_no_proof(witness: Witness) -> None:
    assert witness.answer(WitnessRequest(0, (bytes(32),), signed(5)).encoded, now=NOW).status == 422


def test_an_empty_log_with_another_root_is_refused(witness: Witness) -> None:
    assert witness.answer(request(0, 0, root=FORK), now=NOW).status == 409


def test_both_sides_of_a_fork_are_kept_as_evidence(witness: Witness) -> None:
    witness.answer(request(0, 5), now=NOW)
    fork = WitnessRequest(5, (), signed(5, root=FORK)).encoded
    witness.answer(fork, now=NOW)
    witness.answer(fork, now=NOW)
    (kept,) = (witness._memory.folder / "evidence").iterdir()
    assert fork in kept.read_bytes()
    assert witness.latest(ORIGIN).encoded in kept.read_bytes()


def test_nothing_is_kept_of_what_the_log_did_not_sign(witness: Witness) -> None:
    witness.answer(request(0, 5), now=NOW)
    witness.answer(request(5, 9, log=STRANGER), now=NOW)
    assert not (witness._memory.folder / "evidence").exists()


def test_what_the_witness_remembers_carries_its_cosignature_and_no_stranger(witness: Witness) -> None:
    text = Checkpoint(ORIGIN, 5, oracle.root(0, 5)).text
    many = Note(text, (LOG_KEY.sign(text, time=NOW), *(CosignatureSigner(f"s{n}", seed(str(n))).sign(text, time=NOW)
                                                       for n in range(31)))).encoded  # fmt: skip
    assert witness.answer(WitnessRequest(0, (), many).encoded, now=NOW).status == 200
    remembered = again(witness).latest(ORIGIN)
    assert [found.name for found in remembered.note.signatures] == [ORIGIN, KEY.name]
    assert POLICY.trust(remembered.encoded).witnessed_at == NOW


def test_a_witness_can_cosign_with_two_keys(tmp_path: Path) -> None:
    keys = [KEY, PostQuantumSigner(KEY.name, seed("quantum"))]
    witness = Witness(keys, logs=[LOG_KEY.verifier], memory=CheckpointMemory(tmp_path / "witness"))
    answer = witness.answer(request(0, 5), now=NOW)
    assert len(answer.body.decode().splitlines()) == 2
    whole = signed(5) + answer.body
    assert len(Policy.of([LOG_KEY.verifier], witnesses=witness.keys).trust(whole).witnesses) == 2


def test_a_log_key_does_not_make_a_witness(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="RQC-L002"):
        Witness([LOG_KEY], logs=[LOG_KEY.verifier], memory=CheckpointMemory(tmp_path))


def test_no_cosignature_leaves_when_the_memory_cannot_be_written(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("regenqc.ledger.memory.os.fsync", full)
    with pytest.raises(LedgerError, match="RQC-L052"):
        witness.answer(request(0, 5), now=NOW)


@pytest.mark.parametrize("damage", [b"", b"half a checkp"], ids=["emptied", "cut"])
def test_a_witness_with_a_damaged_memory_cosigns_nothing(witness: Witness, damage: bytes) -> None:
    witness.answer(request(0, 5), now=NOW)
    (file,) = witness._memory.folder.glob("*.checkpoint")
    file.write_bytes(damage)
    with pytest.raises(LedgerError, match="RQC-L052"):
        witness.answer(request(0, 9), now=NOW)


def test_of_two_requests_from_one_size_the_slower_is_refused(tmp_path: Path) -> None:
    """The race of the specification: A goes to N, B to N+K; after B nobody may get a cosignature for N from the old size."""
    start = threading.Barrier(2)

    def race(witness: Witness, new: int) -> WitnessAnswer:
        start.wait()
        return witness.answer(request(5, new), now=NOW)

    for number in range(12):
        witness = Witness([KEY], logs=[LOG_KEY.verifier], memory=CheckpointMemory(tmp_path / str(number)))
        witness.answer(request(0, 5), now=NOW)
        with ThreadPoolExecutor(2) as threads:
            small, large = threads.map(race, (witness, witness), (6, 9))
        assert sorted((small.status, large.status)) == [200, 409]
        assert size_of(again(witness)) == (6 if small.status == 200 else 9)


def test_what_many_ask_at_once_is_cosigned_in_one_growing_order(witness: Witness) -> None:
    def climb(_: int) -> list[int]:
        reached = []
        for _ in range(25):
            old = size_of(witness)
            if witness.answer(request(old, old + 1), now=NOW).status == 200:
                reached.append(old + 1)
        return reached

    with ThreadPoolExecutor(4) as threads:
        reached = [size for sizes in threads.map(climb, range(4)) for size in sizes]
    assert sorted(reached) == sorted(set(reached))
    assert max(reached) == size_of(again(witness)) == len(reached)


def test_two_processes_with_one_memory_cosign_one_growing_order(witness: Witness) -> None:
    script = (
        "import sys\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from ledger.test_witness import *\n"
        "w = Witness([KEY], logs=[LOG_KEY.verifier], memory=CheckpointMemory(sys.argv[1]))\n"
        "for _ in range(60):\n"
        "    old = size_of(w)\n"
        "    if w.answer(request(old, old + 1), now=NOW).status == 200: print(old + 1)\n"
    )
    folder = str(witness._memory.folder)
    tests = str(Path(__file__).resolve().parents[1])
    running = [
        subprocess.Popen([sys.executable, "-c", script, folder, tests], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    reached = [int(line) for each in running for line in each.communicate()[0].split()]
    assert [each.returncode for each in running] == [0, 0]
    assert sorted(reached) == list(range(1, len(reached) + 1))
    assert size_of(witness) == len(reached)


def test_a_request_is_read_as_it_was_written() -> None:
    data = request(5, 300)
    assert parse_request(data).encoded == data


# ---- with a log -----------------------------------------------------------------------------------------------------


def test_cosigning_by_file_exchange(bench: Workbench, witness: Witness) -> None:
    bench.fill(10)
    first = bench.sign()
    answer = witness.answer(request_for_witness(bench.log, first, old_size=0), now=NOW)
    assert len(bench.log.add_cosignatures(first, answer.body, policy=POLICY).note.signatures) == 2
    bench.fill(7, start=10)
    second = bench.sign()
    answer = witness.answer(request_for_witness(bench.log, second, old_size=10), now=NOW)
    bench.log.add_cosignatures(second, answer.body, policy=POLICY)
    verified = verify_proof(bench.log.prove(16, policy=POLICY), entry(16).body, policy=POLICY)
    assert (verified.trusted.signed.size, verified.trusted.witnessed_at) == (17, NOW)


def test_a_proof_is_made_under_the_newest_checkpoint_that_the_policy_trusts(bench: Workbench, witness: Witness) -> None:
    bench.fill(10)
    first = bench.sign()
    answer = witness.answer(request_for_witness(bench.log, first, old_size=0), now=NOW)
    bench.log.add_cosignatures(first, answer.body, policy=POLICY)
    bench.fill(1, start=10)
    bench.sign()
    assert verify_proof(bench.log.prove(3, policy=POLICY), entry(3).body, policy=POLICY).trusted.signed.size == 10
    with pytest.raises(LedgerError, match="RQC-L061"):
        bench.log.prove(10, policy=POLICY)


def test_a_cosignature_that_is_kept_twice_counts_once(bench: Workbench) -> None:
    bench.fill(3)
    signed_once = bench.sign()
    for time in (NOW, NOW, NOW + 60):
        line = KEY.sign(signed_once.note.text, time=time).line
        bench.log.add_cosignatures(signed_once, line.encode(), policy=POLICY)
    (kept,) = bench.log.checkpoints()
    assert len(kept.note.signatures) == 2
    assert POLICY.trust(kept.encoded).witnessed_at == NOW + 60


def test_cosignatures_of_strangers_are_not_kept(bench: Workbench) -> None:
    bench.fill(3)
    checkpoint = bench.sign()
    stranger = WITNESS_KEYS[1].sign(checkpoint.note.text, time=NOW).line.encode()
    with pytest.raises(LedgerError, match="RQC-L070"):
        bench.log.add_cosignatures(checkpoint, stranger, policy=POLICY)
    both = stranger + KEY.sign(checkpoint.note.text, time=NOW).line.encode()
    kept = bench.log.add_cosignatures(checkpoint, both, policy=POLICY)
    assert [found.name for found in kept.note.signatures] == [ORIGIN, KEY.name]


@pytest.mark.parametrize("answer", [b"", b"\xff", b"no signature\n"], ids=["nothing", "not UTF-8", "not a signature"])
def test_an_answer_that_is_no_signature_is_refused(bench: Workbench, answer: bytes) -> None:
    bench.fill(3)
    with pytest.raises(LedgerError, match="RQC-L001"):
        bench.log.add_cosignatures(bench.sign(), answer, policy=POLICY)


def test_a_cosignature_of_another_checkpoint_is_refused(bench: Workbench) -> None:
    bench.fill(3)
    checkpoint = bench.sign()
    other = KEY.sign(Checkpoint(ORIGIN, 4, bytes(32)).text, time=NOW).line.encode()
    with pytest.raises(SignatureError, match="RQC-L013"):
        bench.log.add_cosignatures(checkpoint, other, policy=POLICY)


def test_a_checkpoint_that_the_log_never_signed_takes_no_cosignatures(bench: Workbench) -> None:
    bench.fill(3)
    bench.sign()
    foreign = parse_signed_checkpoint(signed(3))
    line = KEY.sign(foreign.note.text, time=NOW).line.encode()
    with pytest.raises(LedgerError, match="RQC-L061"):
        bench.log.add_cosignatures(foreign, line, policy=POLICY)


# ---- over HTTP ------------------------------------------------------------------------------------------------------


@pytest.fixture
def service(witness: Witness) -> Iterator[WitnessServer]:
    with WitnessServer(witness, host="127.0.0.1", port=0, clock=lambda: NOW) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def address(service: WitnessServer) -> str:
    return f"http://127.0.0.1:{service.server_port}/"


def test_a_log_has_its_checkpoints_cosigned_over_http(bench: Workbench, service: WitnessServer) -> None:
    for start in range(0, 40, 8):
        bench.fill(8, start=start)
        cosigned = ask_witness(bench.log, bench.sign(), address(service), policy=POLICY)
        assert POLICY.trust(cosigned.encoded, now=NOW).signed.size == start + 8


def test_a_rolled_back_log_is_told_that_the_witness_has_seen_more(tmp_path: Path, service: WitnessServer) -> None:
    for name, count in (("long", 20), ("short", 10)):
        with Log.open(f"sqlite:///{tmp_path}/{name}.db", origin=ORIGIN) as log:
            bench = Workbench(log, CheckpointMemory(tmp_path / name))
            bench.fill(count)
            if name == "long":
                ask_witness(log, bench.sign(), address(service), policy=POLICY)
            else:
                with pytest.raises(LedgerError, match="RQC-L071"):
                    ask_witness(log, bench.sign(), address(service), policy=POLICY)


def test_a_forked_log_is_refused_over_http(tmp_path: Path, service: WitnessServer) -> None:
    for word in ("right", "wrong"):
        with Log.open(f"sqlite:///{tmp_path}/{word}.db", origin=ORIGIN) as log:
            bench = Workbench(log, CheckpointMemory(tmp_path / word))
            log.append([entry(number, word=word) for number in range(10)])
            if word == "right":
                ask_witness(log, bench.sign(), address(service), policy=POLICY)
            else:
                with pytest.raises(LedgerError, match="RQC-L070"):
                    ask_witness(log, bench.sign(), address(service), policy=POLICY)


def posted(service: WitnessServer, path: str, body: bytes, **headers: str) -> tuple[int, bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", service.server_port, timeout=10)
    connection.request("POST", path, body=body, headers=headers)
    response = connection.getresponse()
    answer = (response.status, response.read(), response.headers["Content-Type"])
    connection.close()
    return answer


def test_the_service_answers_as_the_specification_says(service: WitnessServer) -> None:
    status, body, _ = posted(service, "/add-checkpoint", request(0, 5))
    assert (status, body.startswith("— witness-a.example ".encode())) == (200, True)
    assert posted(service, "/add-checkpoint", request(3, 9)) == (409, b"5\n", "text/x.tlog.size")
    assert posted(service, "/add-checkpoint", request(5, 9, root=FORK))[0] == 422
    assert posted(service, "/prefix/add-checkpoint", request(5, 9, log=STRANGER))[0] == 403
    assert posted(service, "/add-checkpoint", request(5, 9, origin="x", log=Ed25519Signer("x", seed("x"))))[0] == 404
    assert posted(service, "/add-checkpoint", b"rubbish")[0] == 400
    assert posted(service, "/other", request(5, 9))[0] == 404
    assert posted(service, "/add-checkpoint", b"x" * 200_000)[0] == 413


def test_the_service_keeps_a_connection_open_for_the_next_request(service: WitnessServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.server_port, timeout=10)
    for old, new in ((0, 5), (5, 6), (6, 9)):
        connection.request("POST", "/add-checkpoint", body=request(old, new))
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


def test_only_posting_is_served(service: WitnessServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.server_port, timeout=10)
    connection.request("GET", "/add-checkpoint")
    assert connection.getresponse().status == 501
    connection.close()


def test_a_service_whose_memory_is_damaged_cosigns_nothing(service: WitnessServer, witness: Witness) -> None:
    posted(service, "/add-checkpoint", request(0, 5))
    (file,) = witness._memory.folder.glob("*.checkpoint")
    file.write_bytes(b"damaged")
    assert posted(service, "/add-checkpoint", request(5, 9))[:2] == (500, b"RQC-L052\n")


@pytest.mark.parametrize(
    "wrong", ["http://127.0.0.1:1/", "ftp://witness.example/", "http://", "http://127.0.0.1:99999/"]
)
def test_a_witness_that_cannot_be_reached_is_a_ledger_error(bench: Workbench, wrong: str) -> None:
    bench.fill(3)
    with pytest.raises(LedgerError, match="RQC-L070"):
        ask_witness(bench.log, bench.sign(), wrong, policy=POLICY, timeout_seconds=2)
