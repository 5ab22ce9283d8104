"""What follows from one provider's settings alone, before it is asked anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from watchword.config.auth import Settings
from watchword.config.provider import ANY_TENANT, ProviderSettings
from watchword.doctor import recheck_checks
from watchword.doctor.finding import Finding
from watchword.protocol.roles import ADMIN_ROLE, map_roles


def registration_findings(settings: Settings, provider_id: str) -> Iterator[Finding]:
    """What to register there, what its claims grant here, and which checks the operator gave up."""
    provider = settings.providers[provider_id]
    method = provider.effective_client_auth
    yield Finding(
        "ok",
        provider_id,
        "redirect_uri",
        f"register exactly this redirect URI: {settings.redirect_uri(provider_id)}",
    )
    yield Finding("ok", provider_id, "client", f"client {provider.client_id!r} authenticates by {method}")
    if not provider.issuer_rule.discoverable.startswith("https://"):
        yield Finding(
            "warning",
            provider_id,
            "plain_http",
            f"{provider.issuer} is plain http: whoever is in between signs in as anyone",
            "for development only; use an https issuer",
        )
    yield _role_claims(provider_id, provider)
    yield from _dropped_roles(provider_id, provider)
    yield from _step_up(provider_id, provider)
    if settings.provider_recheck_seconds > 0:
        yield from recheck_checks.configured(provider_id, provider, settings.provider_recheck_seconds)
    yield from _weakened(provider_id, provider)


def _role_claims(provider_id: str, provider: ProviderSettings) -> Finding:
    """Which claim of which issuer grants what."""
    paths = provider.effective_role_claims
    if not paths:
        return Finding("ok", provider_id, "role_claims", f"no claim of {provider.issuer} grants a role")
    claims = " and ".join(" > ".join(path) for path in paths)
    mapping = provider.role_map
    grants = (
        "the roles it names, by the same names"
        if mapping is None
        else ", ".join(f"{theirs!r} -> {ours!r}" for theirs, ours in _kept(mapping)) or "nothing"
    )
    return Finding("ok", provider_id, "role_claims", f"{claims} of {provider.issuer} grants {grants}")


def _kept(mapping: Mapping[str, str]) -> list[tuple[str, str]]:
    ours = map_roles(mapping.values(), None)
    return sorted(each for each in mapping.items() if each[1] in ours)


def _dropped_roles(provider_id: str, provider: ProviderSettings) -> Iterator[Finding]:
    mapping = provider.role_map or {}
    if dropped := sorted(set(mapping.values()) - {ours for _, ours in _kept(mapping)}):
        yield Finding(
            "warning",
            provider_id,
            "role_map",
            f"ROLE_MAP leads to {', '.join(map(repr, dropped))}, which no provider can grant",
            f"{ADMIN_ROLE} by: watchword users grant; others are 1 to 64 letters, digits and _ . : / -",
        )


def _step_up(provider_id: str, provider: ProviderSettings) -> Iterator[Finding]:
    if not provider.asserts_auth_time:
        yield Finding(
            "warning",
            provider_id,
            "step_up",
            f"{provider.preset} never says when somebody signed in: routes with max_age_seconds refuse its "
            "people",
            "sign in elsewhere for those routes",
        )


def _weakened(provider_id: str, provider: ProviderSettings) -> Iterator[Finding]:
    if ANY_TENANT in provider.allowed_tenants:
        yield _opt_out(
            provider_id,
            f"ALLOWED_TENANTS is {ANY_TENANT}: people of every organisation can sign in",
            "list the ids of yours",
        )
    if provider.link_verified_email:
        yield _opt_out(
            provider_id,
            "LINK_VERIFIED_EMAIL: whoever has an address of "
            f"{', '.join(provider.email_domains)} at this provider gets the account that has it here",
            "only for domains whose mailboxes this provider rules",
        )
    if provider.accept_access_tokens:
        yield _opt_out(
            provider_id,
            f"ACCEPT_ACCESS_TOKENS: tokens for {', '.join(provider.audience)} count here until they expire, "
            "whatever ends at the provider",
            "prefer watchword's own tokens where callers can get them",
        )
    if provider.effective_client_auth == "none":
        yield _opt_out(
            provider_id,
            "CLIENT_AUTH is none: the provider cannot tell this service from whoever knows its client id",
            "register a confidential client",
        )


def _opt_out(provider_id: str, text: str, fix: str) -> Finding:
    return Finding("warning", provider_id, "opt_out", text, fix)
