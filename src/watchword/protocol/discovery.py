"""A provider's metadata: where it is and when it is believed (OpenID Connect Discovery 1.0 §3, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchword.errors import ProviderMetadataInvalid
from watchword.protocol.algorithms import ID_TOKEN_ALGORITHMS
from watchword.protocol.endpoint_url import parse_endpoint, parse_issuer
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.printable import printable
from watchword.protocol.strict_json import MalformedJson, loads_object
from watchword.protocol.web_url import WebUrl

MAX_METADATA_BYTES = 64 * 1024
DEVELOPMENT_MARK = "watchword_development_provider"
"""Metadata member by which a development provider says what it is."""
_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """Checked metadata of one issuer. Endpoints a provider does not offer are None;
    ``scopes_supported`` and ``token_endpoint_auth_algorithms``, for signed client assertions, are None
    when it does not say."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    revocation_endpoint: str | None
    pushed_authorization_request_endpoint: str | None
    pushed_authorization_requests_required: bool
    id_token_algorithms: frozenset[str]
    token_endpoint_auth_methods: frozenset[str]
    token_endpoint_auth_algorithms: frozenset[str] | None
    iss_parameter_supported: bool
    scopes_supported: frozenset[str] | None


def metadata_url(issuer: str) -> str:
    """Where the metadata of ``issuer`` is (§4): the well-known path after the issuer's own path."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def check_metadata(
    body: bytes,
    *,
    issuer: IssuerRule,
    allow_loopback_http: bool,
    read_at: str | None = None,
    signs: bool = True,
) -> ProviderMetadata:
    """Read the metadata document of the configured ``issuer``.

    The document's issuer must be what the rule expects, to the character (§4.3); every endpoint must
    be one that may be contacted. ``read_at`` is where the document was, unless at the issuer's own
    well-known path; of a provider that ``signs`` nothing no keys are asked for, and ``jwks_uri`` is
    empty. ``allow_loopback_http`` is for trying things out: without it a development
    provider is refused as well. Raises ProviderMetadataInvalid naming the member at fault.
    """
    home = _home(issuer.discoverable, read_at, allow_loopback_http)
    try:
        document = loads_object(body, max_bytes=MAX_METADATA_BYTES)
    except MalformedJson as fault:
        raise ProviderMetadataInvalid(f"the provider's metadata is not acceptable JSON: {fault}") from None
    _check_issuer_equal(document.get("issuer"), issuer.published)
    if document.get(DEVELOPMENT_MARK) is True and not allow_loopback_http:
        raise ProviderMetadataInvalid("this is a development provider, where anyone signs in as anyone")
    return ProviderMetadata(
        issuer=issuer.published,
        authorization_endpoint=_required(document, "authorization_endpoint", home),
        token_endpoint=_required(document, "token_endpoint", home),
        jwks_uri=_required(document, "jwks_uri", home) if signs else "",
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", home),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", home),
        revocation_endpoint=_endpoint(document, "revocation_endpoint", home),
        pushed_authorization_request_endpoint=_endpoint(
            document, "pushed_authorization_request_endpoint", home
        ),
        pushed_authorization_requests_required=_flag(document, "require_pushed_authorization_requests"),
        id_token_algorithms=_algorithms(document),
        token_endpoint_auth_methods=_names(document, "token_endpoint_auth_methods_supported")
        or frozenset({"client_secret_basic"}),
        token_endpoint_auth_algorithms=_names(document, "token_endpoint_auth_signing_alg_values_supported"),
        iss_parameter_supported=_flag(document, "authorization_response_iss_parameter_supported"),
        scopes_supported=_names(document, "scopes_supported"),
    )


def _home(issuer: str, read_at: str | None, allow_loopback_http: bool) -> WebUrl:
    """The address whose host the endpoints are measured by: where the operator said the metadata are."""
    try:
        home = parse_issuer(issuer, allow_loopback_http=allow_loopback_http)
    except ValueError as fault:
        raise ProviderMetadataInvalid(f"the configured issuer {fault}") from None
    if read_at is None:
        return home
    try:
        return parse_endpoint(read_at, allow_loopback_http=allow_loopback_http)
    except ValueError as fault:
        raise ProviderMetadataInvalid(f"the configured metadata_url {fault}") from None


def _check_issuer_equal(got: Any, expected: str) -> None:
    if got == expected:
        return
    if not isinstance(got, str):
        raise ProviderMetadataInvalid("issuer is missing from the provider's metadata or is not a string")
    slash_only = got.rstrip("/") == expected.rstrip("/")
    hint = "; only the slash at the end differs: write the setting as the provider does" if slash_only else ""
    raise ProviderMetadataInvalid(
        f"the provider's metadata is of another issuer: expected {expected!r}, "
        f"got '{printable(got, max_chars=300)}'{hint}"
    )


def _required(document: Mapping[str, Any], name: str, home: WebUrl) -> str:
    url = _endpoint(document, name, home)
    if url is None:
        raise ProviderMetadataInvalid(f"{name} is missing from the provider's metadata")
    return url


def _endpoint(document: Mapping[str, Any], name: str, home: WebUrl) -> str | None:
    """An endpoint is https where the issuer is, and a bare IP address only where the issuer is
    that address, so that metadata cannot aim our requests into a private network."""
    url = document.get(name)
    if url is None:
        return None
    if not isinstance(url, str):
        raise ProviderMetadataInvalid(f"{name} in the provider's metadata is not a string")
    try:
        parsed = parse_endpoint(url, allow_loopback_http=home.scheme == "http")
    except ValueError as fault:
        raise ProviderMetadataInvalid(f"{name} in the provider's metadata {fault}") from None
    if _is_private_detour(parsed, home):
        raise ProviderMetadataInvalid(
            f"{name} in the provider's metadata is loopback or an IP address, and not the issuer's own host"
        )
    return url


def _is_private_detour(endpoint: WebUrl, home: WebUrl) -> bool:
    if endpoint.host == home.host or (endpoint.is_loopback and home.is_loopback):
        return False
    return endpoint.is_ip or endpoint.is_loopback


def _algorithms(document: Mapping[str, Any]) -> frozenset[str]:
    listed = _names(document, "id_token_signing_alg_values_supported")
    if listed is None:
        return frozenset({"RS256"})
    usable = listed & ID_TOKEN_ALGORITHMS
    if not usable:
        offered = printable(", ".join(sorted(listed)) or "nothing", max_chars=200)
        raise ProviderMetadataInvalid(
            "id_token_signing_alg_values_supported names no algorithm we accept "
            f"({', '.join(sorted(ID_TOKEN_ALGORITHMS))}); the provider offers {offered}"
        )
    return usable


def _names(document: Mapping[str, Any], name: str) -> frozenset[str] | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ProviderMetadataInvalid(f"{name} in the provider's metadata is not a list of strings")
    return frozenset(value)


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise ProviderMetadataInvalid(f"{name} in the provider's metadata is neither true nor false")
    return value
