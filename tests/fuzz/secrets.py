"""Harnesses of what only we can make: refresh tokens and sealed values."""

from __future__ import annotations

from uuid import UUID

from tests.fuzz.harness import Harness
from watchword.auth.attempt import Attempt, open_attempt, seal_attempt, start_attempt
from watchword.auth.client_requests import open_client_request, seal_client_request
from watchword.auth.sealing import Sealer
from watchword.errors import AttemptExpired, AttemptMissing, RefreshRefused, SealBroken, SecretKeyMismatch
from watchword.protocol.client_request import ClientRequest
from watchword.protocol.refresh_token import mint, read

NOW = 1_800_000_000
TAG_KEY = b"k" * 32
SEALER = Sealer(b"s" * 32, [b"p" * 32])
REFRESH = mint(UUID(int=7), 3, b"r" * 32, tag_key=TAG_KEY)
SEALED = SEALER.seal("attempt", b"secret", place=b"here")
FORMER = Sealer(b"p" * 32).seal("attempt", b"former", place=b"here")
REQUEST = ClientRequest("spa", "https://spa.example/cb", confirm=False, code_challenge="c" * 43)
SEALED_REQUEST = seal_client_request(REQUEST, SEALER, now_seconds=NOW)
ATTEMPT = start_attempt(provider_id="dev", registration="r", return_to="/", now_seconds=NOW)
COOKIE = seal_attempt(ATTEMPT, SEALER)


def in_refresh_token(data: bytes) -> None:
    """Nothing but the very token that was minted is one."""
    text = data.decode("latin-1")
    try:
        found = read(text, tag_keys=[TAG_KEY])
    except RefreshRefused:
        return
    assert found == REFRESH


def in_sealed_value(data: bytes) -> None:
    """Nothing but what was sealed opens, under the current secret or the former one."""
    try:
        opened = SEALER.open("attempt", data, place=b"here")
    except (SealBroken, SecretKeyMismatch):
        return
    assert {SEALED: b"secret", FORMER: b"former"}[data] == opened


def in_attempt_cookie(data: bytes) -> None:
    """The one spelling of the one cookie, or no attempt at all; the sealed request likewise."""
    text = data.decode("latin-1")
    attempt: Attempt | None = None
    try:
        attempt = open_attempt(text, ATTEMPT.handle, SEALER, now_seconds=NOW)
    except (AttemptMissing, AttemptExpired):
        assert text != COOKIE
    assert attempt is None or (attempt, text) == (ATTEMPT, COOKIE)
    request: ClientRequest | None = None
    try:
        request = open_client_request(text, SEALER, now_seconds=NOW)
    except (AttemptMissing, AttemptExpired):
        assert text != SEALED_REQUEST
    assert request is None or (request, text) == (REQUEST, SEALED_REQUEST)


SECRET_HARNESSES = (
    Harness(
        "refresh_token", in_refresh_token, (REFRESH.text.encode(), b"wtr_" + b"A" * 112), (b"wtr_", b"=")
    ),
    Harness("sealed_value", in_sealed_value, (SEALED, FORMER, SEALED[:33], SEALED[:5]), (b"\x01",)),
    Harness("attempt_cookie", in_attempt_cookie, (COOKIE.encode(), SEALED_REQUEST.encode()), (b"=", b"AA")),
)
