"""A site with people, accounts and a service account, and browsers in front of its console."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pyotp
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi.testclient import TestClient
from tests.signing.office import Clock, lines_of, staffed, stated

from regenqc.console.access.accounts import create_account
from regenqc.console.access.passwords import Passwords
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.access.service_keys import create_service_key
from regenqc.console.application import create_application
from regenqc.console.settings import ConsoleSettings
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from httpx2 import Response

# One person for each role.
PERSON_OF = {
    Role.ADMINISTRATOR: "ADMIN-001",
    Role.QUALIFIED_PERSON: "QP-0001",
    Role.REVIEWER: "REV-0001",
    Role.ANALYST: "LAB-0001",
    Role.PHYSICIAN: "PHYS-0001",
    Role.HOSPITAL_INSPECTOR: "INSP-0001",
    Role.SERVICE: "LIMS-0001",
}
MACHINE = PERSON_OF[Role.SERVICE]


def password_of(person: str) -> str:
    return f"a long sentence of {person}"


@cache
def people():
    known = staffed()
    for person, name, role in (
        ("INSP-0001", "Noor Example", "hospital_inspector"),
        ("LIMS-0001", "LIMS of the laboratory", "service"),
    ):
        known = stated(known, "enrolled", person_id=person, printed_name=name, reason="seen")
        known = stated(known, "role_granted", person_id=person, role=role, reason="appointed")
    return known


@dataclass
class Site:
    """A console with real accounts, and the clock by which it goes."""

    home: Path
    policy: AccessPolicy = field(default_factory=lambda: AccessPolicy(second_factor=False))
    is_secure: bool = False
    store_url: str = ""
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        folder = self.home / "people"
        folder.mkdir(parents=True, exist_ok=True)
        self.write_people(people())
        self.settings = ConsoleSettings(
            home=self.home, site="SITE-A", store_url=self.store_url, is_secure=self.is_secure
        )
        self.application: FastAPI = create_application(
            self.settings,
            clock=self.clock,
            policy=self.policy,
            passwords=Passwords(PasswordHasher.from_parameters(CHEAPEST)),
        )
        self.office = self.application.state.console.office

    def write_people(self, known: Any) -> None:
        (self.home / "people" / "people.jsonl").write_bytes(lines_of(known))

    def account(self, person: str, **said: Any) -> None:
        create_account(
            self.office, person, password=password_of(person), by="ADMIN-001", **({"must_change": False} | said)
        )

    def key(self, person: str = MACHINE, **said: Any) -> str:
        expires_at = self.clock() + timedelta(days=30)
        return create_service_key(self.office, person, by="ADMIN-001", **({"expires_at": expires_at} | said))

    def browser(self, *, address: str = "10.0.0.1", **said: Any) -> Browser:
        base = "https://console.example" if self.is_secure else "http://console.example"
        return Browser(
            TestClient(self.application, base_url=base, follow_redirects=False, client=(address, 40000), **said)
        )

    def signed_in(self, person: str, **said: Any) -> Browser:
        browser = self.browser(**said)
        answer = browser.sign_in(person)
        assert answer.status_code == 303, answer.text
        return browser

    def code(self, secret: str, *, steps: int = 0) -> str:
        return pyotp.TOTP(secret).at(self.clock(), counter_offset=steps)


class Browser:
    """A browser: it keeps cookies, and sends with a form what the page before put into it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, **said: Any) -> Response:
        return self.client.get(path, **said)

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]*)"', self.get("/sign-in").text + self.get("/account").text)
        return found[1] if found else ""

    def post(self, path: str, *, csrf: str | None = None, **fields: str) -> Response:
        return self.client.post(path, data={"csrf": self.csrf() if csrf is None else csrf} | fields)

    def sign_in(self, person: str, *, password: str | None = None, code: str = "") -> Response:
        typed = password_of(person) if password is None else password
        return self.post("/sign-in", name=person, password=typed, code=code)
