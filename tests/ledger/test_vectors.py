"""Files that were handed out verify for ever, and are made byte for byte the same."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from regenqc.errors import LedgerError, SignatureError
from regenqc.ledger import Policy, make_key, parse_policy, parse_public_key, parse_secret_key, verify_proof
from regenqc.ledger.checkpoint import Checkpoint
from regenqc.ledger.cosignature import PostQuantumSigner
from regenqc.ledger.merkle import leaf_hashes
from regenqc.ledger.note import Note, parse_note, verify_signatures
from regenqc.ledger.proof import encode_proof
from regenqc.ledger.tree import StoredTree

from .workbench import LOG_KEY, NOW, ORIGIN, WITNESS_KEYS, seed

FILE = Path(__file__).parent / "vectors" / "regenqc-ledger-1.json"
BODIES = [f"event {number}".encode() for number in range(7)]
POLICY = Policy.of([LOG_KEY.verifier], witnesses=[key.verifier for key in WITNESS_KEYS], least=2)
QUANTUM = PostQuantumSigner(ORIGIN, seed("quantum"))


def made_anew() -> dict[str, Any]:
    """Return everything in the file that a key always signs alike; ML-DSA-44 signatures are random on purpose."""
    leaves = leaf_hashes(BODIES)
    tree = StoredTree(len(leaves), lambda _level, start, end: leaves[start:end])
    text = Checkpoint(ORIGIN, len(leaves), tree.root(len(leaves))).text
    by_log = Note(text, (LOG_KEY.sign(text, time=NOW),))
    cosigned = by_log.with_signatures(key.sign(text, time=NOW + number) for number, key in enumerate(WITNESS_KEYS[:2]))
    return {
        "secret keys": [make_key(ORIGIN, purpose="log", random=lambda _: seed("log"))],
        "public keys": [LOG_KEY.verifier.text, *(key.verifier.text for key in WITNESS_KEYS)],
        "policy": POLICY.text,
        "checkpoint": by_log.encoded.decode(),
        "cosigned checkpoint": cosigned.encoded.decode(),
        "entries": [b64encode(body).decode() for body in BODIES],
        "proofs": [
            encode_proof(index, tree.inclusion_proof(index, len(leaves)), cosigned.encoded).decode()
            for index in range(len(leaves))
        ],
        "ML-DSA-44 public key": QUANTUM.verifier.text,
    }


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(made_anew()))
def test_what_is_made_today_is_what_was_made_then(kept: dict[str, Any], name: str) -> None:
    assert made_anew()[name] == kept[name]


@pytest.mark.parametrize("index", range(len(BODIES)))
def test_a_proof_that_was_handed_out_verifies(kept: dict[str, Any], index: int) -> None:
    policy = parse_policy(kept["policy"])
    verified = verify_proof(kept["proofs"][index].encode(), b64decode(kept["entries"][index]), policy=policy)
    assert (verified.index, verified.trusted.witnessed_at, len(verified.trusted.witnesses)) == (index, NOW + 1, 2)
    with pytest.raises(LedgerError, match="RQC-L010"):
        verify_proof(kept["proofs"][index].encode(), b"another event", policy=policy)


def test_a_post_quantum_signature_that_was_handed_out_verifies(kept: dict[str, Any]) -> None:
    key = parse_public_key(kept["ML-DSA-44 public key"])
    note = parse_note(kept["ML-DSA-44 checkpoint"].encode())
    (verified,) = verify_signatures(note, [key])
    assert (verified.name, verified.time) == (ORIGIN, NOW)
    with pytest.raises(SignatureError, match="RQC-L013"):
        verify_signatures(Note(note.text.replace("\n7\n", "\n8\n"), note.signatures), [key])


def test_a_secret_key_that_was_written_down_still_signs_alike(kept: dict[str, Any]) -> None:
    signer = parse_secret_key(kept["secret keys"][0])
    note = parse_note(kept["checkpoint"].encode())
    assert signer.sign(note.text, time=NOW) == note.signatures[0]
