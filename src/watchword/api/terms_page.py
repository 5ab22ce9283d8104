"""What the page of the terms shows, and how people are led to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit

from watchword.api.services import Services
from watchword.auth.ports import LiveSession
from watchword.errors import DatabaseUnavailable, TermsRequired
from watchword.protocol.rfc3339 import rfc3339
from watchword.protocol.terms import Terms
from watchword.protocol.terms_text import Block, blocks

TERMS: Final = "/auth/terms"


@dataclass(frozen=True, slots=True)
class TermsView:
    """The terms in force as somebody sees them. ``moment`` is when they accepted them; ``changed``: they
    wanted to accept others."""

    terms: Terms
    moment: datetime | None
    changed: bool = False

    @property
    def blocks(self) -> list[Block]:
        return blocks(self.terms.text or "")

    @property
    def accepted_at(self) -> str | None:
        return None if self.moment is None else rfc3339(self.moment)

    @property
    def digest(self) -> str:
        return self.terms.digest.hex()

    def as_json(self) -> dict[str, str | None]:
        return {
            "version": self.terms.version,
            "digest": self.digest,
            "url": self.terms.url,
            "text": self.terms.text,
            "accepted_at": self.accepted_at,
        }


def terms_with(return_to: str) -> str:
    """The page of the terms, from which people go on to ``return_to``."""
    return f"{TERMS}?" + urlencode({"return_to": return_to})


async def by_the_terms(services: Services, session: LiveSession, return_to: str) -> str:
    """Where a browser goes after a sign-in: by the page of the terms unless its person accepted them. Where
    that cannot be found out the page will say."""
    if services.terms is None or urlsplit(return_to).path == TERMS:
        return return_to
    try:
        await services.terms.require(session.user_id)
    except (DatabaseUnavailable, TermsRequired):
        return terms_with(return_to)
    return return_to
