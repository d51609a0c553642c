"""Figures for Prometheus: how many requests, how long they took, what was refused. No lot, no person, no address in any label."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Metrics", "RequestMetrics"]

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The figures of one server.

    Example:
        >>> metrics = Metrics()
        >>> metrics.refused("rate")
        >>> b'regenqc_refused_total{reason="rate"} 1.0' in metrics.text()
        True
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "regenqc_requests", "Requests answered.", ("route", "method", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "regenqc_request_seconds", "Time to the answer.", ("route",), buckets=_SECONDS, registry=self._registry
        )
        self.open = Gauge("regenqc_requests_open", "Requests that are being answered.", registry=self._registry)
        self._refused = Counter("regenqc_refused", "Requests refused by a limit.", ("reason",), registry=self._registry)
        self._sign_ins = Counter("regenqc_sign_ins", "Attempts to sign in.", ("outcome",), registry=self._registry)

    def refused(self, reason: str) -> None:
        """Count a request that a limit refused."""
        self._refused.labels(reason).inc()

    def sign_in(self, outcome: str) -> None:
        """Count an attempt to sign in."""
        self._sign_ins.labels(outcome).inc()

    def text(self) -> bytes:
        """Return the figures in the text format of Prometheus."""
        return generate_latest(self._registry)


class RequestMetrics:
    """Count each request by the pattern of its route, never by its path.

    Args:
        application: that answers.
        metrics: where it is counted.
    """

    def __init__(self, application: ASGIApp, *, metrics: Metrics) -> None:
        self._application = application
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.open.inc()
        try:
            await self._application(scope, receive, send_counted)
        finally:
            self._metrics.open.dec()
            route = _pattern(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(route, method, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)


def _pattern(scope: Scope) -> str:
    # An included route knows its prefix only by what FastAPI found for this request; the route itself has what it was made with.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    pattern = getattr(route, "path_format", None) or getattr(route, "path", None)
    return pattern if isinstance(pattern, str) and pattern else "none"
