"""Pulling from a server that is slow, broken or half-finished: the whole list once, or an error and what is there kept."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from regenqc.errors import DataError, RegenqcError, UsageError
from regenqc.intake.profiles import load_profile
from regenqc.intake.pulling import PASSWORD, USER, pull_senaite

from .mapped import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KNOWN = {USER: "reader", PASSWORD: "secret"}
ANALYSES = [
    {
        "uid": f"u{number}", "getBatchID": f"SYN-{number // 3:02d}", "getRequestID": f"S{number}", "Keyword": "endotoxin",
        "Result": "0.05", "DetectionLimitOperand": "<", "Unit": "EU/mL", "review_state": "verified",
    }
    for number in range(10)
]  # fmt: skip


class Replay(ThreadingHTTPServer):
    """A server that answers like SENAITE's JSON API, and does what `misbehave` says before.

    `misbehave` takes the number of the request and the handler, and returns whether it has answered.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.analyses: list[dict[str, Any]] = [*ANALYSES]
        self.requests: list[dict[str, str]] = []
        self.misbehave: Callable[[int, _Handler], bool] = lambda _number, _handler: False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/senaite"


class _Handler(BaseHTTPRequestHandler):
    server: Replay

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.requests.append(query)
        if self.headers.get("authorization") != "Basic cmVhZGVyOnNlY3JldA==":
            self.send_error(401)
            return
        if self.server.misbehave(len(self.server.requests), self):
            return
        start, limit = int(query["b_start"]), int(query["limit"])
        self.answer({"count": len(self.server.analyses), "items": self.server.analyses[start : start + limit]})

    def answer(self, content: Any, *, cut: int = 0) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - cut] if cut else body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as replay:
        thread = threading.Thread(target=replay.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield replay
        replay.shutdown()
        thread.join()


def pull(server: Replay, out: Path, **options: Any) -> Any:
    settings = {"page_size": 3, "environment": KNOWN, "sleep": lambda _: None, "timeout_seconds": 5.0}
    return pull_senaite(server.url, out=out, **(settings | options))


def test_every_page_is_pulled_once_and_read_by_the_shipped_profile(server: Replay, tmp_path: Path) -> None:
    pulled = pull(server, tmp_path / "a.jsonl", where={"getBatchID": "SYN-00"})
    assert (pulled.analyses, pulled.pages, pulled.resumed_at) == (10, 4, 0)
    assert {query["getBatchID"] for query in server.requests} == {"SYN-00"}
    rows, tally = rows_of(tmp_path / "a.jsonl", load_profile("senaite-json"))
    assert (tally.mapped, tally.refused) == (10, 0)
    assert {row["result"] for row in rows} == {"<0.05"}
    assert [row["result_id"] for row in rows] == [f"u{number}" for number in range(10)]
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_an_empty_list_is_written_and_refused_when_it_is_read(server: Replay, tmp_path: Path) -> None:
    server.analyses = []
    assert pull(server, tmp_path / "a.jsonl").analyses == 0
    with pytest.raises(DataError):
        rows_of(tmp_path / "a.jsonl", load_profile("senaite-json"))


def _status(code: int, retry_after: str = "") -> Callable[[int, _Handler], bool]:
    def misbehave(number: int, handler: _Handler) -> bool:
        if number % 2 == 0:
            return False
        handler.send_response(code)
        handler.send_header("content-length", "0")
        if retry_after:
            handler.send_header("retry-after", retry_after)
        handler.end_headers()
        return True

    return misbehave


def _cut(number: int, handler: _Handler) -> bool:
    if number % 2:
        handler.answer({"count": 10, "items": ANALYSES[:3]}, cut=40)
        handler.close_connection = True
    return bool(number % 2)


def _half_json(number: int, handler: _Handler) -> bool:
    if number % 2:
        handler.answer(b'{"count": 10, "items": [{"uid": "u0", ')
    return bool(number % 2)


def _hang_up(number: int, handler: _Handler) -> bool:
    handler.close_connection = True
    return bool(number % 2)


def _slow(number: int, handler: _Handler) -> bool:
    if number == 1:
        threading.Event().wait(0.5)
        handler.close_connection = True
    return number == 1


BROKEN = {
    "every second answer is an error of the server": (_status(503), {}),
    "every second answer asks to wait": (_status(429, "7"), {}),
    "every second answer is cut off": (_cut, {}),
    "every second answer is half of JSON": (_half_json, {}),
    "every second connection is closed": (_hang_up, {}),
    "the first answer takes too long": (_slow, {"timeout_seconds": 0.2}),
}


@pytest.mark.parametrize(("misbehave", "options"), BROKEN.values(), ids=BROKEN)
def test_what_goes_wrong_once_is_tried_again(misbehave: Any, options: Any, server: Replay, tmp_path: Path) -> None:
    server.misbehave = misbehave
    pauses: list[float] = []
    assert pull(server, tmp_path / "a.jsonl", sleep=pauses.append, **options).analyses == 10
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 10
    assert pauses
    assert pauses[0] == (7.0 if misbehave is BROKEN["every second answer asks to wait"][0] else 1.0)


def test_what_goes_wrong_always_is_an_error_after_growing_pauses(server: Replay, tmp_path: Path) -> None:
    server.misbehave = lambda _, handler: handler.send_error(500) or True
    pauses: list[float] = []
    with pytest.raises(DataError, match="status 500, 5 times"):
        pull(server, tmp_path / "a.jsonl", sleep=pauses.append)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert not (tmp_path / "a.jsonl").exists()


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(server: Replay, tmp_path: Path) -> None:
    server.misbehave = lambda number, handler: (handler.send_error(500) or True) if number > 2 else False
    with pytest.raises(DataError):
        pull(server, tmp_path / "a.jsonl")
    part = tmp_path / ".a.jsonl.part"
    part.write_bytes(part.read_bytes() + b'{"count": 10, "items": [{"uid"')  # killed in the middle of a page
    server.misbehave = lambda _number, _handler: False
    server.requests.clear()
    pulled = pull(server, tmp_path / "a.jsonl")
    assert (pulled.analyses, pulled.resumed_at) == (10, 6)
    assert [query["b_start"] for query in server.requests] == ["3", "6", "9"]
    uids = [json.loads(line)["uid"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert uids == [f"u{number}" for number in range(10)]


def test_what_was_left_of_another_list_is_not_continued(server: Replay, tmp_path: Path) -> None:
    server.misbehave = lambda number, handler: (handler.send_error(500) or True) if number > 2 else False
    with pytest.raises(DataError):
        pull(server, tmp_path / "a.jsonl")
    server.misbehave = lambda _number, _handler: False
    server.analyses = [*ANALYSES, ANALYSES[0] | {"uid": "new"}]
    pulled = pull(server, tmp_path / "a.jsonl")
    assert (pulled.analyses, pulled.resumed_at) == (11, 0)


def _grown(number: int, handler: _Handler) -> bool:
    if number == 3:
        handler.server.analyses.insert(0, ANALYSES[0] | {"uid": "late"})
    return False


def _shifted(number: int, handler: _Handler) -> bool:
    if number == 3:
        handler.server.analyses = handler.server.analyses[-1:] + handler.server.analyses[:-1]
    return False


def _empty(number: int, handler: _Handler) -> bool:
    if number == 2:
        handler.answer({"count": 10, "items": []})
    return number == 2


WRONG = {
    "the list grew": (_grown, "the list changed"),
    "the list was shifted": (_shifted, "the list changed"),
    "a page is empty": (_empty, "an empty page behind 3 of 10"),
    "an answer is no list": (lambda _, handler: handler.answer({"success": False}) or True, "without 'items'"),
    "an answer is HTML": (lambda _, handler: handler.answer(b"<html>login</html>") or True, "JSONDecodeError"),
    "an analysis has no identity": (lambda _, handler: handler.answer({"count": 1, "items": [{}]}) or True, "without uid"),
    "a count is a text": (lambda _, handler: handler.answer({"count": "1", "items": []}) or True, "count '1'"),
    "an answer is nested without end": (lambda _, handler: handler.answer(b"[" * 100_000) or True, "recursion"),
}  # fmt: skip


@pytest.mark.parametrize(("misbehave", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_whole_list_is_never_written(misbehave: Any, said: str, server: Replay, tmp_path: Path) -> None:
    server.misbehave = misbehave
    with pytest.raises(DataError, match="RQC-D034") as caught:
        pull(server, tmp_path / "a.jsonl")
    assert said in str(caught.value)
    assert not (tmp_path / "a.jsonl").exists()


def test_wrong_credentials_are_not_tried_again_and_never_shown(server: Replay, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="status 401") as caught:
        pull(server, tmp_path / "a.jsonl", environment=KNOWN | {PASSWORD: "hunter2"})
    assert len(server.requests) == 1
    assert "hunter2" not in str(caught.value)


def test_a_redirection_is_not_followed(server: Replay, tmp_path: Path) -> None:
    def elsewhere(_: int, handler: _Handler) -> bool:
        handler.send_response(302)
        handler.send_header("location", "http://127.0.0.1:9/")
        handler.send_header("content-length", "0")
        handler.end_headers()
        return True

    server.misbehave = elsewhere
    with pytest.raises(DataError, match="status 302"):
        pull(server, tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    "url",
    ["lims.example.org", "ftp://lims.example.org", "http://lims.example.org", "https://a:b@lims.example.org", "https://", "https://[x", "https://h:99999999"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RQC-U132"):
        pull_senaite(url, out=tmp_path / "a", environment=KNOWN)


def test_nobody_home_is_an_error_of_regenqc(tmp_path: Path) -> None:
    with pytest.raises(RegenqcError, match="RQC-D034"):
        pull_senaite(
            "http://127.0.0.1:9", out=tmp_path / "a", environment=KNOWN, sleep=lambda _: None, timeout_seconds=1
        )


def test_the_command_takes_credentials_from_the_environment_only(server: Replay, tmp_path: Path) -> None:
    import os

    command = [sys.executable, "-m", "regenqc", "pull", "senaite", "--url", server.url, "--out", tmp_path / "a.jsonl"]
    plain = {name: value for name, value in os.environ.items() if name not in KNOWN}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert (done.returncode, "RQC-U132" in done.stderr) == (2, True)
    done = subprocess.run(command, env=plain | KNOWN, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 analyses" in done.stdout
