"""Whatever is sent to the interface, it never breaks, and what it answers is what its description says."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.console.api.conftest import SPECIFICATION, ended, identified, new_key

from regenqc.console.access.policy import AccessPolicy
from regenqc.console.application import create_application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import APIOperation, BaseSchema, Case
    from tests.console.api.conftest import Clock

    from regenqc.console.settings import ConsoleSettings

# Of each of the long runs; five minutes together.
SECONDS = 100
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def address(settings: ConsoleSettings, clock: Clock) -> Iterator[str]:
    """Return where a real server answers, which counts nobody's requests."""
    settings.home.mkdir()
    patient = AccessPolicy(lockout_after=5, idle_seconds=900, requests_per_second=1e9, burst=10**9)
    application = create_application(settings, identify=identified, clock=clock, policy=patient)
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
    application.state.console.store.dispose()


def _try_all(schema: BaseSchema, *, examples: int, number: int | None = None) -> dict[str, int]:
    """Send every operation what fits its description, and what does not; returns how many requests each was sent.

    With a number, the requests are those of that number.
    """
    sent: dict[str, int] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            sent[operation.label] = sent.get(operation.label, 0) + _try(
                operation, mode, examples=examples, number=number
            )
    return sent


def _try(operation: APIOperation, mode: GenerationMode, *, examples: int, number: int | None) -> int:
    headers = {"x-person": "ADMIN-001" if "/webhooks" in operation.path else "LIMS-0001"}
    sent = 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Case) -> None:
        nonlocal sent
        sent += 1
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        (attempt if number is None else seed(number)(attempt))()
    except Unsatisfiable:  # nothing that does not fit can be sent to an operation without parameters
        assert mode is GenerationMode.NEGATIVE
    return sent


def _schema(address: str) -> BaseSchema:
    import httpx

    # Something to find: a lot, and whatever comes with it.
    asked = {
        "specifications": [SPECIFICATION],
        "results": [{"batch_id": "B-1", "test": "viability", "result": "92.4", "unit": "%"}],
    }
    with httpx.Client(base_url=address, headers={"x-person": "LIMS-0001"}, timeout=60) as client:
        answer = client.post("/api/v1/evaluations", headers=new_key(), json=asked)
        assert ended(client, answer.json()["evaluation_id"])["state"] == "done"
    return schemathesis.openapi.from_url(f"{address}/api/openapi.json")


def test_no_operation_breaks_and_every_answer_is_described(address: str) -> None:
    sent = _try_all(_schema(address), examples=6)
    assert len(sent) == 19
    assert min(sent.values()) >= 2


@pytest.mark.long
@pytest.mark.parametrize("number", [1, 1_000_001, 2_000_001])
def test_no_operation_breaks_by_many_requests(address: str, number: int) -> None:
    schema, until, sent = _schema(address), time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        sent += sum(_try_all(schema, examples=25, number=number).values())
        number += 1
    assert sent > 500
