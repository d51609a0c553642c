"""A key file opens with its owner's password, unchanged, and not otherwise."""

from __future__ import annotations

import msgspec
import pytest
from tests.signing.office import key_of, password_of

from regenqc.errors import SignatureError
from regenqc.signing import create_key, open_key, read_key_file
from regenqc.signing.keys import check_ed25519, key_file_bytes

from .office import CHEAP, START, random_of

FILE = key_of("QP-0001")
OTHER = key_of("QP-0002")


def test_a_key_file_survives_writing_and_reading() -> None:
    assert read_key_file(key_file_bytes(FILE)) == FILE


def test_the_secret_does_not_stand_in_the_file_or_in_the_words_of_the_opened_key() -> None:
    opened = open_key(FILE, password=password_of("QP-0001"))
    assert opened.seed not in key_file_bytes(FILE)
    assert opened.seed.hex() not in repr(opened)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("wrong", id="another password"),
        pytest.param("", id="no password"),
        pytest.param(password_of("QP-0001") + " ", id="a blank more"),
        pytest.param(password_of("QP-0002"), id="the password of somebody else"),
        pytest.param("\udcff", id="what is no text"),
    ],
)
def test_a_wrong_password_opens_nothing(password: str) -> None:
    with pytest.raises(SignatureError, match="RQC-G010 The password does not open this key"):
        open_key(FILE, password=password)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"person_id": "QP-0002"}, id="another owner"),
        pytest.param({"key_id": OTHER.key_id}, id="another identifier"),
        pytest.param({"public_key": OTHER.public_key}, id="another public key"),
        pytest.param({"made_at": "2020-01-01T00:00:00+00:00"}, id="another date"),
        pytest.param({"encryption": OTHER.encryption}, id="the secret of somebody else"),
        pytest.param({"derivation": msgspec.structs.replace(FILE.derivation, n=2**15)}, id="another cost"),
    ],
)
def test_a_changed_file_does_not_open(changed: dict[str, object]) -> None:
    with pytest.raises(SignatureError, match="RQC-G010"):
        open_key(msgspec.structs.replace(FILE, **changed), password=password_of("QP-0001"))


@pytest.mark.parametrize(
    "cost", [pytest.param(2**10, id="a guess costs nothing"), pytest.param(2**30, id="the memory of a machine")]
)
def test_a_file_that_asks_for_an_unusual_cost_is_refused(cost: int) -> None:
    data = key_file_bytes(FILE).replace(b'"n":16384', b'"n":%d' % cost)
    with pytest.raises(SignatureError, match="RQC-G011"):
        read_key_file(data)


def test_the_same_password_on_another_keyboard_opens_the_key() -> None:
    typed, elsewhere = "Å ﬁrst", "Å first"
    made = create_key("QP-0009", password=typed, random=random_of("x"), made_at=START, work_factor=CHEAP)
    assert open_key(made, password=elsewhere).key_id == made.key_id


def test_a_key_without_password_is_not_made() -> None:
    blank = "  "
    with pytest.raises(SignatureError, match="RQC-G013"):
        create_key("QP-0009", password=blank, random=random_of("x"), made_at=START, work_factor=CHEAP)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("", id="nothing"),
        pytest.param("AAAA", id="too short"),
        pytest.param("no base64 !", id="no base64"),
    ],
)
def test_what_is_no_signature_verifies_nothing(signature: str) -> None:
    assert not check_ed25519(FILE.public_key, b"anything", signature)


def test_a_signature_has_one_spelling() -> None:
    from base64 import b64encode

    opened = open_key(FILE, password=password_of("QP-0001"))
    made = b64encode(opened.sign(b"words")).decode()
    assert check_ed25519(FILE.public_key, b"words", made)
    assert not check_ed25519(FILE.public_key, b"words", f"{made}\n")
