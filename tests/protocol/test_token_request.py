"""Bodies of the token and revocation endpoints (RFC 6749 §4.1.3, §6; RFC 7009 §2.1)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    RequestTooLarge,
    UnsupportedGrantType,
    WatchwordError,
)
from watchword.protocol.token_request import (
    MAX_TOKEN_BODY_BYTES,
    CodeExchange,
    TokenRefresh,
    TokenRevocation,
    read_revocation_request,
    read_token_request,
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


def read(fields: dict[str, str], content_type: str | None = FORM) -> CodeExchange | TokenRefresh:
    return read_token_request(content_type, urlencode(fields).encode(), resources=RESOURCES)


def test_an_exchange_is_read() -> None:
    """Unknown parameters are ignored, and so is an empty secret; nothing secret prints."""
    more = {"client_secret": "", "scope": "orders:read", "naïve": "ü", "resource": "https://api.example"}
    asked = read(EXCHANGE | more, f"{FORM}; charset=UTF-8")
    assert asked == CodeExchange("spa", "https://app.example/cb", "the-code", "the-verifier")
    assert "the-" not in repr(asked)


def test_a_refresh_is_read() -> None:
    """Without a scope it asks for what was granted; with one, for that."""
    assert read(REFRESH) == TokenRefresh("spa", "wtr_x", None)
    assert read(REFRESH | {"scope": ""}) == TokenRefresh("spa", "wtr_x", None)
    assert read(REFRESH | {"scope": "a b"}) == TokenRefresh("spa", "wtr_x", frozenset({"a", "b"}))
    assert "wtr_x" not in repr(read(REFRESH))


@pytest.mark.parametrize("name", list(EXCHANGE))
@pytest.mark.parametrize("value", [None, ""])
def test_what_an_exchange_lacks_is_an_invalid_request(name: str, value: str | None) -> None:
    """RFC 6749 §5.2: a required parameter is missing, or empty."""
    fields = {key: given for key, given in (EXCHANGE | {name: value}).items() if given is not None}
    with pytest.raises(InvalidRequest, match=f"{name} is missing"):
        read(fields)


@pytest.mark.parametrize("name", ["client_id", "refresh_token"])
def test_what_a_refresh_lacks_is_an_invalid_request(name: str) -> None:
    """The client of a public refresh is never guessed."""
    with pytest.raises(InvalidRequest, match=f"{name} is missing"):
        read({key: value for key, value in REFRESH.items() if key != name})


@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "implicit", "Authorization_Code"])
def test_other_grants_are_not_supported(grant_type: str) -> None:
    """There are no local passwords; names are exact."""
    with pytest.raises(UnsupportedGrantType):
        read(EXCHANGE | {"grant_type": grant_type})


@pytest.mark.parametrize("name", ["client_secret", "client_assertion", "client_assertion_type"])
def test_a_public_client_does_not_authenticate(name: str) -> None:
    """A secret that cannot be checked is never taken for checked."""
    with pytest.raises(InvalidClient):
        read(EXCHANGE | {name: "x"})
    with pytest.raises(InvalidClient):
        read_revocation_request(FORM, urlencode({"token": "x", name: "x"}).encode())


@pytest.mark.parametrize("name", ["resource", "audience"])
def test_ses_28_another_audience_is_refused(name: str) -> None:
    """RFC 8707 §2: there is one API here."""
    for fields in (EXCHANGE, REFRESH):
        with pytest.raises(InvalidTarget):
            read(fields | {name: "https://other.example"})


def test_a_malformed_scope_is_an_invalid_scope() -> None:
    """Told by its own name."""
    with pytest.raises(InvalidScope):
        read(REFRESH | {"scope": "a  b"})


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "text/plain", f"{FORM}; charset=utf-16"]
)
def test_only_forms_are_read(content_type: str | None) -> None:
    """RFC 6749 §4.1.3: a body of another kind is refused, whatever it holds."""
    with pytest.raises(InvalidRequest, match="the body is not"):
        read(EXCHANGE, content_type)


def test_no_body_lacks_everything() -> None:
    """An empty body needs no type to be incomplete."""
    with pytest.raises(InvalidRequest, match="grant_type is missing"):
        read_token_request(None, b"", resources=RESOURCES)


@pytest.mark.parametrize("value", ["a\0b", "é", "a\nb", "\x7f"])
def test_values_are_printable_ascii(value: str) -> None:
    """RFC 6749 appendix A: nothing else reaches a look-up."""
    with pytest.raises(InvalidRequest, match="code is not printable"):
        read(EXCHANGE | {"code": value})


def test_a_body_over_16_kb_is_too_large() -> None:
    """At the bound read, one byte above refused."""
    body = urlencode(EXCHANGE).encode() + b"&x="
    full = body + b"x" * (MAX_TOKEN_BODY_BYTES - len(body))
    assert read_token_request(FORM, full, resources=RESOURCES).client_id == "spa"
    with pytest.raises(RequestTooLarge):
        read_token_request(FORM, full + b"x", resources=RESOURCES)


def test_a_revocation_is_read() -> None:
    """RFC 7009 §2.1: the token, the client where it says so; the hint is only a hint."""
    body = urlencode({"token": "abc", "token_type_hint": "nonsense"}).encode()
    assert read_revocation_request(FORM, body) == TokenRevocation("abc", None)
    assert read_revocation_request(FORM, body + b"&client_id=spa") == TokenRevocation("abc", "spa")
    with pytest.raises(InvalidRequest, match="token is missing"):
        read_revocation_request(FORM, b"client_id=spa")


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([FORM, None, "a/b"]))
def test_no_body_raises_anything_of_its_own(body: bytes, content_type: str | None) -> None:
    """Garbage is refused by name, never by accident."""
    for reading in (
        lambda: read_token_request(content_type, body, resources=RESOURCES),
        lambda: read_revocation_request(content_type, body),
    ):
        with pytest.raises(WatchwordError):
            reading()
