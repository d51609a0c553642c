"""Every route with every role, without sign-in, with forged forms, hostile names and hostile texts; new routes join by themselves."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

import pytest
from fastapi.params import File
from fastapi.testclient import TestClient
from sqlalchemy import text
from tests.console.access_site import MACHINE, PERSON_OF, Site

from regenqc.console.access.permissions import BY_ROLE, Permission
from regenqc.console.access.sessions import cookie_name, csrf_of, open_session
from regenqc.console.application import create_application, permission_of, routes_of
from regenqc.console.settings import ConsoleSettings
from regenqc.signing.words import Role

SAFE = {"GET", "HEAD"}
MARKER = "what lies outside the home of the console"
TRAVERSALS = [
    "../../../../../../../../etc/passwd",
    "..%2f..%2f..%2foutside.txt",
    "%2e%2e/%2e%2e/outside.txt",
    "../outside.txt",
    "....//....//outside.txt",
    "..\\..\\outside.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "access.key",
    "../access.key",
    "..%00.txt",
    "~root",
    "CON",
    "x" * 3000,
    "%ff%fe",
    ".",
    "..",
]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' OR '1'='1' --",
    "'; DROP TABLE access_accounts; --",
    '{{ "ev" ~ "il7" }}{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}',
    "x\r\nX-Injected: yes\r\n\r\n<script>alert(1)</script>",
    "../../../outside.txt",
    "\u202eevil\u0000\ufeff",
    "=cmd|' /C calc'!A0",
    "x" * 20_000,
    "-1",
    "99999999999999999999999999",
    "NaN",
]


class Route(NamedTuple):
    method: str
    path: str
    permission: Permission
    fields: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def fields_of(route, method):
    """Return the names of the fields that a route takes, and those of them that are files."""
    asked = route.dependant.query_params if method in SAFE else route.dependant.body_params
    uploads = [field.alias for field in asked if isinstance(field.field_info, File)]
    fields = [field.alias for field in asked if field.alias not in uploads]
    # A route that reads its form by itself says in the description what it takes.
    content = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    for name, stated in content.get("multipart/form-data", {}).get("schema", {}).get("properties", {}).items():
        (uploads if "contentMediaType" in stated.get("items", stated) else fields).append(name)
    return tuple(fields), tuple(uploads)


@cache
def every_route() -> tuple[Route, ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        application = create_application(ConsoleSettings(home=Path(folder), site="SITE-A"))
        found = [
            Route(method, str(each.path), permission_of(each), *fields_of(each, method))
            for each in routes_of(application)
            for method in sorted(each.methods or ())
            if method != "HEAD"
        ]
        application.state.console.store.dispose()
    return tuple(found)


ROUTES = every_route()
UNSAFE = tuple(route for route in ROUTES if route.method not in SAFE)
WITH_NAMES = tuple(route for route in ROUTES if "{" in route.path)
WITH_FILES = tuple(route for route in ROUTES if route.uploads)
FOR_PEOPLE = tuple(route for route in ROUTES if route.permission not in BY_ROLE[Role.SERVICE])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "outside.txt").write_text(MARKER)
    made = Site(folder / "home")
    for role, person in PERSON_OF.items():
        if role is not Role.SERVICE:
            made.account(person)
    return made


def client_of(site, role=None):
    """Return a client, and the word that its forms carry."""
    client = TestClient(
        site.application, base_url="http://console.example", follow_redirects=False, raise_server_exceptions=False
    )
    if role is None:
        return client, ""
    if role is Role.SERVICE:
        client.headers["Authorization"] = f"Bearer {site.key(MACHINE)}"
        return client, ""
    token = open_session(site.office, PERSON_OF[role], address="10.0.0.1")
    client.cookies.set(cookie_name(is_secure=False), token)
    return client, csrf_of(token)


def filled(path, value="x"):
    return "/".join(value if part.startswith("{") else part for part in path.split("/"))


def sent(site, role, route, *, path=None, fields=None, csrf=None, headers=None, **more):
    client, word = client_of(site, role)
    said = {} if fields is None else dict(fields)
    if route.method not in SAFE and (word or csrf) and csrf != "":
        headers = {"X-CSRF-Token": csrf or word} | (headers or {})
    if route.method in SAFE:
        return client.request(route.method, path or filled(route.path), params=said or None, headers=headers)
    return client.request(route.method, path or filled(route.path), data=said or None, headers=headers, **more)


def is_sent_to_sign_in(answer):
    return answer.status_code == 401 or (
        answer.status_code == 303 and answer.headers["location"].split("?")[0] == "/sign-in"
    )


def allowed_role(route):
    return next(role for role in Role if route.permission in BY_ROLE[role] and role is not Role.SERVICE)


def test_the_table_holds_the_routes_of_included_routers():
    assert {"/sign-in", "/journal/journal.jsonl", "/accounts/add", "/health"} <= {route.path for route in ROUTES}
    files = {"/receipts/{receipt_id}/files", "/ledger/witness", "/api/v1/verify", "/api/v1/evaluations"}
    assert {route.path for route in WITH_FILES} == files
    assert len(ROUTES) > 20


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_without_sign_in_a_route_answers_only_if_it_is_open(site, route):
    answer = sent(site, None, route)
    assert answer.status_code < 500, answer.text
    if route.permission is not Permission.OPEN:
        assert is_sent_to_sign_in(answer), f"{answer.status_code} {answer.text[:200]}"


@pytest.mark.parametrize(("role", "route"), list(itertools.product(Role, ROUTES)), ids=str)
def test_a_role_uses_what_its_permissions_name_and_nothing_else(site, role, route):
    answer = sent(site, role, route)
    if route.permission not in BY_ROLE[role]:
        assert answer.status_code == 403
        assert route.permission.value in answer.text or "RQC-W403" in answer.text
    else:
        assert answer.status_code < 500, answer.text
        is_own_answer = route.path.startswith(("/sign-in", "/sign-out", "/account"))
        assert is_own_answer or answer.status_code not in {401, 403}, answer.text
        assert is_own_answer or not is_sent_to_sign_in(answer)


@pytest.mark.parametrize("route", UNSAFE, ids=str)
@pytest.mark.parametrize(
    ("csrf", "headers"),
    [
        ("", {}),
        ("0" * 64, {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Origin": "null"}),
    ],
    ids=["without word", "with a wrong word", "of another origin", "of another site", "of a hidden origin"],
)
def test_a_forged_request_reaches_no_route(site, route, csrf, headers):
    answer = sent(site, allowed_role(route), route, csrf=csrf, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text or "RQC-W412" in answer.text


@pytest.mark.parametrize("route", FOR_PEOPLE, ids=str)
def test_the_roles_of_two_people_are_not_mixed_up_by_two_cookies_and_a_key(site, route):
    client, word = client_of(site, allowed_role(route))
    headers = {"Authorization": f"Bearer {site.key(MACHINE)}", "X-CSRF-Token": word}
    assert client.request(route.method, filled(route.path), headers=headers).status_code == 403


@pytest.mark.parametrize("route", WITH_NAMES, ids=str)
def test_no_name_in_a_path_leads_out_of_the_home(site, route):
    secret = (site.home / "access.key").read_bytes() if (site.home / "access.key").exists() else b"no key yet"
    for name in TRAVERSALS:
        for value in (name, quote(name, safe="")):
            answer = sent(site, allowed_role(route), route, path=filled(route.path, value))
            assert answer.status_code < 500, (value, answer.text)
            assert MARKER not in answer.text
            assert "root:x:0" not in answer.text
            assert secret not in answer.content


@pytest.mark.parametrize("route", [route for route in ROUTES if route.fields], ids=str)
def test_no_text_in_a_field_is_more_than_text(site, route):
    for hostile in HOSTILE:
        # What is longer than an address can be, no client sends.
        said = hostile[:2000] if route.method in SAFE else hostile
        answer = sent(site, allowed_role(route), route, fields=dict.fromkeys(route.fields, said))
        assert answer.status_code < 500, (hostile, answer.text)
        assert "x-injected" not in answer.headers
        if answer.headers.get("content-type", "").startswith("text/html"):
            for active in ("<script>alert", "<img src=x", "evil7"):
                assert active not in answer.text, hostile
        assert MARKER not in answer.text
    with site.office.store.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM access_accounts")).scalar() == len(Role) - 1


UPLOADS = [
    "../../evil.csv",
    "..\\..\\evil.csv",
    "/evil.csv",
    "evil.csv\0.png",
    "x" * 300,
    "",
    "a/b.csv",
    "\u202e.csv",
    f"{'名' * 120}.csv",
]


@pytest.mark.parametrize("route", WITH_FILES, ids=str)
def test_no_name_of_an_upload_leads_out_of_the_home(site, route):
    outside = {path for path in site.home.parent.rglob("*") if site.home not in path.parents}
    for hostile in UPLOADS:
        answer = sent(
            site,
            allowed_role(route),
            route,
            fields=dict.fromkeys(route.fields, "x"),
            files=dict.fromkeys(route.uploads, (hostile, b"batch_id,test,result\n", "text/csv")),
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code < 500, (hostile, answer.text)
    assert {path for path in site.home.parent.rglob("*") if site.home not in path.parents} == outside
    assert not list(site.home.parent.rglob("evil.csv")), "a name that somebody gave is the name of no file"
    assert not Path("/evil.csv").exists()


@pytest.mark.parametrize(
    "path",
    ["/static/../settings.py", "/static/%2e%2e/settings.py", "/static//etc/passwd", "/static/..%2fapplication.py"],
)
def test_static_files_are_those_of_their_folder(site, path):
    client, _ = client_of(site)
    answer = client.get(path)
    assert answer.status_code in {404, 405}
    assert "import" not in answer.text


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_answer_carries_the_safe_headers(site, route):
    answer = sent(site, None, route)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
