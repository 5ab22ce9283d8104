"""Promises of the code store: used once, in the transaction that opens the session (RFC 6749 §4.1.2)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.samples import (
    MICROSECOND,
    NOW,
    at_once,
    change,
    count,
    digest,
    identity,
    new_session,
    rows,
    session_id,
)
from watchword.auth.code_ports import StoredCode
from watchword.auth.ports import LiveSession
from watchword.errors import ProviderResponseInvalid, UserDisabled
from watchword.storage import SqlDatabase


def code(**changes: Any) -> StoredCode:
    fresh = StoredCode(
        digest=hashlib.sha256(b"code").digest(),
        client_id="spa",
        redirect_uri="https://app.example/cb?tenant=1",
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        scopes=frozenset({"orders:read", "orders:write"}),
        sealed_sign_in=bytes(range(256)),
        auth_time=NOW - timedelta(seconds=5),
        created_at=NOW,
        expires_at=NOW + timedelta(seconds=60),
    )
    return replace(fresh, **changes)


async def redeem(database: SqlDatabase, number: int = 1, **changes: Any) -> LiveSession | None:
    new = new_session(number, client_id="spa", refresh_digest=digest(number))
    return await database.codes.redeem(code(**changes), identity(), new)


async def test_a_code_comes_back_as_it_was(database: SqlDatabase) -> None:
    """Every field survives; an unknown digest finds nothing."""
    await database.codes.add(code())
    assert await database.codes.find(code().digest) == code()
    assert await database.codes.find(b"\0" * 32) is None


async def test_redeeming_opens_the_session_and_remembers_it(database: SqlDatabase) -> None:
    """Code, account and session change together; the code knows which session it opened."""
    await database.codes.add(code())
    live = await redeem(database)
    assert live is not None
    assert live == await database.sessions.find(session_id(1), now=NOW)
    stored = await database.codes.find(code().digest)
    assert stored == code(used_at=NOW, session_id=session_id(1))
    assert await rows(database, "SELECT count(*) FROM ww_authorization_codes WHERE user_id IS NOT NULL") == [
        (1,)
    ]


async def test_a_code_opens_one_session(database: SqlDatabase) -> None:
    """The second time nothing is opened and nothing changes."""
    await database.codes.add(code())
    assert await redeem(database, 1) is not None
    assert await redeem(database, 2) is None
    assert await count(database, "ww_sessions") == 1
    assert await database.codes.find(code().digest) == code(used_at=NOW, session_id=session_id(1))


async def test_redeemed_in_parallel_a_code_opens_one_session(database: SqlDatabase) -> None:
    """Ten at once: exactly one session, and no error."""
    await database.codes.add(code())
    answers = await at_once(*(lambda n=n: redeem(database, n) for n in range(1, 11)))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    opened = [answer for answer in answers if answer is not None]
    assert len(opened) == 1
    assert await count(database, "ww_sessions") == await count(database, "ww_users") == 1
    stored = await database.codes.find(code().digest)
    assert stored is not None
    assert stored.session_id == opened[0].session_id


@pytest.mark.parametrize(
    ("left", "opens"), [(MICROSECOND, True), (timedelta(0), False), (-MICROSECOND, False)]
)
async def test_a_code_ends_when_it_says(database: SqlDatabase, left: timedelta, opens: bool) -> None:
    """One microsecond before its end it opens a session, at it and after it none."""
    await database.codes.add(code(expires_at=NOW + left))
    assert (await redeem(database) is not None) is opens
    assert await count(database, "ww_sessions") == int(opens)


@pytest.mark.parametrize(
    "other", [{"client_id": "cli"}, {"redirect_uri": "https://app.example/cb"}, {"code_challenge": "x"}]
)
async def test_the_statement_itself_compares_what_the_code_was_given_for(
    database: SqlDatabase, other: dict[str, Any]
) -> None:
    """Whatever was looked at before, the row decides, and stays unused."""
    await database.codes.add(code())
    assert await redeem(database, **other) is None
    assert await database.codes.find(code().digest) == code()


async def test_a_disabled_account_leaves_the_code_as_it_was(database: SqlDatabase) -> None:
    """The refusal undoes the whole transaction."""
    await database.sessions.open(identity(), new_session(9, refresh_digest=digest(9)))
    await change(database, "UPDATE ww_users SET status = 'disabled'")
    await database.codes.add(code())
    with pytest.raises(UserDisabled):
        await redeem(database)
    assert await database.codes.find(code().digest) == code()


async def test_an_identity_no_row_can_hold_is_refused_before_the_code_is_used(database: SqlDatabase) -> None:
    """The same rules as for every other sign-in."""
    await database.codes.add(code())
    with pytest.raises(ProviderResponseInvalid):
        await database.codes.redeem(code(), identity(subject=""), new_session())
    assert await database.codes.find(code().digest) == code()


async def test_a_session_that_is_cleaned_up_leaves_its_code_used(database: SqlDatabase) -> None:
    """The code never opens another one."""
    await database.codes.add(code())
    await redeem(database)
    await change(database, "DELETE FROM ww_sessions")
    assert await database.codes.find(code().digest) == code(used_at=NOW)
    assert await redeem(database, 2) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": b"short"},
        {"redirect_uri": "a" * 2049},
        {"scopes": frozenset({"a b"})},
        {"client_id": "a\0"},
    ],
)
async def test_values_no_row_can_hold_are_the_callers_mistake(
    database: SqlDatabase, changes: dict[str, Any]
) -> None:
    """A ValueError before anything is sent, not an outage."""
    with pytest.raises(ValueError, match=r"must|holds"):
        await database.codes.add(code(**changes))
    assert await count(database, "ww_authorization_codes") == 0
