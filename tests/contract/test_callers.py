"""Promises of looking up the caller behind a provider's own access token."""

from __future__ import annotations

import pytest

from tests.contract.accounts import ACT, HOSTILE, names
from tests.contract.samples import ISSUER, change, identity, new_session, opened
from watchword.auth.account_ports import RoleChange
from watchword.auth.caller_ports import KnownCaller
from watchword.storage import SqlDatabase


async def test_a_known_caller_has_the_roles_of_the_account(database: SqlDatabase) -> None:
    """Of all its identities and granted, without the denied."""
    live = await opened(database, 1)
    await database.accounts.change_roles(
        live.user_id, RoleChange(grant=names("extra"), deny=names("admin")), act=ACT
    )
    found = await database.callers.find(ISSUER, "alice")
    assert found == KnownCaller(live.user_id, True, names("orders:read", "extra"))


@pytest.mark.parametrize("status", ["disabled", "erased"])
async def test_a_caller_who_may_not_come_is_known_as_such(database: SqlDatabase, status: str) -> None:
    """Not as nobody, who would be let in."""
    await opened(database, 1)
    await change(database, "UPDATE ww_users SET status = :status", status=status)
    found = await database.callers.find(ISSUER, "alice")
    assert found is not None
    assert not found.active


async def test_nobody_else_is_found(database: SqlDatabase) -> None:
    """Issuer and subject count together and to the character, whatever the subject holds."""
    await database.sessions.open(identity(), new_session())
    others = ((ISSUER, "Alice"), (ISSUER, "alice "), (ISSUER + "/", "alice"), ("i" * 2048, "alice"))
    for issuer, subject in (*others, *((ISSUER, each) for each in HOSTILE)):
        assert await database.callers.find(issuer, subject) is None
