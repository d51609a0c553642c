"""A witness: it remembers the last checkpoint of each log it knows, and cosigns only what extends it.

The answers are those of C2SP tlog-witness `add-checkpoint`, so the same object serves files (`answer` to a request file)
and HTTP (`regenqc.ledger.witness_service`). Rules, in order:

| status | when |
|---|---|
| 400 | the request is not understood, or its old size is beyond the checkpoint |
| 404 | the origin is none of the logs that are known |
| 403 | no key of that log signed the checkpoint |
| 409 | the old size is not the size last cosigned (the answer is that size), or one size has two roots |
| 422 | the proof does not show that the checkpoint extends the last one |
| 200 | the checkpoint is remembered on disk, then cosigned |

From reading the memory to remembering the new checkpoint nobody else gets in between, neither thread nor process:
otherwise a slower request for a smaller tree could follow a faster one for a larger.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from regenqc.errors import LedgerError, RegenqcError
from regenqc.ledger.checkpoint import SignedCheckpoint, decimal, parse_signed_checkpoint
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.memory import replace_file
from regenqc.ledger.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from regenqc.ledger.note import Ed25519Signer, Note, decode_base64, verify_signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.ledger.memory import CheckpointMemory, Remembered
    from regenqc.ledger.note import Signer, Verifier

__all__ = ["Witness", "WitnessAnswer", "WitnessRequest", "parse_request"]

LARGEST_REQUEST_BYTES: Final = 131_072
_LONGEST_PROOF: Final = 63
_MOST_EVIDENCE: Final = 100
SIZE_TYPE: Final = "text/x.tlog.size"
_TEXT_TYPE: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    r"""Hold a request to cosign a checkpoint.

    Args:
        old_size: size of the checkpoint that the witness cosigned last, 0 for none.
        proof: consistency proof from there.
        checkpoint: signed note of the new checkpoint.

    Example:
        >>> WitnessRequest(0, (), b"a\n").encoded
        b'old 0\n\na\n'
    """

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def encoded(self) -> bytes:
        """Return the bytes of the request."""
        lines = [f"old {self.old_size}", *(b64encode(found).decode() for found in self.proof)]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """Hold what a witness answers; with status 200 the body is its signature lines."""

    status: int
    body: bytes
    content_type: str = _TEXT_TYPE


def parse_request(data: bytes) -> WitnessRequest:
    r"""Return what a request says.

    Raises:
        LedgerError: `RQC-L006`, the bytes are not a request.

    Example:
        >>> parse_request(b"old 0\n\na\n").checkpoint
        b'a\n'
    """
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed("characters beyond ASCII") from error
    old_size = decimal(lines[0].removeprefix("old ")) if lines[0].startswith("old ") else None
    if not blank or old_size is None or len(lines) - 1 > _LONGEST_PROOF or len(data) > LARGEST_REQUEST_BYTES:
        raise _malformed(f"{lines[0][:40]!r}, {len(lines) - 1} hashes, {len(data)} bytes")
    proof = []
    for line in lines[1:]:
        raw = decode_base64(line)
        if raw is None or len(raw) != HASH_BYTES:
            raise _malformed(repr(line[:60]))
        proof.append(raw)
    return WitnessRequest(old_size, tuple(proof), checkpoint)


def _malformed(got: str) -> LedgerError:
    return ledger_error(
        "RQC-L006",
        "This is not a request to a witness.",
        got=got,
        expected="old N, at most 63 hashes, an empty line, a checkpoint",
        action="Make the request again.",
    )


class Witness:
    """Cosign checkpoints of known logs.

    Args:
        signers: keys of the witness; all of them cosign. A log's own kind of key is refused.
        logs: keys of the logs, each for the origin that is its name.
        memory: where the witness remembers; it must be kept as carefully as the key.
    """

    def __init__(self, signers: Sequence[Signer], *, logs: Sequence[Verifier], memory: CheckpointMemory) -> None:
        if not signers or any(isinstance(signer, Ed25519Signer) for signer in signers):
            raise ledger_error(
                "RQC-L002",
                "A witness needs a key for cosignatures.",
                expected="a key made for the purpose witness or witness-ml-dsa-44",
                action="Make one; a log's key cannot say when it signed.",
            )
        self._signers = tuple(signers)
        self._logs = tuple(logs)
        self._log_keys = {(key.name, key.key_id) for key in logs}
        self._memory = memory

    @property
    def keys(self) -> tuple[Verifier, ...]:
        """Return the public keys, for policies."""
        return tuple(signer.verifier for signer in self._signers)

    def latest(self, origin: str) -> SignedCheckpoint | None:
        """Return the last checkpoint cosigned for a log; this is what a recovery drill compares with."""
        return self._memory.latest(origin)

    def answer(self, request: bytes, *, now: int) -> WitnessAnswer:
        """Return the answer to a request; see the table above.

        Args:
            request: its bytes.
            now: seconds since 1970 UTC.

        Raises:
            LedgerError: `RQC-L052`, the memory cannot be read or written, so nothing was cosigned.
        """
        try:
            parsed = parse_request(request)
            signed = parse_signed_checkpoint(parsed.checkpoint)
        except RegenqcError as error:
            return _refusal(400, error)
        keys = [key for key in self._logs if key.name == signed.origin]
        if not keys:
            return WitnessAnswer(404, b"unknown log\n")
        try:
            by_log = verify_signatures(signed.note, keys)
        except RegenqcError as error:
            return _refusal(403, error)
        if not by_log:
            return WitnessAnswer(403, b"no key of this log signed the checkpoint\n")
        if parsed.old_size > signed.size:
            return WitnessAnswer(400, b"the old size is beyond the checkpoint\n")
        with self._memory.hold(signed.origin) as remembered:
            return self._judge(parsed, signed, remembered, request=request, now=now)

    def _judge(
        self, parsed: WitnessRequest, signed: SignedCheckpoint, remembered: Remembered, *, request: bytes, now: int
    ) -> WitnessAnswer:
        last = remembered.latest
        last_size, last_root = (last.size, last.root) if last is not None else (0, EMPTY_ROOT)
        if parsed.old_size != last_size:
            return WitnessAnswer(409, f"{last_size}\n".encode(), SIZE_TYPE)
        if signed.size == last_size and signed.root != last_root:
            self._keep_evidence(request, last)
            return WitnessAnswer(409, f"{last_size}\n".encode(), SIZE_TYPE)
        try:
            _check_proof(parsed, signed, last_root)
        except RegenqcError as error:
            self._keep_evidence(request, last)
            return _refusal(422, error)
        own = [signer.sign(signed.note.text, time=now) for signer in self._signers]
        # Remembered with the cosignatures, so that the file can be shown to others; without signatures of strangers.
        by_log = [found for found in signed.note.signatures if (found.name, found.key_id) in self._log_keys]
        remembered.replace(SignedCheckpoint(signed.checkpoint, Note(signed.note.text, (*by_log, *own))))
        return WitnessAnswer(200, "".join(signature.line for signature in own).encode())

    def _keep_evidence(self, request: bytes, last: SignedCheckpoint | None) -> None:
        """Keep a checkpoint that the log signed and that does not fit; with the last one it may prove a fork."""
        folder = self._memory.folder / "evidence"
        path = folder / f"{sha256(request).hexdigest()[:32]}.request"
        with suppress(OSError, LedgerError):  # the answer is the same whether or not there is room for the evidence
            folder.mkdir(exist_ok=True)
            if not path.exists() and sum(1 for _ in folder.iterdir()) < _MOST_EVIDENCE:
                replace_file(path, request + (b"\n" + last.encoded if last is not None else b""))


def _check_proof(parsed: WitnessRequest, signed: SignedCheckpoint, last_root: bytes) -> None:
    if parsed.old_size == 0:
        if parsed.proof:
            raise ledger_error(
                "RQC-L011", "Nothing is to be proved of an empty tree.", got=f"{len(parsed.proof)} hashes"
            )
        return
    verify_consistency(
        parsed.proof, first=parsed.old_size, second=signed.size, first_root=last_root, second_root=signed.root
    )


def _refusal(status: int, error: RegenqcError) -> WitnessAnswer:
    return WitnessAnswer(status, f"{error}\n".encode())
