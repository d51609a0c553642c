"""Trust policies and proof files: who must have signed, and what an offline reader can rely on."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import LedgerError, RegenqcError, SignatureError
from regenqc.ledger import Policy, parse_policy, verify_proof
from regenqc.ledger.checkpoint import Checkpoint
from regenqc.ledger.cosignature import CosignatureSigner, PostQuantumSigner
from regenqc.ledger.merkle import Frontier, leaf_hash, leaf_hashes
from regenqc.ledger.note import Ed25519Signer, Note
from regenqc.ledger.proof import encode_proof, parse_proof
from regenqc.ledger.tree import StoredTree

from .workbench import LOG_KEY, NOW, ORIGIN, POLICY, WITNESS_KEYS, seed

BODIES = [b"released", b"packed", b"shipped", b"received", b"administered"]
LEAVES = leaf_hashes(BODIES)
TREE = StoredTree(len(LEAVES), lambda _level, start, end: LEAVES[start:end])
TEXT = Checkpoint(ORIGIN, len(LEAVES), TREE.root(len(LEAVES))).text
ALL = tuple(key.verifier for key in WITNESS_KEYS)


def signed(*keys: object, text: str = TEXT, log: Ed25519Signer = LOG_KEY) -> bytes:
    """Return a checkpoint with the signature of the log and of some witnesses."""
    return Note(text, (log.sign(text, time=NOW), *(key.sign(text, time=NOW) for key in keys))).encoded


def proof_of(index: int, *keys: object, extra: bytes = b"") -> bytes:
    """Return the proof file of an entry."""
    return encode_proof(index, TREE.inclusion_proof(index, len(LEAVES)), signed(*keys), extra=extra)


# ---- policies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "cosigned_by", "trusted"),
    [
        pytest.param(1, 0, False, id="one of three wanted, none cosigned"),
        pytest.param(1, 1, True, id="one of three wanted, one cosigned"),
        pytest.param(2, 1, False, id="two of three wanted, one cosigned"),
        pytest.param(2, 2, True, id="two of three wanted, two cosigned"),
        pytest.param(3, 2, False, id="all of three wanted, two cosigned"),
        pytest.param(3, 3, True, id="all of three wanted, all cosigned"),
    ],
)
def test_k_of_n_witnesses_must_have_cosigned(least: int, cosigned_by: int, *, trusted: bool) -> None:
    policy = Policy.of([LOG_KEY.verifier], witnesses=ALL, least=least)
    data = signed(*WITNESS_KEYS[:cosigned_by])
    if trusted:
        found = policy.trust(data)
        assert len(found.witnesses) == cosigned_by
        assert found.witnessed_at == NOW
    else:
        with pytest.raises(SignatureError, match="RQC-L012"):
            policy.trust(data)


def test_all_listed_witnesses_are_wanted_when_no_number_is_stated() -> None:
    with pytest.raises(SignatureError, match="RQC-L012"):
        Policy.of([LOG_KEY.verifier], witnesses=ALL).trust(signed(*WITNESS_KEYS[:2]))


def test_strangers_do_not_count_towards_the_quorum() -> None:
    strangers = [CosignatureSigner(key.name, seed(f"stranger {key.name}")) for key in WITNESS_KEYS]
    with pytest.raises(SignatureError, match="RQC-L012"):
        Policy.of([LOG_KEY.verifier], witnesses=ALL, least=1).trust(signed(*strangers))


def test_a_witness_with_two_keys_counts_as_the_two_keys_that_are_listed() -> None:
    double = [WITNESS_KEYS[0], PostQuantumSigner(WITNESS_KEYS[0].name, seed("quantum"))]
    policy = Policy.of([LOG_KEY.verifier], witnesses=[key.verifier for key in double])
    assert len(policy.trust(signed(*double)).witnesses) == 2


def test_a_log_speaks_only_for_the_origin_that_is_its_name() -> None:
    text = TEXT.replace(ORIGIN, "other.example/ledger")
    with pytest.raises(SignatureError, match="RQC-L012"):
        POLICY.trust(signed(text=text))


def test_a_listed_log_does_not_speak_for_another_listed_log() -> None:
    other = Ed25519Signer("other.example/ledger", seed("other"))
    policy = Policy.of([LOG_KEY.verifier, other.verifier])
    forged = Note(TEXT, (other.sign(TEXT, time=NOW),)).encoded
    with pytest.raises(SignatureError, match="RQC-L012"):
        policy.trust(forged)


def test_witnesses_without_the_log_are_not_enough() -> None:
    note = Note(TEXT, tuple(key.sign(TEXT, time=NOW) for key in WITNESS_KEYS)).encoded
    with pytest.raises(SignatureError, match="RQC-L012"):
        Policy.of([LOG_KEY.verifier], witnesses=ALL).trust(note)


def test_a_cosignature_from_the_future_is_refused_where_a_clock_is_given() -> None:
    policy = Policy.of([LOG_KEY.verifier], witnesses=ALL[:1])
    data = signed(WITNESS_KEYS[0])
    assert policy.trust(data, now=NOW - 200).witnessed_at == NOW
    with pytest.raises(SignatureError, match="RQC-L012"):
        policy.trust(data, now=NOW - 400)


NESTED = "\n".join(
    [
        "# manufacturer, hospital and second site",
        f"log {LOG_KEY.verifier.text} https://site.example/",
        *(f"\twitness w{number}  {key.text}" for number, key in enumerate(ALL)),
        "",
        "group outside any w1 w2",
        "group both all w0 outside",
        "quorum both",
    ]
)


@pytest.mark.parametrize(
    ("present", "trusted"),
    [
        pytest.param((0, 1), True, id="the first and one of the others"),
        pytest.param((0, 2), True, id="the first and the other of the others"),
        pytest.param((1, 2), False, id="both others without the first"),
        pytest.param((0,), False, id="the first alone"),
    ],
)
def test_groups_of_groups_are_judged_as_written(present: tuple[int, ...], *, trusted: bool) -> None:
    policy = parse_policy(NESTED)
    data = signed(*(WITNESS_KEYS[number] for number in present))
    if trusted:
        assert policy.trust(data).witnesses
    else:
        with pytest.raises(SignatureError, match="RQC-L012"):
            policy.trust(data)


@pytest.mark.parametrize(
    "policy", [POLICY, Policy.of([LOG_KEY.verifier], witnesses=ALL, least=2), parse_policy(NESTED)]
)
def test_a_policy_is_read_as_it_was_written(policy: Policy) -> None:
    again = parse_policy(policy.text)
    assert (again.logs, dict(again.witnesses), dict(again.groups), again.quorum) == (
        policy.logs,
        dict(policy.witnesses),
        dict(policy.groups),
        policy.quorum,
    )


KEY, WITNESS = LOG_KEY.verifier.text, ALL[0].text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("quorum none\n", id="no log"),
        pytest.param(f"log {KEY}\n", id="no quorum"),
        pytest.param(f"log {KEY}\nquorum none\nquorum none\n", id="two quorums"),
        pytest.param(f"log {KEY}\nquorum somebody\n", id="a quorum of a stranger"),
        pytest.param(f"log {KEY}\nlog {KEY}\nquorum none\n", id="a log twice"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\nwitness b {WITNESS}\nquorum a\n", id="a witness twice"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\nwitness a {ALL[1].text}\nquorum a\n", id="a name twice"),
        pytest.param(f"log {KEY}\nwitness none {WITNESS}\nquorum none\n", id="a witness called none"),
        pytest.param(f"log {KEY}\nwitness a {KEY}\nquorum a\n", id="a log's key for a witness"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\ngroup g 2 a\nquorum g\n", id="two of one"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\ngroup g 0 a\nquorum g\n", id="none of one"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\ngroup g 01 a\nquorum g\n", id="a leading zero"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\ngroup g 1 a a\nquorum g\n", id="a member twice"),
        pytest.param(f"log {KEY}\nwitness a {WITNESS}\ngroup g 1\nquorum a\n", id="a group of nobody"),
        pytest.param(f"log {KEY}\ngroup g 1 h\ngroup h 1 g\nquorum g\n", id="groups in a circle"),
        pytest.param(
            f"log {KEY}\nwitness a {WITNESS}\ngroup g 1 a\ngroup h 1 a\nquorum h\n", id="a member of two groups"
        ),
        pytest.param(f"log {KEY}\nbelieve everybody\nquorum none\n", id="a word that is not known"),
        pytest.param("#" * 300_000, id="a policy that is too long"),
    ],
)
def test_a_policy_that_would_trust_too_much_or_says_nonsense_is_refused(text: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L005"):
        parse_policy(text)


def test_witnesses_cannot_be_wanted_without_being_listed() -> None:
    with pytest.raises(LedgerError, match="RQC-L005"):
        Policy.of([LOG_KEY.verifier], least=1)


# ---- proof files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(len(BODIES)))
def test_a_proof_shows_that_an_entry_is_in_the_log(index: int) -> None:
    verified = verify_proof(proof_of(index), BODIES[index], policy=POLICY)
    assert (verified.index, verified.leaf) == (index, leaf_hash(BODIES[index]))
    assert verified.trusted.signed.size == len(BODIES)


def test_a_proof_file_is_read_as_it_was_written() -> None:
    data = proof_of(3, *WITNESS_KEYS, extra=b"more")
    assert parse_proof(data).encoded == data
    assert verify_proof(data, BODIES[3], policy=POLICY).unsigned_extra == b"more"


def test_the_same_bytes_at_another_place_are_not_proved() -> None:
    file = parse_proof(proof_of(1))
    moved = encode_proof(2, file.path, file.checkpoint)
    with pytest.raises(LedgerError, match="RQC-L010"):
        verify_proof(moved, BODIES[1], policy=POLICY)


@pytest.mark.parametrize("body", [b"", b"Released", b"released ", b"released\0"], ids=repr)
def test_other_bytes_are_not_proved(body: bytes) -> None:
    with pytest.raises(LedgerError, match="RQC-L010"):
        verify_proof(proof_of(0), body, policy=POLICY)


def test_a_proof_without_the_wanted_witnesses_is_refused() -> None:
    policy = Policy.of([LOG_KEY.verifier], witnesses=ALL, least=2)
    assert verify_proof(proof_of(0, *WITNESS_KEYS[:2]), BODIES[0], policy=policy).index == 0
    with pytest.raises(SignatureError, match="RQC-L012"):
        verify_proof(proof_of(0, *WITNESS_KEYS[:1]), BODIES[0], policy=policy)


@given(st.data())
@settings(max_examples=400)
def test_a_proof_with_one_bit_changed_never_proves_anything_else(data: st.DataObject) -> None:
    good = proof_of(2, WITNESS_KEYS[0])
    changed = bytearray(good)
    place = data.draw(st.integers(0, len(good) - 1))
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    policy = Policy.of([LOG_KEY.verifier], witnesses=ALL[:1])
    with pytest.raises(RegenqcError):
        verify_proof(bytes(changed), BODIES[2], policy=policy)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"c2sp.org/tlog-proof@v2\nindex 0\n\nx", id="another version"),
        pytest.param(b"c2sp.org/tlog-proof@v1\n\nx", id="no index"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nindex 00\n\nx", id="a leading zero"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nindex -1\n\nx", id="a sign"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx", id="a hash of three bytes"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx", id="extra data that are empty"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\nx", id="extra data that are not base64"),
        pytest.param(b"c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\nx", id="carriage returns"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"A" * 43 + b"=\n" * 1 + b"x", id="no checkpoint"),
        pytest.param(b"c2sp.org/tlog-proof@v1\nindex 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx", id="64 hashes"),
        pytest.param(b"\xff\n\n", id="bytes beyond ASCII"),
        pytest.param(b"x" * 200_000, id="too many bytes"),
    ],
)
def test_a_malformed_proof_is_refused(data: bytes) -> None:
    with pytest.raises(LedgerError, match="RQC-L004"):
        parse_proof(data)


def test_a_packet_for_a_log_of_a_thousand_million_entries_with_three_witnesses_fits_in_four_kilobytes() -> None:
    size = 1_000_000_000
    frontier = Frontier(size, tuple(bytes([number]) * 32 for number in range(size.bit_count())))
    text = Checkpoint(ORIGIN, size, frontier.root).text
    checkpoint = signed(*WITNESS_KEYS, text=text)
    assert len(encode_proof(size - 1, [bytes(32)] * size.bit_length(), checkpoint)) <= 4096


def test_verifying_a_proof_imports_only_the_standard_library_and_cryptography(tmp_path: object) -> None:
    (tmp_path / "a.tlog-proof").write_bytes(proof_of(0, WITNESS_KEYS[0]))
    (tmp_path / "policy.txt").write_text(Policy.of([LOG_KEY.verifier], witnesses=ALL[:1]).text)
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from pathlib import Path\n"
        "from regenqc.ledger import parse_policy, verify_proof\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "policy = parse_policy((folder / 'policy.txt').read_text())\n"
        f"verify_proof((folder / 'a.tlog-proof').read_bytes(), {BODIES[0]!r}, policy=policy)\n"
        "roots = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(roots - set(sys.stdlib_module_names) - {'regenqc', 'cryptography', '_cffi_backend', "
        "'_openssl'}), 'sqlite3' in sys.modules, 'psycopg' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False False"
