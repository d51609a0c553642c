"""The witness as an HTTP service (C2SP tlog-witness `add-checkpoint`), and the log's side of it."""

from __future__ import annotations

import http.client
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from regenqc.errors import RegenqcError, SignatureError
from regenqc.ledger.checkpoint import decimal
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.witness import LARGEST_REQUEST_BYTES, SIZE_TYPE, WitnessAnswer, WitnessRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.errors import LedgerError
    from regenqc.ledger.checkpoint import SignedCheckpoint
    from regenqc.ledger.log import Log
    from regenqc.ledger.policy import Policy
    from regenqc.ledger.witness import Witness

__all__ = ["WitnessServer", "ask_witness", "keep_answer", "request_for_witness"]

_PATH: Final = "/add-checkpoint"
_SILENCE_SECONDS: Final = 30
_MOST_ATTEMPTS: Final = 3
_MOST_CHECKPOINTS: Final = 100
_LARGEST_ANSWER_BYTES: Final = 65_536
_logger = logging.getLogger(__name__)


class WitnessServer(ThreadingHTTPServer):
    """Serve a witness; `serve_forever` runs it, `shutdown` from another thread ends it.

    Args:
        witness: what answers.
        host: address to listen on.
        port: 0 for any free one; `server_port` says which.
        clock: returns seconds since 1970 UTC.

    Requests carry their own signatures, so there is nothing secret in them; put a proxy in front for TLS.
    """

    daemon_threads = True

    def __init__(self, witness: Witness, *, host: str, port: int, clock: Callable[[], int]) -> None:
        self.witness = witness
        self.clock = clock
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note that a client went away; the base class would print a traceback."""
        del request
        _logger.warning("a request from %s ended early", client_address)


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "regenqc-witness"
    sys_version = ""
    timeout = _SILENCE_SECONDS

    def do_POST(self) -> None:
        answer = self._answer()
        # What was not read of a refused request would be taken for the next one.
        if answer.status in {411, 413}:
            self.close_connection = True
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _answer(self) -> WitnessAnswer:
        length = decimal(self.headers.get("Content-Length", ""))
        if length is None:
            return WitnessAnswer(411, b"the length is missing\n")
        if length > LARGEST_REQUEST_BYTES:
            return WitnessAnswer(413, b"the request is too large\n")
        request = self.rfile.read(length)
        if self.path.rpartition("/")[2] != _PATH.removeprefix("/"):
            return WitnessAnswer(404, b"only add-checkpoint is served\n")
        if len(request) != length:
            return WitnessAnswer(400, b"the request is incomplete\n")
        try:
            return self.server.witness.answer(request, now=self.server.clock())
        except RegenqcError as error:
            _logger.exception("the witness cannot answer")
            return WitnessAnswer(500, f"{error.code}\n".encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base class
        _logger.info(format, *args)


def request_for_witness(log: Log, signed: SignedCheckpoint, *, old_size: int) -> bytes:
    """Return the bytes of a request to cosign a checkpoint, for HTTP or as a file.

    Args:
        log: the log.
        signed: its checkpoint.
        old_size: size that the witness cosigned last, 0 for none.

    Raises:
        LedgerError: `RQC-L071`, the witness has seen a larger log than this checkpoint.
    """
    if old_size > signed.size:
        raise ledger_error(
            "RQC-L071",
            "The witness has seen a larger log: this one was rolled back, or the checkpoint is an old one.",
            got=f"{signed.size} entries",
            expected=f"at least {old_size}",
            action="Make a new checkpoint; when the log itself is smaller, run the recovery drill.",
        )
    proof = log.consistency_proof(old_size, signed.size) if old_size else []
    return WitnessRequest(old_size, tuple(proof), signed.encoded).encoded


def keep_answer(log: Log, lines: bytes, *, policy: Policy) -> SignedCheckpoint:
    """Keep the cosignatures of an answer beside the newest checkpoint for which they verify; the log may have gone on since.

    Args:
        log: the log, open for writing.
        lines: signature lines as a witness answered them.
        policy: lists the witnesses.

    Raises:
        LedgerError: as `Log.add_cosignatures` says.
        SignatureError: `RQC-L013`, they verify for none of the last hundred checkpoints.
    """
    first: SignatureError | None = None
    for number, signed in enumerate(log.checkpoints(newest_first=True)):
        if number == _MOST_CHECKPOINTS:
            break
        try:
            return log.add_cosignatures(signed, lines, policy=policy)
        except SignatureError as error:
            first = first or error
    if first is not None:
        raise first
    return log.add_cosignatures(log.latest_checkpoint(), lines, policy=policy)


def ask_witness(
    log: Log, signed: SignedCheckpoint, url: str, *, policy: Policy, timeout_seconds: float = 10.0
) -> SignedCheckpoint:
    """Have a checkpoint cosigned by a witness over HTTP, and keep the cosignature.

    Args:
        log: the log.
        signed: a checkpoint that it signed.
        url: submission prefix of the witness, `https://witness.example/`.
        policy: lists the witness; cosignatures of others are ignored.
        timeout_seconds: how long to wait for each answer.

    Returns:
        The checkpoint with all cosignatures known for it.

    Raises:
        LedgerError: `RQC-L070` the witness refused or could not be reached, `RQC-L071` it has seen a larger log.
        SignatureError: it answered with a signature that does not verify.
    """
    old_size = 0
    for _ in range(_MOST_ATTEMPTS):
        request = request_for_witness(log, signed, old_size=old_size)
        answer = _post(url, request, timeout_seconds=timeout_seconds)
        if answer.status == 200:
            return log.add_cosignatures(signed, answer.body, policy=policy)
        known = decimal(answer.body.decode(errors="replace").removesuffix("\n"))
        # 409 names the size from which the witness wants a proof; the same size again means a fork.
        if answer.status != 409 or answer.content_type != SIZE_TYPE or known is None or known == old_size:
            break
        old_size = known
    raise _refused(url, f"status {answer.status}: {answer.body[:300].decode(errors='replace').strip()}")


def _post(url: str, request: bytes, *, timeout_seconds: float) -> WitnessAnswer:
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise _refused(url, "not a URL of a witness")
    try:
        connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout_seconds)
        try:
            connection.request("POST", parts.path.rstrip("/") + _PATH, body=request)
            response = connection.getresponse()
            body = response.read(_LARGEST_ANSWER_BYTES)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _refused(url, f"{type(error).__name__}: {error}") from error
    return WitnessAnswer(response.status, body, response.headers.get("Content-Type", ""))


def _refused(url: str, got: str) -> LedgerError:
    return ledger_error(
        "RQC-L070",
        "The witness did not cosign.",
        where=url,
        got=got,
        action="When it names a conflict that a new checkpoint does not solve, have both sides verified.",
    )
