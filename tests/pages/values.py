"""What the views of the registry are filled with: as long and as odd as people's data are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.pages import admin_views
from watchword.api.migration_guide import Step
from watchword.api.ways_on import Choice, WaysOn
from watchword.protocol.terms import Terms, terms_of
from watchword.protocol.terms_text import Block, blocks

REQUEST_ID: Final = "0123456789abcdef0123456789abcdef"
LONG_NAME: Final = "The Identity Provider of the Department of Extraordinarily Long Names"
CHOICES: Final = (
    Choice("work", "Example Works", "/auth/login/work", not_answering=False),
    Choice("other", LONG_NAME, "/auth/login/other", not_answering=True),
)
ACCOUNT: Final = {"name": "Bob Example-Hottentottenstottertrottelmutter", "email": "bob@example.test"}
IDENTITIES: Final = (
    {"provider": "Example Works", "offered": True, "email": "bob@example.test"},
    {"provider": "gone", "offered": False, "email": None},
)
AGAIN: Final = WaysOn("/auth/login/work", provider_name="Example Works", elsewhere="/auth/login")
DOWN: Final = WaysOn(
    "/auth/login/work", provider_name="Example Works", unavailable="Example Works", others=CHOICES[1:]
)
STEPS: Final = (
    Step("GET /v1/orders/{order_id}/positions/{position_id}/history", "GET /v2/history", "a sign-in"),
    Step("DELETE /v1/orders", None, ""),
)
_TIMES: Final = (
    {"what": "Signed in", "machine": "2026-11-23T09:05:00Z"},
    {"what": "Last seen", "machine": "2026-11-23T10:05:00Z"},
    {"what": "Ends at the latest", "machine": "2026-11-24T09:05:00Z"},
)


def _session(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d{number}",
        "current": False,
        "device": "Firefox on Linux",
        "client": None,
        "provider": "Example Works",
        "ip": "2001:db8:1234:5600::/56",
        "times": _TIMES,
        **changes,
    }


SESSIONS: Final = (
    _session(1, current=True),
    _session(2, device=None, client="command-line-client", ip=None),
    _session(3, device="Android app", provider=None),
)


@dataclass(frozen=True, slots=True)
class TermsShown:
    """Terms long enough to scroll."""

    changed: bool = False
    url: str | None = None
    accepted_at: str | None = None

    @property
    def terms(self) -> Terms:
        paragraphs = "\n\n".join(
            f"Paragraph {number} of the terms, as it was written." for number in range(40)
        )
        return terms_of("2", f"# Use\n\n{paragraphs}\n\n- one\n- two\n".encode(), self.url)

    @property
    def digest(self) -> str:
        return self.terms.digest.hex()

    @property
    def blocks(self) -> list[Block]:
        return blocks(self.terms.text or "")


DATA: Final = frozenset(
    {
        *("Example Works", LONG_NAME, "cli", "gone", "command-line-client", "v1"),
        *(ACCOUNT["name"], ACCOUNT["email"], REQUEST_ID, "2001:db8:1234:5600::/56"),
        *admin_views.DATA,
        *("Paragraph", "of the terms, as it was written.", "Use", "one", "two", "a sign-in"),
    }
)
"""What is nobody's to translate."""
