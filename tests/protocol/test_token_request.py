"""Forms of clients (RFC 6749 §4.1.3, §4.4.2, §6; RFC 7009 §2.1; RFC 7662 §2.1)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import (
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    RequestTooLarge,
    UnauthorizedClient,
    UnsupportedGrantType,
    WatchwordError,
)
from watchword.protocol.clients import Client
from watchword.protocol.token_request import (
    MAX_TOKEN_BODY_BYTES,
    ClientCredentials,
    CodeExchange,
    TokenRefresh,
    TokenRequest,
    read_client_form,
    read_token_request,
    required,
)

FORM = "application/x-www-form-urlencoded"
RESOURCES = frozenset({"https://api.example"})
EXCHANGE = {
    "grant_type": "authorization_code",
    "client_id": "spa",
    "redirect_uri": "https://app.example/cb",
    "code": "the-code",
    "code_verifier": "the-verifier",
}
REFRESH = {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": "wtr_x"}
ITSELF = {"grant_type": "client_credentials"}
SPA = Client("spa")
BATCH = Client(
    "batch",
    scopes=frozenset({"a", "b"}),
    grants=frozenset({"client_credentials"}),
    credential="secret",
)


def read(fields: dict[str, str], client: Client = SPA, content_type: str | None = FORM) -> TokenRequest:
    form = read_client_form(content_type, urlencode(fields).encode())
    return read_token_request(form, client, resources=RESOURCES)


def test_an_exchange_is_read() -> None:
    """Unknown parameters are ignored; the client is the one that was identified; nothing secret prints."""
    more = {"client_secret": "", "scope": "orders:read", "naïve": "ü", "resource": "https://api.example"}
    asked = read(EXCHANGE | more, content_type=f"{FORM}; charset=UTF-8")
    assert asked == CodeExchange("spa", "https://app.example/cb", "the-code", "the-verifier")
    assert "the-" not in repr(asked)
    assert read({**EXCHANGE, "client_id": "another"}) == asked


def test_a_refresh_is_read() -> None:
    """Without a scope it asks for what was granted; with one, for that."""
    assert read(REFRESH) == TokenRefresh("spa", "wtr_x", None)
    assert read(REFRESH | {"scope": ""}) == TokenRefresh("spa", "wtr_x", None)
    assert read(REFRESH | {"scope": "a b"}) == TokenRefresh("spa", "wtr_x", frozenset({"a", "b"}))
    assert "wtr_x" not in repr(read(REFRESH))


@pytest.mark.parametrize(
    ("asked", "given"), [(None, {"a", "b"}), ("", {"a", "b"}), ("b", {"b"}), ("b a", {"a", "b"})]
)
def test_rfc_6749_4_4_2_a_client_asks_for_itself(asked: str | None, given: set[str]) -> None:
    """All its scopes unless it names some."""
    fields = ITSELF if asked is None else ITSELF | {"scope": asked}
    assert read(fields, BATCH) == ClientCredentials(frozenset(given))


@pytest.mark.parametrize("scope", ["c", "a c", "A", "a,b"])
def test_a_client_gets_no_scope_it_is_not_registered_for(scope: str) -> None:
    """RFC 6749 §3.3: refused as a whole, not cut down."""
    with pytest.raises(InvalidScope):
        read(ITSELF | {"scope": scope}, BATCH)


@pytest.mark.parametrize("name", [each for each in EXCHANGE if each != "client_id"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_an_exchange_lacks_is_an_invalid_request(name: str, value: str | None) -> None:
    """RFC 6749 §5.2: a required parameter is missing, or empty."""
    fields = {key: given for key, given in (EXCHANGE | {name: value}).items() if given is not None}
    with pytest.raises(InvalidRequest, match=f"{name} is missing"):
        read(fields)


def test_what_a_refresh_lacks_is_an_invalid_request() -> None:
    """A refresh token is never guessed."""
    with pytest.raises(InvalidRequest, match="refresh_token is missing"):
        read({key: value for key, value in REFRESH.items() if key != "refresh_token"})


@pytest.mark.parametrize("grant_type", ["password", "implicit", "Authorization_Code", "client_credentials "])
def test_other_grants_are_not_supported(grant_type: str) -> None:
    """There are no local passwords; names are exact."""
    with pytest.raises(UnsupportedGrantType):
        read(EXCHANGE | {"grant_type": grant_type})


@pytest.mark.parametrize(("client", "fields"), [(SPA, ITSELF), (BATCH, EXCHANGE), (BATCH, REFRESH)])
def test_rfc_6749_5_2_a_grant_that_is_not_registered_is_unauthorized(
    client: Client, fields: dict[str, str]
) -> None:
    """By its own name, for public and confidential clients."""
    with pytest.raises(UnauthorizedClient, match="is not registered for"):
        read(fields, client)


@pytest.mark.parametrize("name", ["resource", "audience"])
def test_ses_28_another_audience_is_refused(name: str) -> None:
    """RFC 8707 §2: there is one API here."""
    for fields, client in ((EXCHANGE, SPA), (REFRESH, SPA), (ITSELF, BATCH)):
        with pytest.raises(InvalidTarget):
            read(fields | {name: "https://other.example"}, client)


def test_a_malformed_scope_is_an_invalid_scope() -> None:
    """Told by its own name."""
    for fields, client in ((REFRESH, SPA), (ITSELF, BATCH)):
        with pytest.raises(InvalidScope):
            read(fields | {"scope": "a  b"}, client)


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "text/plain", f"{FORM}; charset=utf-16"]
)
def test_only_forms_are_read(content_type: str | None) -> None:
    """RFC 6749 §4.1.3: a body of another kind is refused, whatever it holds."""
    with pytest.raises(InvalidRequest, match="the body is not"):
        read(EXCHANGE, content_type=content_type)


def test_no_body_lacks_everything() -> None:
    """An empty body needs no type to be incomplete."""
    with pytest.raises(InvalidRequest, match="grant_type is missing"):
        read_token_request(read_client_form(None, b""), SPA, resources=RESOURCES)


@pytest.mark.parametrize("value", ["a\0b", "é", "a\nb", "\x7f"])
@pytest.mark.parametrize("name", ["code", "client_id", "client_secret", "client_assertion", "token"])
def test_values_are_printable_ascii(name: str, value: str) -> None:
    """RFC 6749 appendix A: nothing else reaches a look-up."""
    with pytest.raises(InvalidRequest, match=f"{name} is not printable"):
        read(EXCHANGE | {name: value})


def test_a_parameter_twice_is_an_invalid_request() -> None:
    """RFC 6749 §3.2: also an unknown or an empty one."""
    for extra in (b"&client_id=spa", b"&code=", b"&x=1&x=1"):
        with pytest.raises(InvalidRequest, match="more than once"):
            read_client_form(FORM, urlencode(EXCHANGE).encode() + extra)


def test_a_body_over_16_kb_is_too_large() -> None:
    """At the bound read, one byte above refused."""
    body = urlencode(EXCHANGE).encode() + b"&x="
    full = body + b"x" * (MAX_TOKEN_BODY_BYTES - len(body))
    assert read_client_form(FORM, full) == EXCHANGE
    with pytest.raises(RequestTooLarge):
        read_client_form(FORM, full + b"x")


def test_a_token_to_revoke_or_to_ask_about_is_read() -> None:
    """RFC 7009 §2.1, RFC 7662 §2.1: it is required; the hint is only a hint."""
    form = read_client_form(FORM, urlencode({"token": "abc", "token_type_hint": "nonsense"}).encode())
    assert form == {"token": "abc"}
    assert required(form, "token") == "abc"
    with pytest.raises(InvalidRequest, match="token is missing"):
        required(read_client_form(FORM, b"client_id=spa&token="), "token")


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([FORM, None, "a/b"]))
def test_no_body_raises_anything_of_its_own(body: bytes, content_type: str | None) -> None:
    """Garbage is refused by name, never by accident."""
    with pytest.raises(WatchwordError):
        read_token_request(read_client_form(content_type, body), SPA, resources=RESOURCES)
