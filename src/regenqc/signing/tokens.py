"""Keys that never leave a token or smart card: Ed25519 over PKCS#11 (Cryptoki), by the library `python-pkcs11`.

The key file of such a key holds nothing secret: it says on which token the key is. The PIN takes the place of the password. Which
library talks to the token, whoever runs the machine says (`REGENQC_PKCS11_MODULE`), never a file that could be exchanged.
"""

from __future__ import annotations

import os
import weakref
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from regenqc.signing.faults import refused
from regenqc.signing.keys import key_id_of
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["MODULE_VARIABLE", "SCHEMA", "TokenKey", "TokenKeyFile", "create_token_key", "open_token_key"]

SCHEMA: Final = "regenqc.token-key/1"
MODULE_VARIABLE: Final = "REGENQC_PKCS11_MODULE"
# The curve as RFC 8410 and PKCS #11 v3.0 name it: PrintableString "edwards25519".
_CURVE: Final = b"\x13\x0cedwards25519"


class TokenKeyFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One key file of a key on a token.

    Args:
        schema: `regenqc.token-key/1`.
        key_id: `ed25519:` and 32 hexadecimal digits of the hash of the public key.
        person_id: owner; also the label of the key on the token.
        algorithm: `Ed25519`.
        public_key: 32 bytes in base64.
        made_at: when the file was made.
        token: label of the token.
    """

    schema: Literal["regenqc.token-key/1"]
    key_id: str
    person_id: str
    algorithm: Literal["Ed25519"]
    public_key: str
    made_at: str
    token: str


class TokenKey:
    """Sign with a key on a token while the session with it is open; it ends with this object.

    Args:
        session: opened with the PIN.
        private: handle of the private key.
        public_key: its 32 bytes.
    """

    def __init__(self, session: Any, private: Any, public_key: bytes) -> None:
        self._private = private
        self.public_key = public_key
        weakref.finalize(self, session.close)

    def __repr__(self) -> str:
        return f"TokenKey(key_id={self.key_id!r})"

    @property
    def key_id(self) -> str:
        """Return the identifier of the key."""
        return key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature of a message, made on the token."""
        pkcs11 = _library()
        try:
            return bytes(self._private.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
        except pkcs11.PKCS11Error as error:
            raise _unusable(self.key_id, error) from error


def create_token_key(person_id: str, *, token: str, pin: str, made_at: datetime) -> TokenKeyFile:
    """Return the file of a person's key on a token; a key that is there under their name is taken, otherwise one is made.

    Args:
        person_id: owner, and label of the key.
        token: label of the token, initialised.
        pin: of its user.
        made_at: the present moment.

    Raises:
        SignatureError: `RQC-G010` the PIN is wrong, `RQC-G017` the token cannot be used.
        UsageError: `RQC-G018`, the library is not installed.
    """
    pkcs11 = _library()
    session = _session(token, pin, writes=True)
    try:
        public = _found(session, person_id, pkcs11.ObjectClass.PUBLIC_KEY)
        if public is None:
            curve = session.create_domain_parameters(
                pkcs11.KeyType.EC_EDWARDS, {pkcs11.Attribute.EC_PARAMS: _CURVE}, local=True
            )
            public, _ = curve.generate_keypair(
                mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=person_id
            )
        raw = _point(public)
    except pkcs11.PKCS11Error as error:
        raise _unusable(token, error) from error
    finally:
        session.close()
    return TokenKeyFile(
        schema=SCHEMA,
        key_id=key_id_of(raw),
        person_id=person_id,
        algorithm="Ed25519",
        public_key=b64encode(raw).decode(),
        made_at=moment_text(made_at),
        token=token,
    )


def open_token_key(file: TokenKeyFile, *, pin: str) -> TokenKey:
    """Return the key of a file, on its token.

    Raises:
        SignatureError: `RQC-G010` the PIN is wrong, `RQC-G017` the token cannot be used, or has another key under this name.
    """
    pkcs11 = _library()
    session = _session(file.token, pin)
    try:
        private = _found(session, file.person_id, pkcs11.ObjectClass.PRIVATE_KEY)
        public = _found(session, file.person_id, pkcs11.ObjectClass.PUBLIC_KEY)
        raw = _point(public) if private is not None and public is not None else b""
    except pkcs11.PKCS11Error as error:
        session.close()
        raise _unusable(file.token, error) from error
    if key_id_of(raw) != file.key_id or b64encode(raw).decode() != file.public_key:
        session.close()
        raise refused(
            "RQC-G017",
            "The token does not hold this key.",
            where=f"{file.token}, {file.person_id}",
            got=key_id_of(raw) if raw else "no key of this name",
            expected=file.key_id,
            action="Insert the token of this key's owner.",
        )
    return TokenKey(session, private, raw)


def _library() -> Any:
    try:
        import pkcs11  # noqa: PLC0415 - an extra
    except ImportError as error:
        from regenqc.errors import Fault, UsageError  # noqa: PLC0415 - only where the extra is missing

        fault = Fault(
            code="RQC-G018",
            what="The library for tokens is not installed.",
            got=str(error),
            expected="the extra `token`",
            action="Run: pip install 'regenqc[token]'",
        )
        raise UsageError(fault) from error
    return pkcs11


def _session(token: str, pin: str, *, writes: bool = False) -> Any:
    pkcs11 = _library()
    module = os.environ.get(MODULE_VARIABLE, "")
    try:
        return pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin, rw=writes)
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
        raise refused(
            "RQC-G010",
            "The PIN does not open this token.",
            where=token,
            action="Type the PIN of its owner; the attempt is recorded, and the token counts too.",
        ) from error
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise _unusable(token, error, module=module) from error


def _found(session: Any, label: str, kind: Any) -> Any:
    pkcs11 = _library()
    return next(
        iter(session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label})),
        None,
    )


def _point(public: Any) -> bytes:
    """Return the 32 bytes of a public key; tokens give them bare, or as an octet string of DER."""
    pkcs11 = _library()
    point = bytes(public[pkcs11.Attribute.EC_POINT])
    return point[2:] if len(point) == 34 and point[:2] == b"\x04\x20" else point


def _unusable(token: str, error: Exception, *, module: str = "") -> Exception:
    return refused(
        "RQC-G017",
        "The token cannot be used.",
        where=token,
        got=f"{type(error).__name__} {error}".strip(),
        expected=f"a token of this label, reached by the module named in {MODULE_VARIABLE}"
        + (f" ({module})" if module else ", which names none"),
        action="Insert the token; its maker says which module talks to it.",
    )
