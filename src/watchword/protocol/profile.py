"""Name and e-mail address of a person, as the provider states them (OpenID Connect Core 1.0 §5.1).

For display and mail only: who somebody is, is decided by issuer and subject (§5.7).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_EMAIL_CHARS = 320
MAX_NAME_CHARS = 200
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Profile:
    """What may be stored and shown. ``email_verified`` is the provider's word on ``email``."""

    email: str | None = field(repr=False)
    email_verified: bool
    name: str | None


def read_profile(id_token_claims: Mapping[str, Any], userinfo: Mapping[str, Any] | None) -> Profile:
    """Take name and address from the ID token, else from userinfo.

    Only JSON true is a verification, and only of the address it stands beside; a source that
    states the same address as anything but verified outweighs one that does.
    """
    sources = [id_token_claims] if userinfo is None else [id_token_claims, userinfo]
    email = next(filter(None, (_email(source) for source in sources)), None)
    stated = [
        source["email_verified"] is True
        for source in sources
        if email is not None and source.get("email") == email and "email_verified" in source
    ]
    return Profile(
        email=email,
        email_verified=bool(stated) and all(stated),
        name=next(filter(None, (_name(source) for source in sources)), None),
    )


def _email(source: Mapping[str, Any]) -> str | None:
    text = _clean(source.get("email"), MAX_EMAIL_CHARS)
    if text is None or any(char.isspace() for char in text) or "@" not in text[1:-1]:
        return None
    return text


def _name(source: Mapping[str, Any]) -> str | None:
    text = _clean(source.get("name"), MAX_NAME_CHARS)
    return text.strip() if text is not None else None


def _clean(value: Any, max_chars: int) -> str | None:
    if not isinstance(value, str) or len(value) > max_chars:
        return None
    return None if any(_is_unsafe(char) for char in value) else value


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE_CATEGORIES or char in _BIDI_CONTROLS
