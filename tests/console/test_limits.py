"""Limits, at real sockets: large bodies, slow heads, slow bodies, answers that nobody takes, too many at once."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import threading
import time

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from tests.console.access_site import Site
from tests.console.running_server import connected, everything, free_port, running

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.access.policy import AccessPolicy

OPEN = [allow(Permission.OPEN)]
IMPATIENT = AccessPolicy(
    second_factor=False,
    header_seconds=1.0,
    body_seconds=1.0,
    answer_seconds=1.0,
    slowest_bytes_per_second=1000,
    largest_body_bytes=50_000,
    concurrent_requests=2,
    connections=20,
)
HEAD = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, policy=IMPATIENT)


@pytest.fixture
def port(site):
    with running(site.application, policy=IMPATIENT) as port:
        yield port


def asked(port, request):
    with connected(port) as connection:
        connection.sendall(request)
        return everything(connection)


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def alive(port):
    return status(asked(port, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 60000\r\nConnection: close\r\n\r\n" + b"x" * 60_000,
        HEAD + b"Content-Length: 9999999999\r\nConnection: close\r\n\r\n",
        HEAD
        + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        + (b"2710\r\n" + b"x" * 10_000 + b"\r\n") * 6
        + b"0\r\n\r\n",
    ],
    ids=["as long as it says", "a length that is only said", "in chunks that say no length"],
)
def test_a_large_body_is_refused_before_it_is_read(port, request_):
    assert status(asked(port, request_)) == 413
    assert alive(port)


def test_a_route_may_take_a_larger_body_and_says_so(site):
    router = APIRouter()

    @router.post("/upload", dependencies=OPEN, max_body_size=1_000_000)
    def upload(body: dict[str, str]):
        return len(body["a"])

    site.application.include_router(router)
    client = site.browser().client
    assert client.post("/upload", json={"a": "x" * 100_000}).json() == 100_000
    assert client.post("/upload", json={"a": "x" * 1_000_000}).status_code == 413


@pytest.mark.parametrize(
    ("first", "then"),
    [(b"", b""), (b"GET / HT", b""), (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-A: 1\r\n")],
    ids=["nothing", "half a line", "a line again and again"],
)
def test_a_head_that_does_not_come_is_given_up(port, first, then):
    started = time.monotonic()
    with connected(port) as connection:
        connection.sendall(first)
        try:
            while then and time.monotonic() - started < 10:
                connection.sendall(then)
                time.sleep(0.2)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert everything(connection) == b""
    assert alive(port)


def test_the_second_head_of_a_connection_is_given_up_as_well(port):
    with connected(port) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in connection.recv(65536)
        connection.sendall(b"GET /health HT")
        assert b"200" not in everything(connection)


@pytest.mark.parametrize("pause", [30.0, 0.3], ids=["a body that stops", "a body of one byte now and then"])
def test_a_body_that_makes_no_progress_is_given_up(port, pause):
    answers = []

    def listen(connection):
        answers.append(everything(connection))

    with connected(port) as connection:
        connection.sendall(HEAD + b"Content-Length: 5000\r\n\r\nname=")
        listener = threading.Thread(target=listen, args=(connection,))
        listener.start()
        until = time.monotonic() + 15
        try:
            while listener.is_alive() and time.monotonic() < until:
                listener.join(timeout=min(pause, 15))
                connection.sendall(b"x")
        except (BrokenPipeError, ConnectionResetError):
            pass
        listener.join(timeout=15)
    assert status(answers[0]) == 408
    assert alive(port)


def test_an_answer_that_nobody_takes_is_given_up(site, port):
    parts = []

    def endless():
        while True:
            parts.append(time.monotonic())
            yield b"x" * 65536

    router = APIRouter()
    router.get("/endless", dependencies=OPEN)(lambda: StreamingResponse(endless()))
    site.application.include_router(router)
    with connected(port) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(4)  # more than the second that the policy gives
        made = len(parts)
        assert made > 0
        time.sleep(0.5)
        assert len(parts) == made
        # What lies in the buffers of the machine comes, and then the end.
        assert len(everything(connection)) < made * 65536 + 65536
    assert alive(port)
    assert b"regenqc_requests_open 1.0" in asked(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_more_requests_at_once_than_are_taken_are_told_to_come_again(site, port):
    hold, begun = threading.Event(), threading.Semaphore(0)
    router = APIRouter()

    @router.get("/held", dependencies=OPEN)
    def held():
        begun.release()
        hold.wait(timeout=30)
        return {}

    site.application.include_router(router)
    request = b"GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = []
    waiting = [threading.Thread(target=lambda: answers.append(asked(port, request))) for _ in range(2)]
    for each in waiting:
        each.start()
    for _ in waiting:
        assert begun.acquire(timeout=20)
    refused = asked(port, request)
    assert status(refused) == 503
    assert b"retry-after: 1" in refused.lower()
    assert alive(port), "whoever watches over the server is always answered"
    hold.set()
    for each in waiting:
        each.join(timeout=20)
    assert [status(each) for each in answers] == [200, 200]
    assert status(asked(port, b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200


def test_more_requests_of_one_address_than_are_taken_are_refused(tmp_path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, requests_per_second=0.001, burst=5))
    browser = site.browser()
    assert [browser.get("/sign-in").status_code for _ in range(6)] == [200] * 5 + [429]
    assert site.browser(address="10.0.0.2").get("/sign-in").status_code == 200
    assert browser.get("/health").status_code == 200
    # A host has as many addresses of IPv6 as it likes, and a listener for both kinds writes those of IPv4 in this way.
    found = [site.browser(address=f"2001:db8::{number}").get("/sign-in").status_code for number in range(1, 7)]
    assert found == [200] * 5 + [429]
    assert site.browser(address="::ffff:10.0.0.3").get("/sign-in").status_code == 200
    assert site.browser(address="::ffff:10.0.0.1").get("/sign-in").status_code == 429


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ((), "6.6.6.6", "10.0.0.1"),
        (("10.0.0.0/24",), "6.6.6.6", "6.6.6.6"),
        (("10.9.0.0/24",), "6.6.6.6", "10.0.0.1"),
        (("10.0.0.0/24",), "7.7.7.7, 6.6.6.6", "6.6.6.6"),
    ],
    ids=["no proxy", "a proxy of the site", "another machine", "what a client put in front"],
)
def test_forwarded_addresses_count_from_declared_proxies_alone(tmp_path, trusted, forwarded, seen):
    from regenqc.console.access.journal import lines

    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, trusted_proxies=trusted))
    site.account("QP-0001")
    site.browser(headers={"X-Forwarded-For": forwarded}).sign_in("QP-0001")
    assert lines(site.office.store, event="sign_in")[0].address == seen


def test_the_figures_name_no_lot_no_person_and_no_address(tmp_path):
    site = Site(tmp_path)
    site.account("QP-0001")
    router = APIRouter()
    router.get("/lots/{lot:path}", dependencies=[allow(Permission.READ)])(lambda lot: lot)
    outer = APIRouter()
    outer.include_router(router, prefix="/api")
    site.application.include_router(outer, prefix="/v1")
    browser = site.signed_in("QP-0001", address="127.0.0.7")
    browser.get("/v1/api/lots/LOT-SECRET-1")
    browser.client.request("BREW", "/nowhere/LOT-SECRET-2")
    browser.sign_in("QP-0001", password="-" * 9)
    text = browser.get("/metrics").text
    assert 'regenqc_requests_total{method="GET",route="/v1/api/lots/{lot}",status="200"} 1.0' in text
    assert 'regenqc_sign_ins_total{outcome="mismatch"} 1.0' in text
    for hidden in ("SECRET", "QP-0001", "127.0.0.7", "BREW"):
        assert hidden not in text
    assert site.browser(address="10.0.0.1").get("/metrics").status_code == 404


SERVER = """
import sys, time
from pathlib import Path
from fastapi import APIRouter
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.access.serving import server_of
from regenqc.console.application import create_application
from regenqc.console.settings import ConsoleSettings

home, port, certificate, key = Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]
policy = AccessPolicy(tls_certificate=certificate or None, tls_key=key or None, graceful_seconds=20)
application = create_application(ConsoleSettings(home=home, site="A"), policy=policy)
router = APIRouter()

@router.get("/slow", dependencies=[allow(Permission.OPEN)])
def slow():
    (home / "begun").touch()
    time.sleep(2)
    return {"answered": "whole"}

application.include_router(router)
server_of(application, policy=policy, host="127.0.0.1", port=port).run()
"""


@pytest.fixture
def server(tmp_path):
    started = []

    def start(*arguments):
        port = free_port()
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path), str(port), *(arguments or ("", ""))])
        started.append(process)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                connected(port).close()
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return process, port
        raise AssertionError(process.poll())

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=20)


def test_a_server_that_is_told_to_end_answers_what_it_has_begun(server, tmp_path):
    process, port = server()
    answers = []
    request = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
    asking = threading.Thread(target=lambda: answers.append(asked(port, request)))
    asking.start()
    until = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGTERM)
    asking.join(timeout=30)
    assert b'{"answered":"whole"}' in answers[0]
    # uvicorn ends with the signal it was told to end with, once everything is closed.
    assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    with pytest.raises(ConnectionRefusedError):
        connected(port)


def test_the_server_speaks_tls_with_the_files_it_is_given(server, tmp_path):
    certificate, key = own_certificate(tmp_path)
    _, port = server(str(certificate), str(key))
    context = ssl.create_default_context(cafile=str(certificate))
    with connected(port) as plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = everything(connection)
    assert status(answer) == 200
    assert b"strict-transport-security" in answer.lower()


def own_certificate(folder):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "tls.pem", folder / "tls.key"


def test_a_large_upload_is_read_only_from_who_is_somebody(tmp_path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False))
    large = {"results": ("results.csv", b"x" * (2 << 20), "text/csv")}
    for headers, expected in (({}, 413), ({"Authorization": "Bearer rqc_0123456789_x"}, 413)):
        assert site.browser().client.post("/api/v1/evaluations", files=large, headers=headers).status_code == expected
    known = {"Authorization": f"Bearer {site.key()}"}
    assert site.browser().client.post("/api/v1/evaluations", files=large, headers=known).status_code not in {
        401,
        403,
        413,
    }
