"""The headers that every answer of ours carries, whatever is in it."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders

VARY: Final = "Cookie, Authorization"


def protective_headers(*, secure: bool) -> dict[str, str]:
    """No guessing of types, no addresses told to others; ``secure``: browsers reach us over https,
    and are to keep to it for a year (RFC 6797 §6.1)."""
    headers = {"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def protect(headers: MutableHeaders, *, secure: bool) -> None:
    """Add what an answer lacks. One that does not say it is public is for its caller only, and
    kept by nobody (RFC 9111 §5.2.2.5)."""
    for name, value in protective_headers(secure=secure).items():
        headers.setdefault(name, value)
    if "public" in headers.setdefault("Cache-Control", "no-store"):
        return
    varies = {each.strip().lower() for each in headers.get("Vary", "").split(",")}
    if not {"cookie", "authorization"} <= varies:
        headers.add_vary_header(VARY)
