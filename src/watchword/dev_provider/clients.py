"""Registered clients, and which redirect URIs they may use (RFC 9700 §2.1, RFC 8252 §7.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from watchword.errors import ConfigurationError

AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
AUTH_METHODS: tuple[AuthMethod, ...] = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
)
_SECRET_METHODS = ("client_secret_basic", "client_secret_post")

_LOOPBACK_URI = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([1-9][0-9]{0,4}))?((?:[/?][^#\\]*)?)", re.ASCII
)
_REGISTERABLE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^#\\]+", re.ASCII)
_VISIBLE_ASCII = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class DevClient:
    """One registered client.

    ``redirect_uris`` match exactly, but for the port of plain-http loopback URIs.
    ``any_loopback`` also allows every path on loopback, for redirects and for where a logout
    ends; otherwise ``post_logout_redirect_uris`` match exactly. ``jwks`` is the JWK Set whose keys sign
    the assertions of a ``private_key_jwt`` client. Raises ConfigurationError.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uris: Sequence[str] = ()
    any_loopback: bool = False
    post_logout_redirect_uris: Sequence[str] = ()
    auth_method: AuthMethod = "client_secret_basic"
    jwks: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if problems := _problems(self):
            raise ConfigurationError(problems)

    def may_redirect_to(self, uri: str) -> bool:
        """Whether an authorization response may go to ``uri``."""
        if uri in self.redirect_uris:
            return True
        asked = _loopback_parts(uri)
        if asked is None:
            return False
        return self.any_loopback or any(_loopback_parts(known) == asked for known in self.redirect_uris)

    def may_end_at(self, uri: str) -> bool:
        """Whether a logout may end at ``uri`` (OpenID Connect RP-Initiated Logout §2)."""
        return uri in self.post_logout_redirect_uris or (
            self.any_loopback and _loopback_parts(uri) is not None
        )


def _loopback_parts(uri: str) -> tuple[str, str] | None:
    """Scheme with host, and everything after the port, of a plain-http loopback URI."""
    match = _LOOPBACK_URI.fullmatch(uri)
    if match is None or not _VISIBLE_ASCII.fullmatch(uri) or int(match[2] or 80) > 65535:
        return None
    return match[1], match[3]


def _problems(client: DevClient) -> list[str]:
    problems = []
    if not client.client_id or not isinstance(client.client_id, str):
        problems.append("a client of the development provider needs a client_id")
    if client.auth_method not in AUTH_METHODS:
        problems.append(f"client {client.client_id!r}: auth_method must be one of {', '.join(AUTH_METHODS)}")
    if (client.auth_method in _SECRET_METHODS) != bool(client.client_secret):
        problems.append(f"client {client.client_id!r}: a secret goes with {' and '.join(_SECRET_METHODS)}")
    if (client.auth_method == "private_key_jwt") != bool(client.jwks):
        problems.append(f"client {client.client_id!r}: jwks goes with private_key_jwt")
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        uris = getattr(client, name)
        if isinstance(uris, str):
            problems.append(f"client {client.client_id!r}: {name} is a list")
            continue
        problems += [
            f"client {client.client_id!r}: {uri!r} is no absolute URI without fragment"
            for uri in uris
            if not (_REGISTERABLE_URI.fullmatch(uri) and _VISIBLE_ASCII.fullmatch(uri))
        ]
    return problems
