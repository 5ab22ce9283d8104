"""Whether sign-ins bring a refresh token, without which nobody is asked again whether an account is still
there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from watchword.config.presets import OFFLINE_ACCESS
from watchword.config.provider import ProviderSettings
from watchword.doctor.finding import Finding
from watchword.protocol.discovery import ProviderMetadata

NO_RECHECK: Final = "no re-check: people whose account ends at the provider stay until their session ends"


def configured(provider_id: str, provider: ProviderSettings, recheck_seconds: int) -> Iterator[Finding]:
    """What the settings leave out that the preset knows to be needed."""
    about = provider.about
    if not about.refresh_tokens:
        yield _warning(
            provider_id,
            f"{provider.preset} gives its usual clients no refresh token; {NO_RECHECK}",
            "keep SESSION_ABSOLUTE_SECONDS short for its people, or disable them here",
        )
    given = provider.effective_authorize_params
    left_out = [
        f"{name}={value}"
        for name, value in about.offline_params.items()
        if provider.authorize_params is not None and given.get(name) != value
    ]
    scope = about.offline_scope
    if scope is not None and provider.scopes is not None and scope not in provider.scopes:
        if about.session_token_seconds is not None:
            yield from _short_lived(provider_id, about.session_token_seconds, recheck_seconds)
        else:
            left_out.append(f"the scope {scope}")
    if left_out:
        yield _warning(
            provider_id,
            f"no refresh token may come without {' and '.join(left_out)}; {NO_RECHECK}",
            "add it to SCOPES or AUTHORIZE_PARAMS, or remove those settings",
        )


def _short_lived(provider_id: str, lives_seconds: int, recheck_seconds: int) -> Iterator[Finding]:
    if recheck_seconds >= lives_seconds:
        yield _warning(
            provider_id,
            f"without the scope {OFFLINE_ACCESS} its refresh token is gone after {lives_seconds} s without "
            f"use, unless it was told otherwise: sessions end at the re-check after {recheck_seconds} s",
            f"WATCHWORD_PROVIDER_RECHECK_SECONDS below {lives_seconds}, or {OFFLINE_ACCESS} in SCOPES",
        )


def offered(
    provider_id: str, provider: ProviderSettings, metadata: ProviderMetadata, document: Mapping[str, Any]
) -> Iterator[Finding]:
    """What the provider says that it does not give; a list that is missing says nothing."""
    scope, listed = provider.offline_scope, metadata.scopes_supported
    if scope is not None and scope not in (listed or ()):
        said = "scopes_supported is missing" if listed is None else f"scopes_supported does not list {scope}"
        yield _warning(
            provider_id,
            f"{said}, so {scope} is not asked for and no refresh token may come; {NO_RECHECK}",
            f"allow {scope} there, or list it in SCOPES if it is allowed and only not listed",
        )
    grants = document.get("grant_types_supported")
    if isinstance(grants, list) and "refresh_token" not in grants:
        yield _warning(
            provider_id,
            f"grant_types_supported does not list refresh_token; {NO_RECHECK}",
            "allow refresh tokens for this client there",
        )


def _warning(provider_id: str, text: str, fix: str) -> Finding:
    return Finding("warning", provider_id, "refresh_token", text, fix)
