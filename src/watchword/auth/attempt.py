"""One sign-in attempt, kept in the browser that started it, sealed (RFC 9700 §4.7.1)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field

from watchword.auth.client_requests import read_back
from watchword.auth.sealing import Sealer
from watchword.errors import AttemptExpired, AttemptMissing, InvalidRequest, SealBroken, SecretKeyMismatch
from watchword.protocol import base64url
from watchword.protocol.client_request import ClientRequest

ATTEMPT_SECONDS = 600
"""How long a person may take at the provider."""

MAX_ATTEMPTS = 5
"""How many attempts one browser may have open at once; the oldest gives way."""

MAX_COOKIE_VALUE_CHARS = 4000
"""What a browser keeps in one cookie, its name left out."""

MAX_ATTEMPT_CHARS = 4096
"""How long their cookies may be together, so that no server finds the header too large."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the callback must be compared with. ``registration`` is the digest of what we are at the
    provider, ``started_at`` is in seconds since 1970. ``client_request`` is there when the sign-in
    is for a first-party client, ``max_age_seconds`` when a recent one was asked for.
    ``link_session_id`` is the session whose account gets the identity that comes back."""

    provider_id: str
    registration: str
    return_to: str
    started_at: int
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    max_age_seconds: int | None = None
    client_request: ClientRequest | None = None
    link_session_id: str | None = None

    @property
    def handle(self) -> str:
        return handle_of(self.state)

    @property
    def digest(self) -> bytes:
        """What is remembered of a used attempt."""
        return hashlib.sha256(self.state.encode()).digest()


def handle_of(state: str) -> str:
    """The part of the cookie's name that finds an attempt by the state that came back."""
    digest = hashlib.sha256(b"watchword attempt\0" + state.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[:12]).decode()


def registration_digest(*, issuer: str, client_id: str, redirect_uri: str) -> str:
    """What binds an attempt to one registration, as short for long addresses as for others."""
    registration = json.dumps([issuer, client_id, redirect_uri]).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(registration).digest()).decode()


def start_attempt(
    *,
    provider_id: str,
    registration: str,
    return_to: str,
    now_seconds: int,
    max_age_seconds: int | None = None,
    client_request: ClientRequest | None = None,
    link_session_id: str | None = None,
) -> Attempt:
    """A fresh attempt: state, nonce and verifier are 256 random bits each (RFC 7636 §7.1)."""
    return Attempt(
        provider_id=provider_id,
        registration=registration,
        return_to=return_to,
        started_at=now_seconds,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(32),
        max_age_seconds=max_age_seconds,
        client_request=client_request,
        link_session_id=link_session_id,
    )


def seal_attempt(attempt: Attempt, sealer: Sealer) -> str:
    """The attempt as a cookie value. Raises InvalidRequest for one that no browser would keep."""
    plaintext = json.dumps(asdict(attempt), separators=(",", ":")).encode()
    sealed = sealer.seal("attempt", plaintext, place=attempt.handle.encode())
    cookie = base64url.encode(sealed)
    if len(cookie) > MAX_COOKIE_VALUE_CHARS:
        raise InvalidRequest(
            "the request is too long to be kept in a cookie: its state, redirect URI or path"
        )
    return cookie


def open_attempt(cookie: str | None, handle: str, sealer: Sealer, *, now_seconds: int) -> Attempt:
    """The attempt behind a cookie. Raises AttemptMissing or AttemptExpired."""
    if not cookie:
        raise AttemptMissing("no attempt cookie belongs to the state that came back")
    try:
        sealed = base64url.decode(cookie)
        plaintext = sealer.open("attempt", sealed, place=handle.encode())
    except (ValueError, SealBroken, SecretKeyMismatch) as error:
        raise AttemptMissing(f"the attempt cookie does not open: {error}") from None
    try:
        fields = json.loads(plaintext)
        request = fields.pop("client_request", None)
        attempt = Attempt(**fields, client_request=None if request is None else read_back(request))
    except TypeError:
        raise AttemptMissing("the attempt was sealed by another version of this service") from None
    age_seconds = now_seconds - attempt.started_at
    if not -60 <= age_seconds < ATTEMPT_SECONDS:
        raise AttemptExpired(f"started {age_seconds} s ago, at most {ATTEMPT_SECONDS}")
    return attempt
