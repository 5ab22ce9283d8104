"""OpenID Connect Discovery: where metadata is and which of it is believed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.errors import ProviderMetadataInvalid
from watchword.protocol.discovery import DEVELOPMENT_MARK, ProviderMetadata, check_metadata, metadata_url
from watchword.protocol.issuer_rule import IssuerRule

ISSUER = "https://idp.test/realms/main"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.idp.test/authorize?p=signin",
    "token_endpoint": "https://idp.test/token",
    "jwks_uri": "https://keys.idp.test/jwks",
}


def read(document: Any, *, issuer: str = ISSUER, allow: bool = False) -> ProviderMetadata:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return check_metadata(body, issuer=IssuerRule(issuer), allow_loopback_http=allow)


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://idp.test", "https://idp.test/.well-known/openid-configuration"),
        ("https://idp.test/", "https://idp.test/.well-known/openid-configuration"),
        ("https://idp.test/a/b", "https://idp.test/a/b/.well-known/openid-configuration"),
        ("https://idp.test/a/b/", "https://idp.test/a/b/.well-known/openid-configuration"),
    ],
)
def test_discovery_4_well_known_follows_the_issuers_path(issuer: str, url: str) -> None:
    """Discovery §4: appended to the issuer's path, a slash at its end taken off first."""
    assert metadata_url(issuer) == url


def test_rp_21_endpoints_come_from_the_metadata() -> None:
    """The least a provider may publish is enough, and the defaults of Discovery §3 hold."""
    assert read(DOCUMENT) == ProviderMetadata(
        issuer=ISSUER,
        authorization_endpoint="https://login.idp.test/authorize?p=signin",
        token_endpoint="https://idp.test/token",
        jwks_uri="https://keys.idp.test/jwks",
        userinfo_endpoint=None,
        end_session_endpoint=None,
        revocation_endpoint=None,
        pushed_authorization_request_endpoint=None,
        pushed_authorization_requests_required=False,
        id_token_algorithms=frozenset({"RS256"}),
        token_endpoint_auth_methods=frozenset({"client_secret_basic"}),
        token_endpoint_auth_algorithms=None,
        iss_parameter_supported=False,
        scopes_supported=None,
    )


def test_everything_a_provider_may_say_is_read() -> None:
    """Optional endpoints, algorithms, client authentication, scopes and the RFC 9207 promise."""
    metadata = read(
        DOCUMENT
        | {
            "userinfo_endpoint": "https://idp.test/userinfo",
            "end_session_endpoint": "https://idp.test/logout",
            "revocation_endpoint": "https://idp.test/revoke",
            "pushed_authorization_request_endpoint": "https://idp.test/par",
            "id_token_signing_alg_values_supported": ["none", "HS256", "ES256", "EdDSA", "RS512", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES256"],
            "require_pushed_authorization_requests": True,
            "authorization_response_iss_parameter_supported": True,
            "scopes_supported": ["openid", "email"],
            "something_new": {"a": [1, 2.5, None]},
        }
    )
    assert metadata.userinfo_endpoint == "https://idp.test/userinfo"
    assert metadata.end_session_endpoint == "https://idp.test/logout"
    assert metadata.revocation_endpoint == "https://idp.test/revoke"
    assert metadata.pushed_authorization_request_endpoint == "https://idp.test/par"
    assert metadata.id_token_algorithms == {"ES256", "EdDSA"}
    assert metadata.token_endpoint_auth_methods == {"client_secret_post", "private_key_jwt"}
    assert metadata.token_endpoint_auth_algorithms == frozenset({"PS256", "ES256"})
    assert metadata.pushed_authorization_requests_required is True
    assert metadata.iss_parameter_supported is True
    assert metadata.scopes_supported == frozenset({"openid", "email"})


def test_metadata_cannot_be_changed_afterwards() -> None:
    """Checked metadata stay what was checked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        read(DOCUMENT).token_endpoint = "https://evil.test/"  # type: ignore[misc]


@pytest.mark.parametrize(
    "got",
    [
        ISSUER + "/",
        ISSUER.upper(),
        "https://idp.test/realms/other",
        "http://idp.test/realms/main",
        ISSUER + "\n",
        "https://idp.test/realms/m\u0430in",
        "",
    ],
)
def test_rp_23_another_issuer_is_refused_and_both_are_named(got: str) -> None:
    """Exact comparison; the operator sees what was expected and what came, on one line."""
    with pytest.raises(ProviderMetadataInvalid) as caught:
        read(DOCUMENT | {"issuer": got})
    assert f"expected '{ISSUER}'" in caught.value.detail
    assert "got '" in caught.value.detail
    assert caught.value.detail.isascii()
    assert "\n" not in caught.value.detail
    assert ("slash" in caught.value.detail) is (got == ISSUER + "/")


@pytest.mark.parametrize("got", [None, 1, True, [ISSUER], {"issuer": ISSUER}])
def test_rp_23_an_issuer_that_is_no_string_is_refused(got: Any) -> None:
    """A missing issuer or one of another type is not the configured one."""
    with pytest.raises(ProviderMetadataInvalid, match="issuer is missing"):
        read(DOCUMENT | {"issuer": got})


@pytest.mark.parametrize("issuer", ["http://idp.test", "https://idp.test?x", "nonsense", ""])
def test_a_configured_issuer_that_cannot_be_one_is_named(issuer: str) -> None:
    """The fault is the setting's, and the error says so."""
    with pytest.raises(ProviderMetadataInvalid, match="the configured issuer"):
        read(DOCUMENT | {"issuer": issuer}, issuer=issuer)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "value", [None, "", 7, ["https://idp.test/x"], "http://idp.test/x", "https://a@idp.test/"]
)
def test_net_10_a_required_endpoint_must_be_usable(name: str, value: Any) -> None:
    """Absent, empty, of another type or not to be contacted: refused, and the member is named."""
    with pytest.raises(ProviderMetadataInvalid, match=name):
        read(DOCUMENT | {name: value})


@pytest.mark.parametrize(
    "name",
    [
        "userinfo_endpoint",
        "end_session_endpoint",
        "revocation_endpoint",
        "pushed_authorization_request_endpoint",
    ],
)
def test_net_10_an_optional_endpoint_may_be_absent_but_not_bad(name: str) -> None:
    """null counts as absent; an address that may not be contacted spoils the document."""
    assert getattr(read(DOCUMENT | {name: None}), name) is None
    for value in ("file:///etc/passwd", "https://idp.test/#x", False):
        with pytest.raises(ProviderMetadataInvalid, match=name):
            read(DOCUMENT | {name: value})


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://10.0.0.1/",
    ],
)
def test_net_10_metadata_cannot_aim_requests_into_a_private_network(url: str) -> None:
    """A provider with a name has no endpoint on loopback or a bare address."""
    with pytest.raises(ProviderMetadataInvalid, match="jwks_uri"):
        read(DOCUMENT | {"jwks_uri": url}, allow=True)


def test_net_10_an_https_issuer_is_never_downgraded_to_http() -> None:
    """The development switch lets loopback issuers use http, not https issuers lose it."""
    with pytest.raises(ProviderMetadataInvalid, match="token_endpoint"):
        read(DOCUMENT | {"token_endpoint": "http://127.0.0.1/token"}, allow=True)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])
def test_a_loopback_provider_in_development_may_use_any_loopback_name(issuer: str) -> None:
    """The development provider works under localhost and under its addresses."""
    document = {
        "issuer": issuer,
        "authorization_endpoint": "http://localhost:9000/authorize",
        "token_endpoint": "http://127.0.0.1:9000/token",
        "jwks_uri": "http://[::1]:9000/jwks",
    }
    assert read(document, issuer=issuer, allow=True).issuer == issuer
    with pytest.raises(ProviderMetadataInvalid, match="must be https"):
        read(document, issuer=issuer, allow=False)


def test_a_provider_on_a_bare_address_may_use_that_address() -> None:
    """An operator who configures an address gets that address, and no other one."""
    document = dict.fromkeys(DOCUMENT, "https://10.0.0.5/x") | {"issuer": "https://10.0.0.5"}
    assert read(document, issuer="https://10.0.0.5").jwks_uri == "https://10.0.0.5/x"
    with pytest.raises(ProviderMetadataInvalid, match="jwks_uri"):
        read(document | {"jwks_uri": "https://10.0.0.6/x"}, issuer="https://10.0.0.5")


@pytest.mark.parametrize(
    ("listed", "named"),
    [(["HS256", "none"], "HS256, none"), ([], "nothing"), (["rs256"], "rs256"), (["\n"], "offers ?")],
)
def test_no_usable_algorithm_is_refused_and_named(listed: list[str], named: str) -> None:
    """Never HS* or none; the operator sees what the provider offers."""
    with pytest.raises(ProviderMetadataInvalid) as caught:
        read(DOCUMENT | {"id_token_signing_alg_values_supported": listed})
    assert named in caught.value.detail
    assert "ES256" in caught.value.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id_token_signing_alg_values_supported", "RS256"),
        ("id_token_signing_alg_values_supported", ["RS256", 1]),
        ("token_endpoint_auth_methods_supported", {"a": 1}),
        ("scopes_supported", "openid email"),
        ("scopes_supported", [None]),
        ("authorization_response_iss_parameter_supported", "true"),
        ("authorization_response_iss_parameter_supported", 1),
        ("authorization_response_iss_parameter_supported", None),
    ],
)
def test_members_of_another_type_are_refused_by_name(name: str, value: Any) -> None:
    """Types are strict: a string is no list, the number one is not true."""
    with pytest.raises(ProviderMetadataInvalid, match=name):
        read(DOCUMENT | {name: value})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><title>portal</title>",
        b"[]",
        b"null",
        b'"text"',
        b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode(),
        json.dumps(DOCUMENT).encode("utf-16"),
        json.dumps(DOCUMENT).encode()[:-1],
        b'{"issuer": "a", "issuer": "b"}',
        b'{"x": NaN}',
        b"[" * 100_000,
    ],
)
def test_net_6_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    """A captive portal, another charset, a cut or ambiguous document: one clear error."""
    with pytest.raises(ProviderMetadataInvalid):
        read(body)


def test_metadata_over_64_kb_is_refused() -> None:
    """The cap holds at its edge."""
    body = json.dumps(DOCUMENT).encode()
    assert read(body + b" " * (65536 - len(body))).issuer == ISSUER
    with pytest.raises(ProviderMetadataInvalid, match="65536"):
        read(body + b" " * (65537 - len(body)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = [*DOCUMENT, "userinfo_endpoint", "scopes_supported", "id_token_signing_alg_values_supported"]


@settings(derandomize=True, deadline=None, max_examples=examples(200))
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_any_json_ends_in_metadata_or_in_our_error(changes: dict[str, Any]) -> None:
    """No document of whatever shape escapes as another exception."""
    try:
        metadata = read(DOCUMENT | changes)
    except ProviderMetadataInvalid:
        return
    assert metadata.issuer == ISSUER


def test_a_development_provider_is_refused_where_security_matters() -> None:
    """It says what it is; only ``true`` says so."""
    marked = {**DOCUMENT, DEVELOPMENT_MARK: True}
    with pytest.raises(ProviderMetadataInvalid, match="this is a development provider"):
        read(marked)
    assert read(marked, allow=True) == read({**DOCUMENT, DEVELOPMENT_MARK: "true"})
