"""Which ``iss`` is a provider's own (OpenID Connect Core §3.1.3.7 item 2), and where vendors leave that rule.

The rule is equality to the character. Google writes its issuer with and without ``https://``; Microsoft
Entra's multi-tenant metadata name ``{tenantid}`` where every token has its tenant's id, and limit keys
of their key set to an issuer. GitHub is configured by its address, and says ``/login/oauth`` after it in the
``iss`` of its answers (RFC 9207).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from watchword.protocol import claims
from watchword.protocol.claims import ClaimError
from watchword.protocol.printable import printable

IssuerForms = Literal["exact", "with_or_without_scheme", "with_or_without_oauth_path", "per_tenant"]
TENANT: Final = "{tenantid}"
OAUTH_PATH: Final = "/login/oauth"
TENANT_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_OF_MANY_TENANTS = re.compile(r"(https?://[^/]+)/(?:common|organizations|\{tenantid\})(/.*)?")


@dataclass(frozen=True, slots=True)
class IssuerRule:
    """The configured ``issuer`` and how tokens may write it. ``tenants`` are those whose people are let
    in, by ``tid``; empty lets in all that the issuer speaks for."""

    issuer: str
    forms: IssuerForms = "exact"
    tenants: frozenset[str] = frozenset()

    @property
    def published(self) -> str:
        """What the metadata have to say: ``…/{tenantid}/…`` for an issuer of many tenants."""
        return self.issuer if self.template is None else self.template

    @property
    def discoverable(self) -> str:
        """The issuer as an address, from which that of its metadata is made."""
        return self.issuer.replace(TENANT, "common") if self.forms == "per_tenant" else self.issuer

    @property
    def template(self) -> str | None:
        """The issuer with ``{tenantid}`` in it, None where it is an issuer of one tenant, or has none."""
        found = _OF_MANY_TENANTS.fullmatch(self.issuer) if self.forms == "per_tenant" else None
        return f"{found[1]}/{TENANT}{found[2] or ''}" if found else None

    def canonical(self, iss: str) -> str | None:
        """The one spelling under which people of ``iss`` are known; None for another's issuer."""
        template = self.template
        if template is not None:
            before, _, after = template.partition(TENANT)
            tenant = iss.removeprefix(before).removesuffix(after)
            fits = TENANT_ID.fullmatch(tenant) and iss == f"{before}{tenant}{after}"
            return iss if fits else None
        return self.issuer if iss in (self.issuer, self._other_form) else None

    @property
    def _other_form(self) -> str:
        match self.forms:
            case "with_or_without_scheme":
                return self.issuer.partition("://")[2]
            case "with_or_without_oauth_path":
                return self.issuer.removesuffix("/").removesuffix(OAUTH_PATH) + OAUTH_PATH
            case _:
                return self.issuer


def check_token_issuer(found: Mapping[str, Any], rule: IssuerRule, *, key_issuer: str | None) -> str:
    """The issuer of a token whose signature holds, in its one spelling. Raises ClaimError.

    ``key_issuer`` is the ``issuer`` member of the key that verified it, which counts at an issuer of
    many tenants or of one of them.
    """
    iss = found.get("iss")
    if not isinstance(iss, str):
        raise ClaimError("iss", "wrong_type" if "iss" in found else "missing")
    canonical = rule.canonical(iss)
    if canonical is None:
        raise ClaimError("iss", "mismatch", f"expected '{printable(rule.published)}', got '{printable(iss)}'")
    if rule.template is not None or rule.tenants:
        _check_tenant(found, rule, iss)
    if rule.forms == "per_tenant" and key_issuer is not None:
        tenant = found.get("tid")
        limited_to = key_issuer.replace(TENANT, tenant if isinstance(tenant, str) else TENANT)
        if limited_to != iss:
            raise ClaimError("iss", "mismatch", "the key that signed is another issuer's")
    return canonical


def _check_tenant(found: Mapping[str, Any], rule: IssuerRule, iss: str) -> None:
    tenant = claims.required_text(found, "tid")
    if not TENANT_ID.fullmatch(tenant):
        raise ClaimError("tid", "malformed", "not a tenant's id in lower case")
    if rule.template is not None and iss != rule.template.replace(TENANT, tenant):
        raise ClaimError("tid", "mismatch", "another tenant than the issuer's")
    if rule.tenants and tenant not in rule.tenants:
        raise ClaimError("tid", "mismatch", f"tenant {tenant} is not one of those allowed")
