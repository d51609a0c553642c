"""Pull analyses out of SENAITE's JSON API: page by page, every page whole, the same list from first to last or none.

What a server sends is written as it is, one analysis per line, before anything is made of it. A run that was cut off goes on
where it stopped, as long as the server still speaks of the same number of analyses.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from regenqc.errors import DataError, Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import httpx

__all__ = ["PASSWORD", "USER", "Pulled", "pull_senaite"]

USER: Final = "REGENQC_SENAITE_USER"
PASSWORD: Final = "REGENQC_SENAITE_PASSWORD"  # noqa: S105 - the name of a variable, not what it holds

_ROUTE: Final = "@@API/senaite/v1/analysis"
_LARGEST_PAGE_BYTES: Final = 64 << 20
_LONGEST_PAUSE_SECONDS: Final = 60.0
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was pulled.

    Args:
        analyses: number of them.
        pages: that were asked for in this run.
        resumed_at: analyses that an earlier run had left.
    """

    analyses: int
    pages: int
    resumed_at: int


def pull_senaite(
    url: str,
    *,
    out: Path,
    where: Mapping[str, str] | None = None,
    page_size: int = 100,
    attempts: int = 5,
    timeout_seconds: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
    environment: Mapping[str, str] = os.environ,
) -> Pulled:
    """Write every analysis that the API lists, one JSON object per line.

    Args:
        url: of the site, without credentials; they come from the environment.
        out: file to write; it appears when the list is whole. Until then what is there stands beside it as `.NAME.part`.
        where: further conditions of the query.
        page_size: analyses to ask for at a time.
        attempts: tries for every page; the pause before each further one doubles.
        timeout_seconds: to wait for an answer.
        sleep: how to wait.
        environment: where user and password stand.

    Raises:
        UsageError: RQC-U132, the address or the credentials cannot be used, or the extra is not installed.
        DataError: RQC-D034, the system cannot be reached, refuses, or answers with what is no whole list of analyses.
    """
    client = _client(url, environment=environment, timeout_seconds=timeout_seconds)
    query = {"complete": "true", "sort_on": "created", "sort_order": "ascending", **(where or {})}
    part = out.with_name(f".{out.name}.part")
    head = {"url": url, "query": query, "page_size": page_size}
    with client:

        def page(start: int) -> dict[str, Any]:
            return _page(
                client, query | {"limit": str(page_size), "b_start": str(start)}, attempts=attempts, sleep=sleep
            )

        left = _left_over(part, head)
        pages = 0
        if left:
            # The analyses that an earlier run left are still those of the list, if its last page says so.
            last = page(left.start)
            pages += 1
            if _count(last, url) != left.count or [_uid(item, url) for item in last["items"]] != left.last_uids:
                left = None
        start = 0 if left is None else left.start + len(left.last_uids)
        resumed_at = start
        count = None if left is None else left.count
        seen: set[str] = set() if left is None else set(left.uids)
        try:
            stream = part.open("a" if left else "w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(
                Fault(
                    code="RQC-U132",
                    what="The file cannot be written.",
                    where=str(part),
                    got=str(error),
                    action="Choose another place.",
                )
            ) from error
        with stream:
            if not left:
                stream.write(json.dumps(head, sort_keys=True) + "\n")
            while count is None or start < count:
                found = page(start)
                pages += 1
                if count is None:
                    count = _count(found, url)
                items = found["items"]
                uids = [_uid(item, url) for item in items]
                if _count(found, url) != count or seen.intersection(uids) or len(set(uids)) < len(uids):
                    raise _broken(url, "the list changed while it was pulled", "Pull again.")
                if not items and start < count:
                    raise _broken(url, f"an empty page behind {start} of {count} analyses", "Pull again.")
                seen.update(uids)
                stream.write(json.dumps({"count": count, "items": items}, ensure_ascii=False) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
                start += len(items)
    _put_into_place(part, out)
    return Pulled(start, pages, resumed_at)


# ---- one page --------------------------------------------------------------------------------------------------------


def _client(url: str, *, environment: Mapping[str, str], timeout_seconds: float) -> httpx.Client:
    try:
        import httpx  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            Fault(
                code="RQC-U132",
                what="The library for pulling is not installed.",
                expected="httpx",
                action="Install regenqc[pull].",
            )
        ) from error
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(_address(url, str(error))) from error
    del port
    user, password = environment.get(USER, ""), environment.get(PASSWORD, "")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(_address(url, "no address of a site"))
    if parts.username is not None or parts.password is not None:
        raise UsageError(_address(f"{parts.scheme}://…@{parts.hostname}", "credentials in the address"))
    if not user or not password:
        raise UsageError(
            Fault(
                code="RQC-U132",
                what="There are no credentials.",
                expected=f"{USER} and {PASSWORD} in the environment",
                action="Set both; nothing is taken from the command line or a file.",
            )
        )
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise UsageError(_address(url, "a connection that everybody can read"))
    return httpx.Client(
        base_url=url.rstrip("/") + "/",
        auth=httpx.BasicAuth(user, password),
        timeout=timeout_seconds,
        follow_redirects=False,  # credentials go to the site that was named and nowhere else
        trust_env=False,
        headers={"accept": "application/json"},
    )


def _page(
    client: httpx.Client, query: Mapping[str, str], *, attempts: int, sleep: Callable[[float], None]
) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - an extra

    problem = ""
    for attempt in range(attempts):
        pause = min(2.0**attempt, _LONGEST_PAUSE_SECONDS)
        try:
            with client.stream("GET", _ROUTE, params=dict(query)) as answer:
                if answer.status_code in {429, 500, 502, 503, 504}:
                    problem = f"status {answer.status_code}"
                    with suppress(ValueError):
                        pause = min(max(pause, float(answer.headers.get("retry-after", ""))), _LONGEST_PAUSE_SECONDS)
                elif answer.status_code != 200:
                    raise _broken(
                        str(client.base_url), f"status {answer.status_code}", _ADVICE.get(answer.status_code, _CHECK)
                    )
                else:
                    return _parsed(_body(answer))
        except (httpx.TransportError, httpx.DecodingError, json.JSONDecodeError, UnicodeDecodeError) as error:
            problem = f"{type(error).__name__}: {error}"
        except (ValueError, RecursionError) as error:
            raise _broken(str(client.base_url), str(error), _CHECK) from error
        if attempt + 1 < attempts:
            sleep(pause)
    raise _broken(
        str(client.base_url),
        f"{problem}, {attempts} times",
        "Try later; what is there is kept, and the next run goes on behind it.",
    )


_CHECK: Final = "Check the address, and that the JSON API is installed."
_ADVICE: Final = {
    401: f"Check {USER} and {PASSWORD}.",
    403: "Ask for the right to read analyses.",
    404: _CHECK,
}


def _body(answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > _LARGEST_PAGE_BYTES:
            raise ValueError(f"a page of more than {_LARGEST_PAGE_BYTES >> 20} MiB")
    return body


def _parsed(body: bytes) -> dict[str, Any]:
    # Numbers keep the digits that the server sent.
    content = json.loads(body.decode("utf-8"), parse_float=str, parse_constant=_refused)
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        raise ValueError("an answer without 'items'")  # noqa: TRY004 - becomes the DataError of the caller
    if not all(isinstance(item, dict) for item in content["items"]):
        raise ValueError("an item that is no analysis")
    return content


def _refused(text: str) -> str:
    raise ValueError(f"{text} is no number of JSON")


def _count(page: Mapping[str, Any], url: str) -> int:
    count = page.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _broken(url, f"count {count!r}", _CHECK)
    return count


def _uid(item: Mapping[str, Any], url: str) -> str:
    uid = item.get("uid")
    if not isinstance(uid, str) or not uid:
        raise _broken(url, "an analysis without uid", _CHECK)
    return uid


# ---- what an earlier run has left --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _LeftOver:
    count: int
    start: int
    last_uids: list[str]
    uids: list[str]


def _left_over(part: Path, head: Mapping[str, Any]) -> _LeftOver | None:
    """Return what an earlier run of the same query left, without a page that was cut off."""
    try:
        content = part.read_bytes()
    except OSError:
        return None
    whole = content[: content.rfind(b"\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        if len(lines) < 2 or lines[0] != dict(head):
            return None
        pages = [[item["uid"] for item in line["items"]] for line in lines[1:]]
        count = lines[-1]["count"]
    except (ValueError, TypeError, KeyError):
        return None
    if len(whole) < len(content):
        part.write_bytes(whole)
    uids = [uid for page in pages for uid in page]
    return _LeftOver(count, len(uids) - len(pages[-1]), pages[-1], uids)


def _put_into_place(part: Path, out: Path) -> None:
    ready = out.with_name(f".{out.name}.ready")
    with part.open(encoding="utf-8") as pages, ready.open("w", encoding="utf-8", newline="\n") as stream:
        next(pages)
        for page in pages:
            for item in json.loads(page)["items"]:
                stream.write(json.dumps(item, ensure_ascii=False) + "\n")
    ready.replace(out)
    part.unlink()


def _address(url: str, got: str) -> Fault:
    return Fault(
        code="RQC-U132",
        what="The address cannot be used.",
        where=url,
        got=got,
        expected="https://lims.example.org/senaite",
        action="Name the site; user and password come from the environment.",
    )


def _broken(url: str, got: str, action: str) -> DataError:
    return DataError(
        Fault(
            code="RQC-D034",
            what="No whole list of analyses was received.",
            where=url,
            got=got,
            expected="every analysis of the query, once",
            action=action,
        )
    )
