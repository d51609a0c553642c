"""Secrets that the console must be able to read again, such as those of second factors: encrypted in its database.

The key lies in a file beside it (`HOME/access.key`), so that a copy of the database alone gives none of them away.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Seal", "open_seal"]

_NONCE_BYTES: Final = 12


class Seal:
    """Encrypt and decrypt by AES-256-GCM; what is sealed for one purpose opens for no other.

    Args:
        key: 32 bytes.

    Example:
        >>> seal = Seal(bytes(32))
        >>> seal.opened(seal.sealed(b"secret", purpose="totp QP-0001"), purpose="totp QP-0001")
        b'secret'
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def sealed(self, data: bytes, *, purpose: str) -> bytes:
        """Return data encrypted for a purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, purpose.encode())

    def opened(self, data: bytes, *, purpose: str) -> bytes | None:
        """Return what was encrypted for a purpose, `None` when it was not, or with another key."""
        if len(data) <= _NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], purpose.encode())
        except InvalidTag:
            return None


def open_seal(file: Path) -> Seal:
    """Return the seal of a console; its key is made where there is none.

    Args:
        file: of the key, readable by its owner alone.

    Raises:
        UsageError: `RQC-U156`, the key cannot be read or made, or others may read it.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> file = Path(tempfile.mkdtemp()) / "access.key"
        >>> kept = open_seal(file).sealed(b"secret", purpose="p")
        >>> open_seal(file).opened(kept, purpose="p")
        b'secret'
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        if file.stat().st_mode & 0o077:
            raise _refused(file, "a file that others may read")
        key = file.read_bytes()
    except OSError as error:
        raise _refused(file, error.strerror or str(error)) from error
    if len(key) != 32:
        raise _refused(file, f"{len(key)} bytes")
    return Seal(key)


def _make(file: Path) -> None:
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_bytes(32))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(new, file)  # whoever comes first has made it
    except FileExistsError:
        pass
    finally:
        new.unlink()


def _refused(file: Path, got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U156",
            what="The key of the console cannot be used.",
            where=str(file),
            got=got,
            expected="32 bytes that its owner alone may read",
            action="Restore it from its copy, with mode 600. Without it second factors are enrolled again.",
        )
    )
