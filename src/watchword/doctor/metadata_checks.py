"""A provider's published metadata against our settings for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from watchword.auth.client_assertion import ClientCredentials
from watchword.config.provider import ProviderSettings
from watchword.doctor.finding import Finding
from watchword.errors import ProviderSettingsMismatch
from watchword.protocol.discovery import DEVELOPMENT_MARK, ProviderMetadata
from watchword.protocol.printable import printable
from watchword.protocol.pushed_authorization import pushed_request_endpoint


def metadata_findings(
    provider_id: str,
    provider: ProviderSettings,
    credentials: ClientCredentials,
    metadata: ProviderMetadata,
    document: Mapping[str, Any],
) -> Iterator[Finding]:
    """``document`` is the JSON that ``metadata`` was read from; not all of it matters to a sign-in."""
    yield Finding("ok", provider_id, "metadata", f"read and checked, of issuer {metadata.issuer}")
    if document.get(DEVELOPMENT_MARK) is True:
        yield Finding(
            "warning",
            provider_id,
            "development_provider",
            "this is a development provider, where anyone signs in as anyone",
            "never in production, which refuses it",
        )
    yield from _mismatches(provider_id, provider, credentials, metadata)
    yield from _scopes(provider_id, provider, metadata)
    yield _pkce(provider_id, document)
    yield _iss_parameter(provider_id, metadata)
    yield from _ends(provider_id, provider, metadata)


def _mismatches(
    provider_id: str,
    provider: ProviderSettings,
    credentials: ClientCredentials,
    metadata: ProviderMetadata,
) -> Iterator[Finding]:
    try:
        credentials.check(metadata)
    except ProviderSettingsMismatch as error:
        yield Finding("fault", provider_id, "client_auth", error.detail, "sign-in cannot work before that")
    try:
        pushed_request_endpoint(metadata, provider.par)
    except ProviderSettingsMismatch as error:
        yield Finding("fault", provider_id, "pushed_requests", error.detail, "set PAR as the provider has it")


def _scopes(provider_id: str, provider: ProviderSettings, metadata: ProviderMetadata) -> Iterator[Finding]:
    offered = metadata.scopes_supported
    if offered is None:
        return
    wanted = provider.effective_scopes
    if missing := [each for each in wanted if each not in offered]:
        yield Finding(
            "warning",
            provider_id,
            "scopes",
            f"scopes_supported does not list {', '.join(missing)}",
            "allow them there, or ask for others in SCOPES",
        )
    else:
        yield Finding("ok", provider_id, "scopes", f"asks for {' '.join(wanted)}")


def _pkce(provider_id: str, document: Mapping[str, Any]) -> Finding:
    """RFC 8414 §2: a provider that lists nothing may still do it."""
    methods = document.get("code_challenge_methods_supported")
    if not isinstance(methods, list):
        return Finding(
            "warning",
            provider_id,
            "pkce",
            "code_challenge_methods_supported is missing: PKCE is sent, and may be ignored there",
            "ask the provider; without it a stolen code is only as safe as the client's secret",
        )
    if "S256" not in methods:
        listed = printable(", ".join(map(str, methods)) or "nothing", max_chars=100)
        return Finding(
            "fault", provider_id, "pkce", f"S256 is not offered, but {listed}", "enable S256 there"
        )
    return Finding("ok", provider_id, "pkce", "S256 is offered")


def _iss_parameter(provider_id: str, metadata: ProviderMetadata) -> Finding:
    said = "says iss in its answers, and must" if metadata.iss_parameter_supported else "does not say iss"
    return Finding(
        "ok", provider_id, "iss_parameter", f"{said} (RFC 9207); each provider has its own redirect URI"
    )


def _ends(provider_id: str, provider: ProviderSettings, metadata: ProviderMetadata) -> Iterator[Finding]:
    if provider.effective_logout == "rp_initiated" and metadata.end_session_endpoint is None:
        yield Finding(
            "warning",
            provider_id,
            "logout",
            "no end_session_endpoint: people who sign out here stay signed in there",
            "set LOGOUT=local_only if that is meant",
        )
    if provider.userinfo == "always" and metadata.userinfo_endpoint is None:
        yield Finding(
            "fault",
            provider_id,
            "userinfo",
            "USERINFO is always, but the metadata name no userinfo_endpoint: every sign-in is refused",
            "remove USERINFO",
        )
