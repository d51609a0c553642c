"""What the outermost layers refuse, said as everything else is: faults as JSON for machines, a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.datastructures import Headers

from regenqc.console.api.answers import faults_answer, is_interface
from regenqc.console.rendering import bare_page
from regenqc.errors import Fault

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["OuterAnswers"]

# Status: what it says, and what to do.
_SAID: Final = {
    400: ("The name of the host in the address is none of this console.", "Open the console at its own address."),
    408: ("The request came too slowly.", "Send it again."),
    413: ("What was sent is larger than this console takes.", "Send less at once; nothing was changed."),
    429: ("Too many requests from this address.", "Wait a second, and send it again."),
    503: ("The server is answering as many requests as it takes at once.", "Wait a second, and send it again."),
}
# Asked by machines that read the answer as it is: 503 is what they ask for.
_PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
_KEPT: Final = ("retry-after", "connection")
# Pages and the operations themselves answer by none of these with one of those statuses.
_BARE: Final = ("text/plain", "application/json")


class OuterAnswers:
    """Word what layers refuse that know neither pages nor faults.

    Args:
        application: with those layers around it.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._application(scope, receive, send)
            return
        is_replaced = False

        async def send_worded(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start":
                headers = Headers(raw=message.get("headers", []))
                status = int(message["status"])
                if (
                    status in _SAID
                    and headers.get("content-type", "").startswith(_BARE)
                    and not _is_worded(scope, headers)
                ):
                    is_replaced = True
                    await _answer(scope, receive, send, status, headers)
            if not is_replaced:
                await send(message)

        await self._application(scope, receive, send_worded)


def _is_worded(scope: Scope, headers: Headers) -> bool:
    """Return whether faults as JSON are what the asker wants, and have got."""
    return is_interface(Request(scope)) and headers["content-type"].startswith("application/json")


async def _answer(scope: Scope, receive: Receive, send: Send, status: int, headers: Headers) -> None:
    what, action = _SAID[status]
    request, fault = Request(scope), Fault(code=f"RQC-W{status}", what=what, action=action)
    kept = {name: headers[name] for name in _KEPT if name in headers}
    if is_interface(request):
        answer = faults_answer([fault], status, kept)
    else:
        answer = bare_page(request, "faults.html.jinja", status=status, faults=[fault])  # type: ignore[assignment]
        answer.headers.update(kept)
    await answer(scope, receive, send)
