"""Keys on a real token (SoftHSM): made there, never outside, opened by their PIN, and as good as keys in files."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from regenqc.errors import RegenqcError
from regenqc.signing.keys import check_ed25519, create_key, key_file_bytes
from regenqc.signing.opening import open_any_key, read_any_key_file
from regenqc.signing.tokens import MODULE_VARIABLE, create_token_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.signing.tokens import TokenKeyFile

MODULE = next(
    (path for path in Path("/usr/lib").glob("**/libsofthsm2.so") if shutil.which("softhsm2-util")), Path("/nowhere")
)
pytestmark = pytest.mark.skipif(not MODULE.exists(), reason="softhsm2 is not installed")
PIN = "a pin of the tests"
NOW = datetime(2026, 3, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Initialise a token; the module reads its settings once in a process."""
    pytest.importorskip("pkcs11")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(settings))
        patch.setenv(MODULE_VARIABLE, str(MODULE))
        command = ["softhsm2-util", "--init-token", "--free", "--label", "desk-1", "--pin", PIN, "--so-pin", "12345678"]
        subprocess.run(command, check=True, capture_output=True, env=dict(os.environ))
        yield "desk-1"


@pytest.fixture
def file(token: str) -> TokenKeyFile:
    return create_token_key("QP-0001", token=token, pin=PIN, made_at=NOW)


def test_a_key_on_a_token_signs_as_one_in_a_file_does(file: TokenKeyFile) -> None:
    from base64 import b64encode

    opened = open_any_key(file, password=PIN)
    value = b64encode(opened.sign(b"shown")).decode()
    assert check_ed25519(file.public_key, b"shown", value)
    assert not check_ed25519(file.public_key, b"other", value)
    assert opened.key_id == file.key_id


def test_the_key_of_a_person_is_made_once(file: TokenKeyFile, token: str) -> None:
    assert create_token_key("QP-0001", token=token, pin=PIN, made_at=NOW) == file
    assert create_token_key("QP-0002", token=token, pin=PIN, made_at=NOW).key_id != file.key_id


def test_the_file_of_a_key_on_a_token_holds_nothing_secret_and_is_read_again(file: TokenKeyFile) -> None:
    data = key_file_bytes(file)
    assert read_any_key_file(data) == file
    assert PIN.encode() not in data


def code_of(file: Any, pin: str) -> str:
    with pytest.raises(RegenqcError) as error:
        open_any_key(file, password=pin)
    return error.value.faults[0].code


def test_a_wrong_pin_opens_nothing(file: TokenKeyFile) -> None:
    assert code_of(file, "wrong") == "RQC-G010"
    assert code_of(file, "") == "RQC-G010"


def test_a_token_that_is_not_there_opens_nothing(file: TokenKeyFile) -> None:
    assert code_of(replace(file, token="another"), PIN) == "RQC-G017"  # noqa: S106 - a label


def test_a_token_with_another_key_of_this_name_opens_nothing(file: TokenKeyFile) -> None:
    other = create_key("QP-0001", password=PIN, random=os.urandom, made_at=NOW, work_factor=2**14)
    assert code_of(replace(file, key_id=other.key_id, public_key=other.public_key), PIN) == "RQC-G017"


def test_without_a_module_that_talks_to_it_nothing_is_opened(
    file: TokenKeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(MODULE_VARIABLE)
    assert code_of(file, PIN) == "RQC-G017"


def test_without_the_library_the_refusal_names_the_extra(file: TokenKeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    assert code_of(file, PIN) == "RQC-G018"
