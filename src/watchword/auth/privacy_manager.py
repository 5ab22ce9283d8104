"""A person's rights over what is kept about them: to have all of it, and to have it erased."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from watchword.auth.account_ports import Act, Actor
from watchword.auth.audit_ports import AuditEvent, AuditLog
from watchword.auth.ports import Clock
from watchword.auth.privacy_ports import Erased, PrivacyStore
from watchword.auth.terms_ports import AcceptedTerms, TermsStore
from watchword.errors import AccountNotFound
from watchword.protocol.rfc3339 import rfc3339

EXPORT_FORMAT: Final = "watchword-account-1"
"""Named anew when a member of the export changes its meaning or goes; new members may come."""
MAX_ROWS: Final = 10_000
"""Of each list of an export, the newest ones."""
_EXPORTS_TOLD_EVERY: Final = timedelta(hours=1)
_ACCEPTED: Final = "terms_acceptances"


class PrivacyManager:
    """``service`` is the address that an export names; ``by`` is who acts; ``on_ended`` gets each session
    that this process ended. Other processes learn of it by the feed."""

    def __init__(
        self,
        store: PrivacyStore,
        terms: TermsStore,
        trail: AuditLog,
        *,
        clock: Clock,
        service: str,
        tokens_live_seconds: int,
        by: Actor,
        on_ended: Callable[[UUID, datetime], None] | None = None,
    ) -> None:
        self._store = store
        self._terms = terms
        self._trail = trail
        self._clock = clock
        self._service = service
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._by = by
        self._on_ended = on_ended

    async def export(self, user_id: UUID, *, session_id: UUID | None = None) -> Mapping[str, Any]:
        """Everything held about a person, ready to be written as JSON; no secret, and nothing about
        others. The audit trail tells that it was handed out, and in which session, or it is not. Raises
        AccountNotFound, DatabaseUnavailable."""
        data = await self._store.export(user_id, max_rows=MAX_ROWS)
        if data is None:
            raise AccountNotFound(f"there is no account {user_id}")
        texts = {each.digest.hex(): each for each in await self._terms.history(user_id)}
        accepted = [{**entry, **_what_it_said(texts.get(entry["digest"]))} for entry in data.lists[_ACCEPTED]]
        await self._tell_of_export(user_id, session_id)
        return {
            "format": EXPORT_FORMAT,
            "service": self._service,
            "made_at": rfc3339(self._clock.now()),
            "complete": data.complete,
            "account": data.account,
            **data.lists,
            _ACCEPTED: accepted,
        }

    async def _tell_of_export(self, user_id: UUID, session_id: UUID | None) -> None:
        """Each time an operator has it; a person who asks again and again is told of once in a while, each
        session for itself, so that a stolen one does not hide behind its owner's."""
        details = {"by": self._by}
        event = AuditEvent("account_exported", self._clock.now(), user_id, session_id, details=details)
        if self._by == "user":
            await self._trail.record_once(event, within=_EXPORTS_TOLD_EVERY)
        else:
            await self._trail.record(event)

    async def erase(self, user_id: UUID) -> Erased:
        """Erase a person for good; done already, nothing happens. Raises AccountNotFound,
        PepperUnreadable, DatabaseUnavailable."""
        now = self._clock.now()
        act = Act(now, now + self._tokens_live, self._by)
        erased = await self._store.erase(user_id, act=act)
        if erased is None:
            raise AccountNotFound(f"there is no account {user_id}")
        if self._on_ended is not None:
            for session_id in erased.sessions:
                self._on_ended(session_id, act.tokens_expire_at)
        return erased


def _what_it_said(accepted: AcceptedTerms | None) -> dict[str, str | None]:
    """Where the terms were published and their text, as it was accepted."""
    if accepted is None:
        return {"url": None, "text": None}
    return {"url": accepted.url, "text": accepted.text}
