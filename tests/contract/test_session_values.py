"""Promises about foreign values: identity is kept exactly or not at all, the rest as far as it goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.contract.samples import (
    NOW,
    count,
    identity,
    new_session,
    opened,
    rows,
    session_id,
)
from watchword.errors import ProviderResponseInvalid, TooManyRoles
from watchword.storage import SqlDatabase


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Zoë 李 👩‍👩‍👧", "Zoë 李 👩‍👩‍👧"),
        ("a\0b\r\nc\x7f", "a b  c"),
        ("  \t ", None),
        ("", None),
        ("\ud800x", "\N{REPLACEMENT CHARACTER}x"),
        ("é" * 100_000, "é" * 255),
    ],
)
async def test_any_display_name_is_kept_as_far_as_it_can_be(
    database: SqlDatabase, given: str, shown: str | None
) -> None:
    """A strange name never keeps its person out: control characters become spaces, the rest is cut."""
    live = await database.sessions.open(identity(name=given), new_session(device=given, ip="\0" * 99))
    assert live.name == shown
    stored = await database.sessions.find(session_id(1), now=NOW)
    assert stored is not None
    assert stored.name == shown


@pytest.mark.parametrize("email", ["a\0@example.org", "a" * 321, "\udfff@example.org", ""])
async def test_an_address_that_cannot_be_kept_whole_is_dropped(database: SqlDatabase, email: str) -> None:
    """Half an e-mail address would be somebody else's."""
    live = await database.sessions.open(identity(email=email), new_session())
    assert live.email is None
    assert (await rows(database, "SELECT email, verified_email FROM ww_identities")) == [(None, None)]


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": ""},
        {"subject": "a\0b"},
        {"subject": "\ud800"},
        {"subject": "a" * 256},
        {"subject": "a" * 10_000_000},
        {"issuer": ""},
        {"issuer": "https://id.example.org/\n"},
        {"issuer": "https://bücher.example"},
        {"issuer": "https://id.example.org/" + "a" * 1024},
    ],
)
async def test_what_identifies_is_kept_exactly_or_refused(
    database: SqlDatabase, changed: dict[str, str]
) -> None:
    """A cut subject could be another person's; the provider's answer is refused instead."""
    with pytest.raises(ProviderResponseInvalid):
        await database.sessions.open(identity(**changed), new_session())
    assert await count(database, "ww_users") == 0


@pytest.mark.parametrize("subject", ["a" * 255, "李" * 255, "👩" * 255])
async def test_the_longest_subject_fits(database: SqlDatabase, subject: str) -> None:
    """255 characters of any script are found again (OpenID Connect Core §2)."""
    longest = {"issuer": "https://" + "x" * 1016, "subject": subject}
    first = await database.sessions.open(identity(**longest), new_session(1))
    second = await database.sessions.open(identity(**longest), new_session(2))
    assert first.user_id == second.user_id


@pytest.mark.parametrize("sid", ["", "s\0", "s" * 513])
async def test_a_sid_that_logout_could_not_find_again_is_refused(database: SqlDatabase, sid: str) -> None:
    """The provider's session id is kept exactly, since back-channel logout comes with it."""
    with pytest.raises(ProviderResponseInvalid):
        await database.sessions.open(identity(), new_session(provider_sid=sid))


async def test_roles_that_are_no_role_names_are_dropped(database: SqlDatabase) -> None:
    """Only names that may stand in a token are kept."""
    strange = frozenset({"ok", "has space", "nul\0", "", "a" * 65, "\ud800"})
    live = await database.sessions.open(identity(roles=strange), new_session())
    assert live.roles == frozenset({"ok"})


async def test_more_roles_than_a_row_should_hold_are_refused(database: SqlDatabase) -> None:
    """A provider that sends thousands of groups is told so, not stored."""
    with pytest.raises(TooManyRoles):
        await database.sessions.open(identity(roles=frozenset(f"r{n}" for n in range(1001))), new_session())


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": NOW.replace(tzinfo=None)},
        {"auth_time": NOW.astimezone(timezone(timedelta(hours=2)))},
        {"refresh_digest": b"short"},
        {"client_id": "a" * 256},
        {"scopes": frozenset({"two words"})},
    ],
)
async def test_values_no_caller_should_hand_over_are_its_mistake(
    database: SqlDatabase, changes: dict[str, Any]
) -> None:
    """A mistake in our own code is a ValueError before anything is sent, not an outage."""
    with pytest.raises((ValueError, TypeError)):
        await database.sessions.open(identity(), replace(new_session(), **changes))
    assert await count(database, "ww_users") == 0


async def test_times_keep_their_microsecond(database: SqlDatabase) -> None:
    """Both databases give back the very moment, aware and in UTC."""
    odd = datetime.fromisoformat("2026-03-29T01:59:59.999999+00:00")
    live = await opened(database, created_at=odd)
    assert live.created_at == odd
    found = await database.sessions.find(session_id(1), now=odd)
    assert found is not None
    assert (found.created_at, found.created_at.utcoffset()) == (odd, timedelta(0))
