"""Who may sign, with which key, and what a signature binds.

A signature is a person's act: it names who, when, in which role, what it means, and the digest of exactly what was shown.
Keys are Ed25519 and lie in files that only their owner's password opens; the registry of people says, for any moment, which
key was whose and which roles its owner had.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regenqc.signing.attempts import AttemptLog
    from regenqc.signing.keys import KeyFile, OpenKey, create_key, open_key, read_key_file
    from regenqc.signing.people import People, Person, read_people
    from regenqc.signing.session import SigningSession
    from regenqc.signing.signature import Signature, sign
    from regenqc.signing.verification import signature_faults
    from regenqc.signing.words import Role

__all__ = [
    "AttemptLog",
    "KeyFile",
    "OpenKey",
    "People",
    "Person",
    "Role",
    "Signature",
    "SigningSession",
    "create_key",
    "open_key",
    "read_key_file",
    "read_people",
    "sign",
    "signature_faults",
]

_HOMES = {
    "AttemptLog": "attempts",
    "KeyFile": "keys",
    "OpenKey": "keys",
    "People": "people",
    "Person": "people",
    "Role": "words",
    "Signature": "signature",
    "SigningSession": "session",
    "create_key": "keys",
    "open_key": "keys",
    "read_key_file": "keys",
    "read_people": "people",
    "sign": "signature",
    "signature_faults": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regenqc.signing' has no attribute '{name}'")
    value = getattr(import_module(f"regenqc.signing.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
