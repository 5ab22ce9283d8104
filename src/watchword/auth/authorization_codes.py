"""Authorization codes of our own (RFC 6749 §4.1.2, RFC 7636): given after sign-in, good for one session."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from watchword.auth.code_ports import CodeStore, StoredCode
from watchword.auth.grant_keeper import GrantKeeper
from watchword.auth.grants import ClientContext, Grant
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.oauth_client import OAuthClient, VerifiedSignIn
from watchword.auth.ports import Clock, LiveSession, NewSession, ProviderIdentity
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionManager
from watchword.auth.spans import traced
from watchword.errors import (
    AuthorizationCodeRefused,
    AuthorizationCodeReused,
    ProviderResponseInvalid,
    SealBroken,
    SecretKeyMismatch,
)
from watchword.protocol.client_request import ClientRequest
from watchword.protocol.pkce import challenge_s256, is_verifier
from watchword.protocol.token_request import CodeExchange

CODE_SECONDS = 60
"""How long a client may take to redeem its code (RFC 6749 §4.1.2: ten minutes at most)."""

_MAX_SIGN_IN_BYTES = 60_000
_PREFIX = "wtc_"
_CODE = re.compile(_PREFIX + "[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class _SignIn:
    """``registration`` is what we were at the provider when it gave the refresh token."""

    identity: ProviderIdentity
    provider_sid: str | None
    auth_time_asserted: bool
    refresh_token: str | None = field(repr=False)
    registration: str | None


class _Late(Exception):
    """Between looking and redeeming, the code was used or ran out."""


class AuthorizationCodes:
    """Gives codes and redeems them. Of a code only the digest is kept; the sign-in behind it opens
    with our secret and the code together."""

    def __init__(
        self,
        store: CodeStore,
        clients: Mapping[str, OAuthClient],
        *,
        sessions: SessionManager,
        keeper: GrantKeeper,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self._store = store
        self._clients = clients
        self._keeper = keeper
        self._sessions = sessions
        self._sealer = sealer
        self._clock = clock

    async def give(self, request: ClientRequest, verified: VerifiedSignIn) -> str:
        """A fresh code of 256 random bits for ``request``. Raises DatabaseUnavailable,
        and ProviderResponseInvalid for a sign-in that is far too large."""
        code = _PREFIX + secrets.token_urlsafe(32)
        now = self._clock.now()
        stored = StoredCode(
            digest=_digest(code),
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            scopes=frozenset(request.scopes),
            sealed_sign_in=self._seal(code, self._sign_in(verified)),
            auth_time=verified.auth_time,
            created_at=now,
            expires_at=now + timedelta(seconds=CODE_SECONDS),
        )
        await self._store.add(stored)
        return code

    @traced("watchword.code.redeem")
    async def redeem(self, asked: CodeExchange, *, client: ClientContext) -> Grant:
        """Open the session a code is good for.

        Raises AuthorizationCodeRefused; AuthorizationCodeReused after having ended the session the
        code gave (RFC 6749 §4.1.2); SignInRefused for an account that may have no session now, and
        then the code stays good; ProviderResponseInvalid, DatabaseUnavailable, Contended.
        """
        stored = await self._find(asked)
        _check(stored, asked)
        sign_in = self._open(asked.code, stored)

        async def opening(new: NewSession) -> LiveSession:
            session = await self._store.redeem(stored, sign_in.identity, new)
            if session is None:
                raise _Late
            return session

        try:
            return await self._sessions.open(
                sign_in.identity,
                client_id=stored.client_id,
                scopes=stored.scopes,
                auth_time=stored.auth_time,
                auth_time_asserted=sign_in.auth_time_asserted,
                provider_sid=sign_in.provider_sid,
                client=client,
                grant=self._grant(sign_in),
                opening=opening,
            )
        except _Late:
            await self._find(asked)
            raise AuthorizationCodeRefused("the code expired") from None

    def _sign_in(self, verified: VerifiedSignIn) -> _SignIn:
        client = self._clients[verified.identity.provider_id]
        return _SignIn(
            verified.identity,
            verified.provider_sid,
            verified.auth_time_asserted,
            verified.refresh_token if self._keeper.keeps_tokens else None,
            client.registration,
        )

    def _grant(self, sign_in: _SignIn) -> NewProviderGrant | None:
        """The refresh token for the session, unless we are registered otherwise since."""
        client = self._clients.get(sign_in.identity.provider_id)
        if client is None or client.registration != sign_in.registration:
            return None
        return self._keeper.keep(client, id_token=None, refresh_token=sign_in.refresh_token)

    async def _find(self, asked: CodeExchange) -> StoredCode:
        """The code as it is kept, of this very client and unused."""
        stored = await self._store.find(_digest(asked.code)) if _CODE.fullmatch(asked.code) else None
        if stored is None:
            raise AuthorizationCodeRefused("the code was never given")
        if stored.client_id != asked.client_id:
            raise AuthorizationCodeRefused(f"the code was given to client {stored.client_id!r}")
        if stored.used_at is not None:
            if stored.session_id is not None:
                await self._sessions.end(stored.session_id, reason="replay")
            raise AuthorizationCodeReused("the code was used before; the session it gave has been ended")
        return stored

    def _seal(self, code: str, sign_in: _SignIn) -> bytes:
        fields = asdict(sign_in)
        roles = sign_in.identity.roles
        fields["identity"]["roles"] = None if roles is None else sorted(roles)
        plaintext = json.dumps(fields).encode()
        if len(plaintext) > _MAX_SIGN_IN_BYTES:
            raise ProviderResponseInvalid(f"the sign-in is larger than {_MAX_SIGN_IN_BYTES} bytes")
        return self._sealer.seal("authorization-code", plaintext, place=_digest(code), also=code.encode())

    def _open(self, code: str, stored: StoredCode) -> _SignIn:
        try:
            plaintext = self._sealer.open(
                "authorization-code", stored.sealed_sign_in, place=stored.digest, also=code.encode()
            )
        except (SealBroken, SecretKeyMismatch) as error:
            raise AuthorizationCodeRefused(f"the sign-in behind the code cannot be opened: {error}") from None
        fields: dict[str, Any] = json.loads(plaintext)
        identity, roles = fields["identity"], fields["identity"]["roles"]
        known = None if roles is None else frozenset(roles)
        person = ProviderIdentity(**{**identity, "roles": known})
        return _SignIn(
            person,
            fields["provider_sid"],
            fields.get("auth_time_asserted", False),
            fields.get("refresh_token"),
            fields.get("registration"),
        )


def _check(stored: StoredCode, asked: CodeExchange) -> None:
    """What the code was given for is what it is redeemed for (RFC 6749 §4.1.3, RFC 7636 §4.6)."""
    if stored.redirect_uri != asked.redirect_uri:
        raise AuthorizationCodeRefused("redirect_uri is not the one of the authorization request")
    verifier = asked.code_verifier
    if not is_verifier(verifier) or not hmac.compare_digest(challenge_s256(verifier), stored.code_challenge):
        raise AuthorizationCodeRefused("code_verifier does not fit the code_challenge")


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("ascii")).digest()
