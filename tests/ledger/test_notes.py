"""Signed notes and keys: only what a pinned key signed is believed, and only the one spelling is accepted."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import LedgerError, RegenqcError, SignatureError
from regenqc.ledger import make_key, parse_public_key, parse_secret_key
from regenqc.ledger.checkpoint import Checkpoint, parse_checkpoint, parse_signed_checkpoint
from regenqc.ledger.cosignature import CosignatureSigner, PostQuantumSigner
from regenqc.ledger.note import Ed25519Signer, Note, NoteSignature, parse_note, verify_signatures

from .vectors_of_others import ABSENT, vectors
from .workbench import LOG_KEY, NOW, ORIGIN, WITNESS_KEYS, seed

TEXT = Checkpoint(ORIGIN, 7, bytes(range(32))).text
SIGNED = Note(TEXT, (LOG_KEY.sign(TEXT, time=NOW),))
COSIGNED = Note(TEXT, (*SIGNED.signatures, *(key.sign(TEXT, time=NOW) for key in WITNESS_KEYS)))
KNOWN = [LOG_KEY.verifier, *(key.verifier for key in WITNESS_KEYS)]


def published() -> dict[str, object]:
    folder = vectors("c2sp-examples")
    if folder is None:
        pytest.skip(ABSENT)
    return json.loads((folder / "examples.json").read_text())


def test_the_example_of_the_signed_note_specification_verifies() -> None:
    example = published()["signed_note_example"]
    key = parse_public_key(example["vkey"])
    (verified,) = verify_signatures(parse_note(example["note"].encode()), [key])
    assert (verified.name, verified.time) == ("example.com/foo", None)
    assert key.text == example["vkey"]


def test_the_example_of_the_signed_note_specification_does_not_verify_when_its_text_is_changed() -> None:
    example = published()["signed_note_example"]
    note = parse_note(example["note"].replace("example message", "example massage").encode())
    with pytest.raises(SignatureError, match="RQC-L013"):
        verify_signatures(note, [parse_public_key(example["vkey"])])


@pytest.mark.parametrize(
    "name", ["checkpoint_example_no_key_published", "cosigned_checkpoint_example_no_key_published"]
)
def test_the_examples_of_the_checkpoint_specifications_are_read_and_written_byte_for_byte(name: str) -> None:
    text = published()[name].encode()
    signed = parse_signed_checkpoint(text)
    assert (signed.origin, signed.size) == ("example.com/behind-the-sofa", 20852163)
    assert signed.encoded == text
    assert signed.checkpoint.text == signed.note.text


def test_the_cosignature_of_the_specification_states_its_time() -> None:
    signed = parse_signed_checkpoint(published()["cosigned_checkpoint_example_no_key_published"].encode())
    assert int.from_bytes(signed.note.signatures[1].signature[:8], "big") == 1679315147


def test_a_note_is_read_as_it_was_written() -> None:
    assert parse_note(COSIGNED.encoded) == COSIGNED


def test_signatures_of_known_keys_are_returned_in_the_order_of_the_note() -> None:
    found = verify_signatures(COSIGNED, list(reversed(KNOWN)))
    assert [(each.name, each.time) for each in found] == [
        (ORIGIN, None),
        *((key.name, NOW) for key in WITNESS_KEYS),
    ]


def test_unknown_keys_are_ignored_even_with_a_known_name() -> None:
    stranger = Ed25519Signer(ORIGIN, seed("stranger"))
    note = SIGNED.with_signatures([stranger.sign(TEXT, time=NOW), NoteSignature("noise", b"\0\0\0\0", b"noise")])
    assert [each.key_id for each in verify_signatures(note, KNOWN)] == [LOG_KEY.verifier.key_id]
    assert verify_signatures(Note(TEXT, (stranger.sign(TEXT, time=NOW),)), KNOWN) == ()


def test_a_bad_signature_of_a_known_key_refuses_the_note_whatever_else_is_right() -> None:
    bad = NoteSignature(ORIGIN, LOG_KEY.verifier.key_id, bytes(64))
    with pytest.raises(SignatureError, match="RQC-L013"):
        verify_signatures(Note(TEXT, (*SIGNED.signatures, bad)), KNOWN)


def test_a_key_that_signs_twice_counts_once() -> None:
    assert len(verify_signatures(Note(TEXT, SIGNED.signatures * 2), KNOWN)) == 1


@given(st.integers(0, len(COSIGNED.encoded) - 1), st.integers(0, 7))
def test_no_note_with_one_bit_changed_yields_more_than_other_keys_signed(place: int, bit: int) -> None:
    data = bytearray(COSIGNED.encoded)
    data[place] ^= 1 << bit
    try:
        found = verify_signatures(parse_note(bytes(data)), KNOWN)
    except RegenqcError:
        return
    # The bit was in a name or a key id: that signature is now a stranger's, the text is the one that was signed.
    assert len(found) < len(KNOWN)
    assert parse_note(bytes(data)).text == TEXT


@given(st.binary(max_size=200))
def test_bytes_that_are_no_note_are_refused_as_such(data: bytes) -> None:
    with pytest.raises(LedgerError, match=r"RQC-L00[13]"):
        parse_signed_checkpoint(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"text\n", id="no signature"),
        pytest.param(b"text\n\n", id="an empty list of signatures"),
        pytest.param("text\n\n— name AAAAAAA=".encode(), id="no line end at the end"),
        pytest.param("text\n\n— AAAAAAA=\n".encode(), id="no name"),
        pytest.param("text\n\n— na+me AAAAAAA=\n".encode(), id="a plus sign in the name"),
        pytest.param("text\n\n— na\u00a0me AAAAAAA=\n".encode(), id="a blank of another kind in the name"),
        pytest.param(b"text\n\n- name AAAAAAA=\n", id="a hyphen for the dash"),
        pytest.param("text\n\n— name AAAA\n".encode(), id="a key id without a signature"),
        pytest.param("text\n\n— name AAAAAAB=\n".encode(), id="base64 with bits left over"),
        pytest.param("text\n\n— name AAAAAAA\n".encode(), id="base64 without padding"),
        pytest.param("te\rxt\n\n— name AAAAAAA=\n".encode(), id="a carriage return"),
        pytest.param("te\x00xt\n\n— name AAAAAAA=\n".encode(), id="a null character"),
        pytest.param(b"te\xffxt\n\n\xe2\x80\x94 name AAAAAAA=\n", id="bytes that are not UTF-8"),
        pytest.param(b"x" * 70_000, id="more than 64 KiB"),
        pytest.param(("text\n\n" + "— name AAAAAAA=\n" * 33).encode(), id="more than 32 signatures"),
    ],
)
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(LedgerError, match="RQC-L001"):
        parse_note(data)


def test_sixteen_signatures_are_accepted() -> None:
    assert len(parse_note(("text\n\n" + "— name AAAAAAA=\n" * 16).encode()).signatures) == 16


ROOT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(f"origin\n7\n{ROOT}", id="no line end at the end"),
        pytest.param(f"\n7\n{ROOT}\n", id="an empty origin"),
        pytest.param(f"origin\n07\n{ROOT}\n", id="a leading zero"),
        pytest.param(f"origin\n-7\n{ROOT}\n", id="a sign"),
        pytest.param(f"origin\n٧\n{ROOT}\n", id="a digit of another script"),
        pytest.param(f"origin\n{2**63}\n{ROOT}\n", id="a size beyond 2^63"),
        pytest.param("origin\n7\nAAAA\n", id="a root of three bytes"),
        pytest.param("origin\n7\n" + ROOT[:-1] + "\n", id="a root without padding"),
        pytest.param("origin\n7\n", id="no root"),
        pytest.param(f"origin\n7\n{ROOT}\n\nextension\n", id="an empty extension line"),
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L003"):
        parse_checkpoint(text)


def test_extension_lines_of_others_are_kept() -> None:
    checkpoint = parse_checkpoint(f"origin\n7\n{ROOT}\nextension\n")
    assert checkpoint.extensions == ("extension",)
    assert checkpoint.text.endswith("extension\n")


@pytest.mark.parametrize(
    "key", [*KNOWN, PostQuantumSigner(ORIGIN, seed("log")).verifier], ids=lambda key: key.text[:30]
)
def test_a_public_key_is_read_as_it_was_written(key: object) -> None:
    assert parse_public_key(key.text) == key


@pytest.mark.parametrize("purpose", ["log", "witness", "log-ml-dsa-44", "witness-ml-dsa-44"])
def test_a_secret_key_signs_what_its_public_key_verifies(purpose: str) -> None:
    signer = parse_secret_key(make_key(ORIGIN, purpose=purpose, random=lambda count: seed(purpose)[:count]))
    note = Note(TEXT, (signer.sign(TEXT, time=NOW),))
    (verified,) = verify_signatures(note, [parse_public_key(signer.verifier.text)])
    assert verified.time == (None if purpose == "log" else NOW)


def test_a_secret_key_does_not_show_itself() -> None:
    signers = [LOG_KEY, WITNESS_KEYS[0], PostQuantumSigner(ORIGIN, seed("log"))]
    assert all("seed hidden" in repr(signer) and seed("log").hex() not in repr(signer) for signer in signers)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("name+00000000", id="no key"),
        pytest.param("name+00000000+AAAA", id="a key of an unknown type"),
        pytest.param(LOG_KEY.verifier.text[:-4], id="a key cut short"),
        pytest.param(LOG_KEY.verifier.text.replace(ORIGIN, "other.example"), id="another name with the same key id"),
        pytest.param("a b" + LOG_KEY.verifier.text.removeprefix(ORIGIN), id="a blank in the name"),
    ],
)
def test_a_malformed_public_key_is_refused(text: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L002"):
        parse_public_key(text)


def test_a_malformed_secret_key_is_refused_without_repeating_it() -> None:
    secret = make_key(ORIGIN, purpose="log", random=lambda count: seed("log")[:count])
    with pytest.raises(LedgerError, match="RQC-L002") as caught:
        parse_secret_key(secret.replace(ORIGIN, "other.example"))
    assert secret[-30:] not in str(caught.value)


@pytest.mark.parametrize("kind", [Ed25519Signer, CosignatureSigner, PostQuantumSigner])
def test_a_secret_key_of_the_wrong_length_is_refused(kind: type) -> None:
    with pytest.raises(LedgerError, match="RQC-L002"):
        kind(ORIGIN, bytes(31))


def test_a_post_quantum_signature_states_its_time_and_covers_the_name() -> None:
    signer = PostQuantumSigner("witness.example", seed("quantum"))
    made = signer.sign(TEXT, time=NOW)
    assert signer.verifier.verify(TEXT, made.signature).time == NOW
    renamed = type(signer.verifier)("other.example", signer.verifier.material)
    with pytest.raises(SignatureError, match="RQC-L013"):
        renamed.verify(TEXT, made.signature)


@pytest.mark.parametrize("key", [WITNESS_KEYS[0], PostQuantumSigner("w", seed("w"))], ids=["Ed25519", "ML-DSA-44"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda raw: raw[:-1], id="a byte short"),
        pytest.param(lambda raw: raw + b"\0", id="a byte long"),
        pytest.param(lambda raw: b"\x80" + raw[1:], id="a time beyond 2^63"),
        pytest.param(lambda raw: raw[:7] + bytes([raw[7] ^ 1]) + raw[8:], id="another time"),
        pytest.param(lambda raw: raw[:8] + bytes([raw[8] ^ 1]) + raw[9:], id="another signature"),
    ],
)
def test_an_altered_cosignature_is_refused(key: object, change: object) -> None:
    made = key.sign(TEXT, time=NOW)
    with pytest.raises(SignatureError, match="RQC-L013"):
        key.verifier.verify(TEXT, change(made.signature))


def test_a_cosignature_does_not_pass_for_a_log_signature_of_the_same_key() -> None:
    log, witness = Ed25519Signer("both", seed("both")), CosignatureSigner("both", seed("both"))
    assert log.verifier.key_id != witness.verifier.key_id
    cosigned = Note(TEXT, (witness.sign(TEXT, time=NOW),))
    assert verify_signatures(cosigned, [log.verifier]) == ()


def test_errors_of_the_ledger_pickle() -> None:
    with pytest.raises(LedgerError) as caught:
        parse_note(b"")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert str(again) == str(caught.value)
