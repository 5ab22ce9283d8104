"""``GrantStore``: who may ask a provider again, what is written down of it, and when its tokens go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.contract.samples import MICROSECOND, NOW, at_once, change, identity, opened, rows, session_id
from watchword.auth.account_ports import Act, OpeningTerms, SessionCap
from watchword.auth.grant_ports import Held, Lease
from watchword.auth.logout_ports import NewProviderGrant, ProviderLogout
from watchword.protocol.uuid7 import uuid7
from watchword.storage import SqlDatabase

GRANT = UUID("01890000-0000-7000-8000-0000000000aa")
DUE = NOW + timedelta(hours=1) - timedelta(minutes=5)
LEASE = timedelta(seconds=10)
EXPIRE = NOW + timedelta(hours=2)
ACT = Act(NOW, EXPIRE, "cli")


async def asked_about(database: SqlDatabase, number: int = 1, **changes: Any) -> None:
    """A session whose provider gave a refresh token."""
    grant = NewProviderGrant(GRANT, b"sealed hint", b"sealed tokens")
    await opened(database, number, **{"grant": grant, "recheck_due_at": DUE, **changes})


async def joined(database: SqlDatabase, number: int = 2) -> None:
    """One more session of the same grant."""
    await opened(database, number, recheck_due_at=DUE)
    statement = "UPDATE ww_sessions SET grant_id = (SELECT id FROM ww_provider_grants)"
    await change(database, statement)


async def lease(database: SqlDatabase, number: int = 1, **changes: Any) -> Lease | None:
    asked: dict[str, Any] = {
        "session_id": session_id(1),
        "lease_id": uuid7(1_795_000_000_000 + number, bytes(10)),
        "now": DUE,
        "ends_at": DUE + LEASE,
        **changes,
    }
    return await database.grants.take_lease(GRANT, **asked)


async def held(database: SqlDatabase) -> Lease:
    taken = await lease(database)
    assert taken is not None
    return taken


async def kept(database: SqlDatabase) -> Any:
    return (await rows(database, "SELECT * FROM ww_provider_grants"))[0]


async def test_of_parallel_callers_one_gets_the_lease(database: SqlDatabase) -> None:
    """With the mark of the asking, who to ask, and about whom."""
    await asked_about(database)
    taken = await at_once(*(lambda n=n: lease(database, n) for n in range(8)))
    (only,) = [each for each in taken if each is not None]
    assert (only.provider_id, only.issuer, only.subject) == ("dev", identity().issuer, "alice")
    assert (only.sealed_tokens, only.answer_may_be_lost) == (b"sealed tokens", False)
    assert (await kept(database)).asking_since is not None


async def test_a_lease_lapses_on_its_last_tick_and_tells_of_the_asking(database: SqlDatabase) -> None:
    """One tick before its end it is somebody's, at it and after it anybody's."""
    await asked_about(database)
    assert await lease(database) is not None
    assert await lease(database, 2, now=DUE + LEASE - MICROSECOND, ends_at=DUE + 2 * LEASE) is None
    second = await lease(database, 3, now=DUE + LEASE, ends_at=DUE + 2 * LEASE)
    assert second is not None
    assert second.answer_may_be_lost
    assert await lease(database, 4, now=DUE + 2 * LEASE + MICROSECOND, ends_at=DUE + 9 * LEASE) is not None


@pytest.mark.parametrize(
    "without",
    [
        "UPDATE ww_provider_grants SET sealed_tokens = NULL",
        "UPDATE ww_provider_grants SET ended_at = created_at, ended_reason = 'logout'",
        "UPDATE ww_sessions SET revoked_at = created_at, revoked_reason = 'logout'",
        "UPDATE ww_sessions SET idle_ends_at = created_at",
        "UPDATE ww_sessions SET recheck_due_at = NULL",
        "UPDATE ww_sessions SET recheck_due_at = absolute_ends_at",
        "UPDATE ww_sessions SET grant_id = NULL",
        "UPDATE ww_users SET status = 'disabled'",
        "DELETE FROM ww_provider_grants",
    ],
)
async def test_nobody_asks_without_need_or_right(database: SqlDatabase, without: str) -> None:
    """And nothing is left behind: the next caller finds the grant as it was."""
    await asked_about(database)
    await change(database, without)
    assert await lease(database) is None
    assert await rows(database, "SELECT 1 FROM ww_provider_grants WHERE lease_id IS NOT NULL") == []
    assert await rows(database, "SELECT 1 FROM ww_provider_grants WHERE asking_since IS NOT NULL") == []


async def test_a_confirmation_moves_every_live_session_of_the_grant(database: SqlDatabase) -> None:
    """Those that share it ask once; one that has ended stays as it is."""
    await asked_about(database)
    await joined(database)
    await joined(database, 3)
    ended = session_id(3)
    await database.sessions.end(ended, reason="logout", now=NOW, tokens_expire_at=EXPIRE)
    due_at = DUE + timedelta(hours=1)
    taken = await held(database)
    said = identity()
    assert await database.grants.confirm(taken, said, sealed_tokens=None, now=DUE, due_at=due_at)
    assert (await kept(database)).sealed_tokens == b"sealed tokens"
    for number, expected in ((1, due_at), (2, due_at), (3, DUE)):
        facts = await database.sessions.facts(session_id(number))
        assert facts is not None
        assert facts.recheck_due_at == expected


async def test_without_the_lease_nothing_is_written(database: SqlDatabase) -> None:
    """Neither by who lost it to somebody else, nor by who has given it back."""
    await asked_about(database)
    late = await held(database)
    now = DUE + LEASE
    other = await lease(database, 2, now=now, ends_at=now + LEASE)
    assert other is not None
    before = [await rows(database, f"SELECT * FROM {table}") for table in TABLES]
    roles = identity(roles=frozenset({"other"}))
    grants = database.grants
    assert not await grants.confirm(late, roles, sealed_tokens=b"theirs", now=now, due_at=now + LEASE)
    assert not await grants.hold(late, Held("cause", True, b"theirs", DUE, now + LEASE), now=now)
    withdrawn = await grants.withdraw(
        late, reason="provider_refused", cause="invalid_grant", now=now, tokens_expire_at=EXPIRE
    )
    assert withdrawn is None
    assert [await rows(database, f"SELECT * FROM {table}") for table in TABLES] == before
    assert await grants.hold(other, Held("cause", False), now=now)
    assert not await grants.hold(other, Held("cause", False), now=now)


TABLES = (
    "ww_users",
    "ww_identities",
    "ww_sessions",
    "ww_provider_grants",
    "ww_revocations",
    "ww_audit_events",
)


@pytest.mark.parametrize("how", ["logout", "evicted", "replaced", "disabled", "client", "provider_logout"])
async def test_however_a_session_ends_its_providers_tokens_go_with_it(
    database: SqlDatabase, how: str
) -> None:
    """In the same transaction; the ID token stays for the sign-out at the provider."""
    await asked_about(database)
    this = session_id(1)
    (owner,) = await rows(database, "SELECT user_id FROM ww_sessions")
    user_id = owner.user_id if isinstance(owner.user_id, UUID) else UUID(owner.user_id)
    match how:
        case "logout":
            await database.sessions.end(this, reason="logout", now=NOW, tokens_expire_at=EXPIRE)
        case "evicted":
            await opened(database, 2, terms=OpeningTerms(SessionCap(1, "evict_oldest")))
        case "replaced":
            await opened(database, 2, terms=OpeningTerms(replaces=this))
        case "disabled":
            await database.accounts.set_status(user_id, "disabled", act=ACT)
        case "client":
            await database.accounts.end_client("browser", act=ACT)
        case "provider_logout":
            said = ProviderLogout("dev", identity().issuer, None, "alice", b"d" * 32, EXPIRE)
            await database.provider_logouts.end_sessions(said, now=NOW, tokens_expire_at=EXPIRE)
    row = await kept(database)
    assert (row.sealed_tokens, bytes(row.sealed_id_token)) == (None, b"sealed hint")
    assert row.ended_at is not None
    assert row.ended_reason == {"client": "revoked"}.get(how, how)
    assert await lease(database) is None


async def test_a_grant_that_is_shared_ends_with_its_last_session(database: SqlDatabase) -> None:
    """One that merely ran idle does not keep it."""
    await asked_about(database)
    await joined(database)
    await joined(database, 3)
    ends = {"reason": "logout", "now": NOW, "tokens_expire_at": EXPIRE}
    await database.sessions.end(session_id(1), **ends)  # type: ignore[arg-type]
    assert (await kept(database)).sealed_tokens == b"sealed tokens"
    idle = NOW + timedelta(minutes=1)
    await change(database, "UPDATE ww_sessions SET idle_ends_at = created_at WHERE revoked_at IS NULL")
    await database.sessions.end(session_id(2), **{**ends, "now": idle})  # type: ignore[arg-type]
    row = await kept(database)
    assert (row.sealed_tokens, row.ended_reason) == (None, "logout")


async def test_new_tokens_are_kept_while_others_work_on_the_account(database: SqlDatabase) -> None:
    """The lease stays, no answer counts as lost any more, and who lost the lease keeps nothing."""
    await asked_about(database)
    taken = await held(database)
    assert await database.grants.keep(taken, b"newer tokens")
    row = await kept(database)
    assert (row.sealed_tokens, row.asking_since) == (b"newer tokens", None)
    assert row.lease_id is not None
    other = await lease(database, 2, now=DUE + LEASE, ends_at=DUE + 2 * LEASE)
    assert other is not None
    assert (other.sealed_tokens, other.answer_may_be_lost) == (b"newer tokens", False)
    assert not await database.grants.keep(taken, b"theirs")
    assert (await kept(database)).sealed_tokens == b"newer tokens"
