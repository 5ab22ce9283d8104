"""A provider's own access tokens: the profile of RFC 9068, and the shapes vendors give theirs instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from watchword.protocol import claims
from watchword.protocol.claims import ClaimError
from watchword.protocol.frozen import frozen
from watchword.protocol.issuer_rule import IssuerRule, check_token_issuer
from watchword.protocol.jws import VerifiedJws
from watchword.protocol.principal import Principal
from watchword.protocol.roles import map_roles, roles_at
from watchword.protocol.scope import is_scope_name

MAX_LIFE_SECONDS: Final = 86_400

_PROFILE: Final = frozenset({"at+jwt", "application/at+jwt"})
_ANY_JWT: Final = _PROFILE | {"jwt"}
_UNNAMED: Final = _ANY_JWT | {None}


@dataclass(frozen=True, slots=True)
class TokenShape:
    """Where an access token says what RFC 9068 §2.2 has in claims of its own.

    ``types`` are header ``typ`` in lower case, None for a token without one. Of ``subject`` and
    ``client`` the first claim that is there counts, and one has to be. ``kind`` is a claim, and its
    value in access tokens, by which the vendor tells its tokens apart. ``audience`` is the claim that
    says for whom the token is. ``grants`` are claims of which one has to be there.
    """

    types: frozenset[str | None] = _PROFILE
    subject: tuple[str, ...] = ("sub",)
    client: tuple[str, ...] = ("client_id",)
    token_id: str = "jti"  # noqa: S105
    token_id_required: bool = True
    scope: str = "scope"
    kind: tuple[str, str] | None = None
    audience: Literal["aud", "client_id"] = "aud"
    grants: tuple[str, ...] = ()


SHAPES: Final[Mapping[str, TokenShape]] = MappingProxyType(
    {
        "rfc9068": TokenShape(),
        "auth0": TokenShape(types=_ANY_JWT, client=("client_id", "azp"), token_id_required=False),
        "okta": TokenShape(types=_UNNAMED, subject=("uid", "sub"), client=("cid",), scope="scp"),
        "cognito": TokenShape(types=_UNNAMED, kind=("token_use", "access"), audience="client_id"),
        "entra": TokenShape(
            types=_ANY_JWT,
            subject=("oid",),
            client=("azp", "appid"),
            token_id="uti",  # noqa: S106
            token_id_required=False,
            scope="scp",
            grants=("scp", "roles"),
        ),
        "keycloak": TokenShape(types=_ANY_JWT, client=("azp", "client_id"), kind=("typ", "Bearer")),
    }
)
"""By the presets' names for them."""


@dataclass(frozen=True, slots=True)
class AccessTokenPolicy:
    """What one provider's access tokens have to be. ``audiences`` are our API's names at the provider,
    or, where the shape has no ``aud``, the ids of the clients whose tokens are meant for it.
    ``hosted_domains``, where there are any, are those of which ``hd`` has to be one, as in ID tokens."""

    shape: TokenShape
    issuer: IssuerRule
    audiences: frozenset[str]
    role_claims: Sequence[Sequence[str]] = ()
    role_map: Mapping[str, str] | None = None
    leeway_seconds: int = 30
    max_life_seconds: int = MAX_LIFE_SECONDS
    hosted_domains: frozenset[str] = frozenset()


def check_provider_token(verified: VerifiedJws, policy: AccessTokenPolicy, *, now_seconds: int) -> Principal:
    """The caller behind a token whose signature holds, as somebody without an account: with the roles
    their provider gives them, mapped. Raises ClaimError naming the claim."""
    found = claims.read_claims(verified)
    issuer = check_token_issuer(found, policy.issuer, key_issuer=verified.key.issuer)
    return _caller(verified.typ, found, issuer, policy, now_seconds)


def screen_provider_token(
    typ: str | None, said: Mapping[str, Any], policy: AccessTokenPolicy, *, now_seconds: int
) -> None:
    """Whether a token whose signature nobody checked yet is worth asking the provider for a key.

    Raises ClaimError where it is refused whoever signed it. Passing means nothing.
    """
    _caller(typ, said, check_token_issuer(said, policy.issuer, key_issuer=None), policy, now_seconds)


def _caller(
    typ: str | None, found: Mapping[str, Any], issuer: str, policy: AccessTokenPolicy, now_seconds: int
) -> Principal:
    shape, leeway_seconds = policy.shape, policy.leeway_seconds
    _check_kind(typ, found, shape)
    _check_audience(found, policy)
    claims.check_hosted_domain(found, policy.hosted_domains)
    claims.check_times(
        found,
        now_seconds=now_seconds,
        leeway_seconds=leeway_seconds,
        max_life_seconds=policy.max_life_seconds,
    )
    token_id = (claims.required_text if shape.token_id_required else claims.optional_text)(
        found, shape.token_id
    )
    roles = roles_at(found, policy.role_claims, mapping=policy.role_map).roles
    return Principal(
        user_id=None,
        session_id=None,
        client_id=_first_text(found, shape.client),
        roles=map_roles(roles, policy.role_map),
        scopes=_scopes(found, shape.scope),
        issuer=issuer,
        subject=_first_text(found, shape.subject),
        email=_profile_text(found, "email"),
        name=_profile_text(found, "name"),
        auth_time=claims.optional_auth_time(found, now_seconds=now_seconds, leeway_seconds=leeway_seconds),
        token_id=token_id,
        claims=frozen(dict(found)),
    )


def _check_kind(typ: str | None, found: Mapping[str, Any], shape: TokenShape) -> None:
    """An ID token, a logout token or one that is bound to a key its bearer has to prove is refused."""
    if (typ if typ is None else typ.lower()) not in shape.types:
        raise ClaimError("typ", "missing" if typ is None else "mismatch", "another kind of token")
    if shape.kind is not None:
        claims.required_match(found, *shape.kind)
    if "events" in found:
        raise ClaimError("events", "mismatch", "a security event, not an access token (RFC 8417)")
    if "cnf" in found:
        raise ClaimError("cnf", "unverifiable", "bound to a key, which a bearer cannot prove (RFC 7800)")
    if shape.grants and found.keys().isdisjoint(shape.grants):
        raise ClaimError(shape.grants[0], "missing", "it grants nothing")


def _check_audience(found: Mapping[str, Any], policy: AccessTokenPolicy) -> None:
    """Where clients stand for the audience, an ``aud`` that is there all the same has to fit, too."""
    by_client = policy.shape.audience == "client_id"
    if by_client and claims.required_text(found, "client_id") not in policy.audiences:
        raise ClaimError("client_id", "mismatch", "a client whose tokens are not for this API")
    if (not by_client or "aud" in found) and policy.audiences.isdisjoint(claims.audiences(found)):
        raise ClaimError("aud", "mismatch", "not for this API")


def _first_text(found: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return claims.required_text(found, next((name for name in names if name in found), names[0]))


def _scopes(found: Mapping[str, Any], name: str) -> frozenset[str]:
    """A list of names, or one text with blanks between them (RFC 9068 §2.2.3); what no scope can be
    called (RFC 6749 §3.3) is left out."""
    value = found.get(name, "")
    names = value.split(" ") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ClaimError(name, "wrong_type")
    return frozenset(filter(is_scope_name, names))


def _profile_text(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) and claims.is_safe_text(value) else None
