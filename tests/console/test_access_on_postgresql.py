"""Access on PostgreSQL: the same tables, the same refusals, and many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.console.access_site import Site
from tests.ledger.postgres_server import PostgresServer, why_no_server

from regenqc.console.access.accounts import find_account, known_account
from regenqc.console.access.journal import Event, every_line, journal_faults, write
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.access.second_factor import confirm, is_right, propose

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(why_no_server()), reason=why_no_server() or "there is one")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    made.start("fsync=off")
    yield made
    made.remove()


@pytest.fixture
def site(tmp_path, server):
    made = Site(
        tmp_path, store_url=server.new_ledger(), policy=AccessPolicy(second_factor=False, address_failures=1000)
    )
    made.account("QP-0001")
    yield made
    made.office.store.dispose()


def test_people_sign_in_and_out_and_machines_call(site):
    browser = site.signed_in("QP-0001")
    assert browser.get("/account").status_code == 200
    site.clock.forward(seconds=120)
    assert browser.get("/account").status_code == 200
    assert browser.post("/sign-out").status_code == 303
    assert browser.get("/account").status_code == 303
    headers = {"Authorization": f"Bearer {site.key()}"}
    assert site.browser().get("/journal", headers=headers).status_code == 403


def test_guesses_at_once_are_counted_each(site):
    def guess(number):
        return site.browser(address=f"10.1.0.{number}").sign_in("QP-0001", password=f"guess {number}").status_code

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(guess, range(16)))
    assert found == [403] * 3 + [429] * 13


def test_of_one_code_at_once_one_counts(site):
    proposal = propose(site.office, "QP-0001", site="SITE-A")
    assert len(confirm(site.office, known_account(site.office, "QP-0001"), code=site.code(proposal.secret))) == 10
    site.clock.forward(seconds=60)
    account, code = find_account(site.office, "QP-0001"), site.code(proposal.secret)
    assert account is not None
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: is_right(site.office, account, code=code), range(8)))
    assert sum(found) == 1


def test_lines_of_the_journal_are_one_chain_and_stay(site):
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda number: write(site.office.store, now=site.clock(), event=Event.GATE, subject=str(number)),
                range(40),
            )
        )
    assert list(journal_faults(every_line(site.office.store))) == []
    for statement in (
        "UPDATE access_journal SET person_id = 'x'",
        "DELETE FROM access_journal WHERE number = 1",
        "TRUNCATE access_journal",
    ):
        with pytest.raises(DBAPIError, match="only added"), site.office.store.begin() as connection:
            connection.execute(text(statement))
    assert list(journal_faults(every_line(site.office.store))) == []


@pytest.mark.parametrize("hostile", ["a\0b", "\ud800", "x" * 100_000, "'; DROP TABLE access_accounts; --"])
def test_what_people_type_is_stored_or_refused_and_breaks_nothing(site, hostile):
    site.account("ADMIN-001")
    browser = site.signed_in("ADMIN-001")
    for path in ("/accounts/add", "/accounts/sites", "/accounts/unlock", "/accounts/close", "/accounts/reset"):
        fields = {
            "person_id": hostile.encode("utf-8", "replace").decode(),
            "sites": hostile.encode("utf-8", "replace").decode(),
        }
        assert browser.post(path, **fields).status_code in {303, 422}, path
    assert site.browser().sign_in(fields["person_id"], password=fields["sites"][:9]).status_code in {403, 422}
    assert browser.get("/accounts").status_code == 200
