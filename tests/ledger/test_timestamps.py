"""Time stamps of checkpoints, made by a real authority: OpenSSL with certificates of the test."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from regenqc.errors import LedgerError, SignatureError
from regenqc.ledger import parse_signed_checkpoint
from regenqc.ledger.checkpoint import Checkpoint
from regenqc.ledger.note import Note
from regenqc.ledger.timestamps import fetch_timestamp, timestamp_request, verify_timestamp

from .workbench import LOG_KEY, NOW, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from regenqc.ledger import SignedCheckpoint

pytest.importorskip("rfc3161_client", reason="the extra timestamps is not installed")


def signed(size: int) -> SignedCheckpoint:
    text = Checkpoint(ORIGIN, size, bytes(32)).text
    return parse_signed_checkpoint(Note(text, (LOG_KEY.sign(text, time=NOW),)).encoded)


def certificate(name: str, key: Any, issuer: str, issuer_key: Any, *, authority: bool) -> x509.Certificate:
    now = dt.datetime.now(tz=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


@dataclass
class Authority:
    """A time-stamping authority in a folder."""

    folder: Path
    root: bytes

    def stamp(self, request: bytes) -> bytes:
        (self.folder / "request.tsq").write_bytes(request)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request.tsq", "-out", "reply.tsr"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return (self.folder / "reply.tsr").read_bytes()


CONFIGURATION = """
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tsa")
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Root of the tests", root_key, "Root of the tests", root_key, authority=True)
    own = certificate("Authority of the tests", key, "Root of the tests", root_key, authority=False)
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "tsa.pem").write_bytes(own.public_bytes(pem))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIGURATION)
    return Authority(folder, root.public_bytes(pem))


def test_a_stamped_checkpoint_says_when_the_authority_saw_it(authority: Authority) -> None:
    response = authority.stamp(timestamp_request(signed(7)))
    stamped_at = verify_timestamp(signed(7), response, roots=[authority.root])
    assert abs((dt.datetime.now(tz=dt.UTC) - stamped_at).total_seconds()) < 3600


def test_the_stamp_of_another_checkpoint_does_not_verify(authority: Authority) -> None:
    response = authority.stamp(timestamp_request(signed(7)))
    with pytest.raises(SignatureError, match="RQC-L015"):
        verify_timestamp(signed(8), response, roots=[authority.root])


def test_the_stamp_of_an_untrusted_authority_does_not_verify(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    other = certificate("Root of the tests", key, "Root of the tests", key, authority=True)
    response = authority.stamp(timestamp_request(signed(7)))
    with pytest.raises(SignatureError, match="RQC-L015"):
        verify_timestamp(signed(7), response, roots=[other.public_bytes(serialization.Encoding.PEM)])


@pytest.mark.parametrize("response", [b"", b"rubbish"], ids=["nothing", "rubbish"])
def test_a_response_that_is_no_stamp_is_refused(authority: Authority, response: bytes) -> None:
    with pytest.raises(SignatureError, match="RQC-L015"):
        verify_timestamp(signed(7), response, roots=[authority.root])


@pytest.mark.parametrize("roots", [[], [b"no certificate"]], ids=["no root", "a root that is no certificate"])
def test_nothing_is_believed_without_a_root(authority: Authority, roots: list[bytes]) -> None:
    response = authority.stamp(timestamp_request(signed(7)))
    with pytest.raises(SignatureError, match="RQC-L015"):
        verify_timestamp(signed(7), response, roots=roots)


def test_an_altered_stamp_does_not_verify(authority: Authority) -> None:
    good = authority.stamp(timestamp_request(signed(7)))
    believed = 0
    for place in range(0, len(good), 37):
        altered = bytearray(good)
        altered[place] ^= 1
        try:
            verify_timestamp(signed(7), bytes(altered), roots=[authority.root])
        except SignatureError:
            continue
        believed += 1
    # Some bytes (of the certificates that travel along, of texts) are not what the stamp says; most are.
    assert believed < 3


@pytest.fixture
def service(authority: Authority) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            body = authority.stamp(request) if self.path == "/tsa" else b"no"
            self.send_response(200 if self.path == "/tsa" else 404)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_stamp_is_fetched_over_http(authority: Authority, service: str) -> None:
    response = fetch_timestamp(signed(7), f"{service}/tsa")
    assert verify_timestamp(signed(7), response, roots=[authority.root])


@pytest.mark.parametrize("wrong", ["http://127.0.0.1:1/", "ftp://tsa.example/", "other"])
def test_an_authority_that_does_not_answer_is_a_ledger_error(service: str, wrong: str) -> None:
    url = f"{service}/other" if wrong == "other" else wrong
    with pytest.raises(LedgerError, match="RQC-L072"):
        fetch_timestamp(signed(7), url, timeout_seconds=2)


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(LedgerError, match=r"RQC-L044.*timestamps"):
        timestamp_request(signed(7))
