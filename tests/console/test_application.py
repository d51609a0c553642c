"""The application as a whole: what every answer carries, and that no route goes without a permission."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from regenqc.console.access.permissions import BY_ROLE, Permission, permissions_of
from regenqc.console.access.person import SignedIn, allow
from regenqc.console.application import create_application, permission_of
from regenqc.console.headers import CONTENT_POLICY
from regenqc.console.settings import ConsoleSettings
from regenqc.errors import InternalError
from regenqc.signing.words import Role


@pytest.fixture
def client(tmp_path):
    person = SignedIn(person_id="QP-0001", printed_name="A. Person", roles=frozenset({Role.QUALIFIED_PERSON}))
    application = create_application(
        ConsoleSettings(home=tmp_path, site="SITE-A"),
        identify=lambda request: person if request.headers.get("x-test") else None,
        clock=lambda: datetime(2026, 6, 30, tzinfo=UTC),
    )
    return TestClient(application, follow_redirects=False)


def test_every_answer_carries_the_content_policy_and_is_kept_by_no_browser(client):
    answer = client.get("/static/console.css")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert client.get("/nowhere").headers["cache-control"] == "no-store"


def test_a_route_without_permission_stops_the_start():
    router = APIRouter()
    router.get("/open-to-all")(lambda: None)
    with pytest.raises(InternalError, match="names no permission"):
        permission_of(router.routes[0])


def test_a_route_names_its_permission():
    router = APIRouter()
    router.get("/lots", dependencies=[allow(Permission.READ)])(lambda: None)
    assert permission_of(router.routes[0]) is Permission.READ


def test_every_role_has_permissions_and_nobody_who_administers_reads_a_lot():
    assert set(BY_ROLE) == set(Role)
    assert Permission.READ not in permissions_of(frozenset({Role.ADMINISTRATOR}))
    assert Permission.DECIDE not in permissions_of(frozenset({Role.SERVICE}))
