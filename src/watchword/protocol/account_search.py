"""What an administrator looks for among the accounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from watchword.errors import InvalidRequest
from watchword.protocol.body_members import read_members
from watchword.protocol.exact_id import exact_id

MAX_SEARCH_CHARS: Final = 320
"""As long as an e-mail address may be."""
MAX_SEARCH_BYTES: Final = 4096
ANY_END: Final = "*"
_ADDRESS: Final = re.compile(r"[^@]+@[^@]+")
_UNSTORABLE: Final = frozenset({"Cc", "Cs"})

SearchedBy = Literal["id", "email", "beginning", "nothing"]
SearchedStatus = Literal["active", "disabled"]


@dataclass(frozen=True, slots=True)
class AccountSearch:
    """Accounts that fit all that is set: an id, a whole e-mail address, what e-mail or name begin with.
    ``before`` is the id of an account, of which only those are wanted that were made earlier."""

    user_id: UUID | None = None
    email: str | None = field(default=None, repr=False)
    beginning: str | None = field(default=None, repr=False)
    status: SearchedStatus | None = None
    before: UUID | None = None

    @property
    def by(self) -> SearchedBy:
        """The kind of what was looked for, which may be told where the text may not."""
        if self.user_id is not None:
            return "id"
        if self.email is not None:
            return "email"
        return "nothing" if self.beginning is None else "beginning"


def read_search_body(content_type: str | None, body: bytes) -> tuple[AccountSearch, str]:
    """A form or JSON object with ``q``, ``status`` and ``before``, each of which may be left out or empty;
    also ``q``, without the blanks around it. Raises InvalidRequest, RequestTooLarge."""
    members = read_members(content_type, body, max_bytes=MAX_SEARCH_BYTES)
    wanted = _text(members, "q").strip()
    return read_search(wanted, status=_text(members, "status"), before=_text(members, "before")), wanted


def read_search(wanted: str, *, status: str, before: str) -> AccountSearch:
    """What ``wanted`` is, is told by its form: a UUID is an id, text with an ``@`` inside a whole e-mail
    address, anything else a beginning, and so is everything that ends in ``*``. Raises InvalidRequest."""
    if status not in ("", "active", "disabled"):
        raise InvalidRequest("status is neither active nor disabled")
    kept: SearchedStatus | None = "active" if status == "active" else "disabled" if status else None
    page = read_before(before)
    if len(wanted) > MAX_SEARCH_CHARS:
        raise InvalidRequest(f"what is searched for is longer than {MAX_SEARCH_CHARS} characters")
    if any(unicodedata.category(char) in _UNSTORABLE for char in wanted):
        raise InvalidRequest("what is searched for holds control characters or half a character")
    user_id = exact_id(wanted.lower())
    if user_id is not None:
        return AccountSearch(user_id=user_id, status=kept, before=page)
    if wanted.endswith(ANY_END):
        return AccountSearch(beginning=wanted.removesuffix(ANY_END) or None, status=kept, before=page)
    if _ADDRESS.fullmatch(wanted):
        return AccountSearch(email=wanted, status=kept, before=page)
    return AccountSearch(beginning=wanted or None, status=kept, before=page)


def read_before(text: str) -> UUID | None:
    """Where a page goes on, None for the first. Raises InvalidRequest for what no page of ours said."""
    if not text:
        return None
    found = exact_id(text)
    if found is None:
        raise InvalidRequest("before is not the id that a page said to go on before")
    return found


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} is no text")
    return value
