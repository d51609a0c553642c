"""Open the key of a person, wherever it is: in an encrypted file, or on a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from regenqc.signing import keys
from regenqc.signing.tokens import TokenKeyFile, open_token_key

if TYPE_CHECKING:
    from regenqc.signing.keys import KeyFile, Opened

__all__ = ["open_any_key", "read_any_key_file"]


def open_any_key(file: KeyFile | TokenKeyFile, *, password: str) -> Opened:
    """Return the key of a file.

    Args:
        file: of the key.
        password: that opens it; of a key on a token, the PIN.

    Raises:
        SignatureError: `RQC-G010`, the password does not open it; `RQC-G017`, the token cannot be used.
    """
    if isinstance(file, TokenKeyFile):
        return open_token_key(file, pin=password)
    return keys.open_key(file, password=password)


def read_any_key_file(data: bytes, *, where: str = "") -> KeyFile | TokenKeyFile:
    """Return the key file that bytes are.

    Raises:
        SignatureError: `RQC-G011`, they are none.

    Example:
        >>> read_any_key_file(b"{}")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-G011 This is no key file. ...
    """
    try:
        return msgspec.json.decode(data, type=TokenKeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return keys.read_key_file(data, where=where)
