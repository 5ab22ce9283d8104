"""Which addresses of a provider may be contacted (OpenID Connect Discovery 1.0 §3, RFC 9700 §2.6).

https only. Plain http is for loopback in development and is matched on the parsed host, so that
``http://localhost:80@attacker.test`` is not loopback.
"""

from __future__ import annotations

from watchword.errors import ProviderMetadataInvalid
from watchword.protocol.web_url import WebUrl, parse_web_url


def parse_endpoint(url: str, *, allow_loopback_http: bool) -> WebUrl:
    """The parsed address of an endpoint that may be contacted. Raises ValueError naming the fault."""
    parsed = parse_web_url(url)
    if parsed.scheme == "https" or (allow_loopback_http and parsed.is_loopback):
        return parsed
    raise ValueError("must be https (plain http is for loopback in development only)")


def parse_issuer(url: str, *, allow_loopback_http: bool) -> WebUrl:
    """Like :func:`parse_endpoint`, for an issuer: it has no query either (Discovery §3)."""
    parsed = parse_endpoint(url, allow_loopback_http=allow_loopback_http)
    if parsed.query is not None:
        raise ValueError("has a query (?...)")
    return parsed


def check_endpoint(url: str, *, allow_loopback_http: bool) -> str:
    """``url`` itself when it may be contacted. Raises ProviderMetadataInvalid."""
    try:
        parse_endpoint(url, allow_loopback_http=allow_loopback_http)
    except ValueError as fault:
        raise ProviderMetadataInvalid(f"the provider's endpoint {fault}") from None
    return url


def check_issuer(url: str, *, allow_loopback_http: bool) -> str:
    """``url`` itself when it can be an issuer. Raises ProviderMetadataInvalid."""
    try:
        parse_issuer(url, allow_loopback_http=allow_loopback_http)
    except ValueError as fault:
        raise ProviderMetadataInvalid(f"the issuer {fault}") from None
    return url
