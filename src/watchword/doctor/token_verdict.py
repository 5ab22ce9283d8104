"""What this deployment would answer to a token, found out without using it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from watchword.app import Watchword
from watchword.auth.caller import RequestFacts
from watchword.auth.clock import SystemClock
from watchword.auth.ports import Clock
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.sealing import Sealer
from watchword.composition_keys import open_key_manager
from watchword.config.auth import Settings
from watchword.errors import (
    IdentificationFailed,
    KeyStoreUnavailable,
    RefreshRefused,
    RefreshReplayed,
    TokenInvalid,
    WatchwordError,
)
from watchword.migrations.runner import require_up_to_date
from watchword.protocol.key_ring import signer
from watchword.protocol.principal import Principal, Rejected
from watchword.protocol.refresh_token import PREFIX
from watchword.protocol.rotation import (
    Contend,
    Decision,
    Overlap,
    RecheckDue,
    RecheckUnderWay,
    Reject,
    Replay,
    classify,
)
from watchword.storage.database import open_database

_CURRENT: Final = "it is the current token of its session, and would be exchanged for the next"
_ASKED_FIRST: Final = "it is the current token of its session, and its provider would be asked first"
_IN_THE_OVERLAP: Final = "it was used a moment ago, and would be answered with the same successor once more"
_REPLAYED: Final = "{}: to present it would end the session"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``code`` is the error's of a token that is refused. ``live_code`` is the error's where only routes that
    say ``live=True`` refuse it. ``caller`` is who would be let in."""

    accepted: bool
    said: str
    code: str | None = None
    caller: Principal | None = None
    session_id: str | None = None
    live_code: str | None = None


async def verdict_on(token: str, settings: Settings, sealer: Sealer, clock: Clock | None = None) -> Verdict:
    """Start the parts of a service, ask them, and let go of them. Nothing is ended by it, no refresh token is
    used up, and no key is made. Raises MigrationNeeded, DatabaseUnavailable, ConfigurationError,
    SecretKeyMismatch, KeyStoreInvalid, KeyStoreUnavailable, also where no key signs yet."""
    await _require_ring(settings, sealer)
    auth = Watchword(settings, clock=clock)
    try:
        await auth.services()
        if token.startswith(PREFIX):
            return await _on_refresh_token(token, auth, RefreshTokens(sealer))
        return await _on_access_token(token, auth)
    finally:
        await auth.stop()


async def _require_ring(settings: Settings, sealer: Sealer) -> None:
    """A start would make the first ring, which is for the service to do, under its own secret key."""
    await require_up_to_date(settings.database_url)
    database = open_database(settings.database_url)
    try:
        ring = open_key_manager(settings, database, sealer, SystemClock(), by="cli").ring
        if signer((await ring.read()).keys) is None:
            raise KeyStoreUnavailable(f"{ring.place}: no key signs yet; the service makes one when it starts")
    finally:
        await database.close()


async def _on_access_token(token: str, auth: Watchword) -> Verdict:
    header = (b"authorization", b"Bearer " + token.encode("utf-8", "replace"))
    identity = await auth.identify(RequestFacts([header], "GET", websocket=False))
    if isinstance(identity, Rejected):
        error = identity.error
        return _refused(error if isinstance(error, WatchwordError) else IdentificationFailed(str(error)))
    if not isinstance(identity, Principal):
        return _refused(TokenInvalid("it is no bearer token"))
    said, live_code = "it is accepted", None
    if identity.session_id is not None:
        try:
            await auth.confirm(identity)
        except WatchwordError as error:
            said, live_code = f"it is accepted, but not by routes with live=True: {error.detail}", error.code
    return Verdict(True, said, caller=identity, session_id=identity.session_id, live_code=live_code)


async def _on_refresh_token(text: str, auth: Watchword, tokens: RefreshTokens) -> Verdict:
    services = await auth.services()
    try:
        token = tokens.read(text)
    except RefreshRefused as error:
        return _refused(error)
    if services.feed.ended_with_all(token.session_id):
        return _refused(RefreshRefused("session ended"), token.session_id)
    decision = classify(
        token,
        await services.database.sessions.facts(token.session_id),
        now=auth.now(),
        overlap_seconds=auth.settings.refresh_overlap_seconds,
        client_id=None,
    )
    return _on_decision(decision, token.session_id)


def _on_decision(decision: Decision, session_id: UUID) -> Verdict:
    match decision:
        case Reject(reason):
            return _refused(RefreshRefused(reason), session_id)
        case Replay(reason):
            return _refused(RefreshReplayed(_REPLAYED.format(reason)), session_id)
        case Overlap():
            return Verdict(True, _IN_THE_OVERLAP, session_id=str(session_id))
        case RecheckDue() | RecheckUnderWay():
            return Verdict(True, _ASKED_FIRST, session_id=str(session_id))
        case Contend():
            return Verdict(True, _CURRENT, session_id=str(session_id))


def _refused(error: WatchwordError, session_id: UUID | None = None) -> Verdict:
    named = None if session_id is None else str(session_id)
    return Verdict(False, error.detail or error.public, code=error.code, session_id=named)
