"""What is kept of a sign-in at its provider: sealed, for one grant and one registration."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from watchword.auth.grant_keeper import GrantKeeper
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.sealing import Sealer
from watchword.config.provider import ProviderSettings
from watchword.protocol.token_exchange import MAX_REFRESH_TOKEN_CHARS
from watchword.testing import FakeClock
from watchword.transport.provider_http import HttpxProviderHttp

SECRET, OTHER_SECRET = b"s" * 32, b"o" * 32
ID_TOKEN = "header.payload.signature"
COLUMN_BYTES = 65_536


def client(redirect_uri: str = "https://app.example.test/auth/callback/main", **changes: Any) -> OAuthClient:
    given = {"issuer": "https://op.example.test", "client_id": "us", "client_secret": "secret"}
    return OAuthClient(
        "main",
        ProviderSettings(**{**given, **changes}),
        http=HttpxProviderHttp(),
        clock=FakeClock(),
        redirect_uri=redirect_uri,
        leeway_seconds=30,
        allow_loopback_http=True,
    )


def keeper(*secrets: bytes, recheck_seconds: int = 3600) -> GrantKeeper:
    current, *previous = secrets or (SECRET,)
    return GrantKeeper(Sealer(current, previous), FakeClock(), recheck_seconds=recheck_seconds)


def test_a_refresh_token_opens_where_it_was_sealed() -> None:
    """And after a change of the secret, while the previous one is kept."""
    sealed = keeper().keep(client(), id_token=ID_TOKEN, refresh_token="rt-1")
    assert sealed is not None
    assert sealed.sealed_tokens is not None
    assert sealed.sealed_id_token is not None
    assert b"rt-1" not in sealed.sealed_tokens
    for each in (keeper(), keeper(OTHER_SECRET, SECRET)):
        assert each.open_tokens(client(), sealed.grant_id, sealed.sealed_tokens) == "rt-1"
        assert each.open_hint(client(), sealed.grant_id, sealed.sealed_id_token) == ID_TOKEN
    assert "rt-1" not in repr(sealed)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example.test"},
        {"client_id": "another"},
        {"redirect_uri": "https://app.example.test/auth/callback/other"},
    ],
)
def test_it_never_opens_for_another_registration(changes: dict[str, str]) -> None:
    """Or the provider that a setting was changed to would be sent the token of the one before."""
    grant_id = uuid4()
    sealed = keeper().seal_tokens(client(), grant_id, "rt-1")
    assert keeper().open_tokens(client(**changes), grant_id, sealed) is None


def test_it_opens_nowhere_else() -> None:
    """Not for another grant, under another secret, as a hint, or when it was altered."""
    grant_id = uuid4()
    sealed = keeper().seal_tokens(client(), grant_id, "rt-1")
    assert keeper().open_tokens(client(), uuid4(), sealed) is None
    assert keeper(OTHER_SECRET).open_tokens(client(), grant_id, sealed) is None
    assert keeper().open_hint(client(), grant_id, sealed) is None
    assert keeper().open_tokens(client(), grant_id, sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert keeper().open_tokens(client(), grant_id, b"") is None


@pytest.mark.parametrize(
    ("settings", "given", "recheck_seconds", "hint", "tokens"),
    [
        ({}, (ID_TOKEN, "rt"), 3600, True, True),
        ({}, (ID_TOKEN, "rt"), 0, True, False),
        ({}, (ID_TOKEN, None), 3600, True, False),
        ({"logout": "local_only"}, (ID_TOKEN, "rt"), 3600, False, True),
        ({}, ("x" * 9000, "rt"), 3600, False, True),
        ({}, (None, "rt"), 3600, False, True),
    ],
)
def test_only_what_is_of_use_is_kept(
    settings: dict[str, str],
    given: tuple[str | None, str | None],
    recheck_seconds: int,
    hint: bool,
    tokens: bool,
) -> None:
    """The ID token where a sign-out will send it, the refresh token where the provider is asked again."""
    id_token, refresh_token = given
    kept = keeper(recheck_seconds=recheck_seconds).keep(
        client(**settings), id_token=id_token, refresh_token=refresh_token
    )
    assert kept is not None
    assert (kept.sealed_id_token is not None, kept.sealed_tokens is not None) == (hint, tokens)


@pytest.mark.parametrize("given", [(None, None), (None, "rt"), ("x" * 9000, None)])
def test_without_any_there_is_no_grant(given: tuple[str | None, str | None]) -> None:
    """No row for nothing."""
    assert keeper(recheck_seconds=0).keep(client(), id_token=given[0], refresh_token=given[1]) is None


def test_the_longest_refresh_token_fits_its_column() -> None:
    """With room for whatever sealing adds."""
    sealed = keeper().seal_tokens(client(), uuid4(), "x" * MAX_REFRESH_TOKEN_CHARS)
    assert len(sealed) < COLUMN_BYTES // 4
