"""Promises of what is counted over everybody: it is what the cleanup would take, and nobody is named."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.accounts import ACT
from tests.contract.people import somebody
from tests.contract.samples import NOW, change
from watchword.auth.cleanup import Cleanup
from watchword.auth.holdings_ports import People
from watchword.protocol.retention import edges
from watchword.protocol.terms import terms_of
from watchword.storage import SqlDatabase
from watchword.storage.holdings import SqlHoldingsStore
from watchword.testing import FakeClock

YEAR = timedelta(days=365)


async def test_what_is_overdue_is_what_the_cleanup_takes(database: SqlDatabase) -> None:
    """Table by table; afterwards nothing is."""
    for number in (1, 2):
        await somebody(database, number)
    holdings, later = SqlHoldingsStore(database.transactions), NOW + YEAR
    at = edges(later, tokens_live_seconds=3660, retention_days=90)
    before = {each.table: each.rows for each in await holdings.overdue(at)}
    assert not any(
        each.rows for each in await holdings.overdue(edges(NOW, tokens_live_seconds=0, retention_days=1))
    )
    cleanup = Cleanup(
        database.cleanup,
        database.version_usage,
        FakeClock(later),
        tokens_live_seconds=3660,
        retention_days=90,
    )
    await change(database, "UPDATE ww_authorization_codes SET session_id = NULL")
    counted = {each.table: each.rows for each in await holdings.overdue(at)}
    gone = (await cleanup.run(whole=True)).gone
    assert counted == {table: gone[table] for table in counted}
    assert before | {"authorization_codes": 2} == counted
    assert not any(each.rows or each.oldest for each in await holdings.overdue(at))


async def test_the_oldest_is_told(database: SqlDatabase) -> None:
    """Of each table by the time that it is judged by."""
    await somebody(database, 1)
    at = edges(NOW + YEAR, tokens_live_seconds=3660, retention_days=90)
    oldest = {each.table: each.oldest for each in await SqlHoldingsStore(database.transactions).overdue(at)}
    assert oldest["audit_events"] == NOW
    assert oldest["version_usage"] == NOW
    assert oldest["revocations"] == NOW + timedelta(days=1)
    assert oldest["single_use"] is None


async def test_people_by_status(database: SqlDatabase) -> None:
    """A moment apart: who signed in at it is not dormant."""
    holdings = SqlHoldingsStore(database.transactions)
    assert await holdings.people(dormant_before=NOW) == People(0, 0, 0, 0, 0)
    people = [await somebody(database, number) for number in (1, 2)]
    await database.accounts.set_status(people[0].user_id, "disabled", act=ACT)
    assert await holdings.people(dormant_before=NOW) == People(1, 1, 0, 0, 0)
    later = NOW + timedelta(microseconds=1)
    assert await holdings.people(dormant_before=later) == People(1, 1, 0, 0, dormant=2)


async def test_acceptances_by_text(database: SqlDatabase) -> None:
    """The oldest first; whoever is disabled is not waited for."""
    holdings, terms = SqlHoldingsStore(database.transactions), terms_of("2", b"text", None)
    people = [await somebody(database, number) for number in (1, 2, 3)]
    await change(database, "DELETE FROM ww_terms_acceptances")
    assert await holdings.accepted() == []
    assert await holdings.not_accepted(terms) == 3
    for person, given in ((people[0], terms), (people[1], terms), (people[1], terms_of("1", b"t", None))):
        await database.terms.accept(person.user_id, given, now=NOW, session_id=None)
    assert sorted((each.version, each.people) for each in await holdings.accepted()) == [("1", 1), ("2", 2)]
    assert await holdings.not_accepted(terms) == 1
    await database.accounts.set_status(people[2].user_id, "disabled", act=ACT)
    assert await holdings.not_accepted(terms) == 0
