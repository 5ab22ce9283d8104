"""The token endpoint: requests, client authentication, answers (RFC 6749 §2.3.1, §4.1.3, §5, §6)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.errors import (
    CodeRefused,
    ProviderClientRefused,
    ProviderPersonUnreadable,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderSettingsMismatch,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.protocol.client_auth import (
    ClientAuthentication,
    ClientAuthMethod,
    authenticate,
    check_method_offered,
)
from watchword.protocol.token_exchange import (
    TokenResponse,
    check_refresh_response,
    check_token_response,
    code_grant,
    refresh_grant,
)

JSON_HEADERS = {"content-type": "application/json"}
GOOD: dict[str, Any] = {"access_token": "at", "token_type": "Bearer", "id_token": "e.y.J", "expires_in": 3600}
PUBLIC = ClientAuthentication("none", "public-client")


def check(
    answer: Any, status: int = 200, *, headers: dict[str, str] | None = None, id_token_required: bool = True
) -> TokenResponse:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    given_headers = JSON_HEADERS if headers is None else headers
    return check_token_response(status, given_headers, body, id_token_required=id_token_required)


# --- client authentication --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client_id", "secret", "pair"),
    [
        ("id", "secret", "id:secret"),
        ("a:b", "c:d%e+f g", "a%3Ab:c%3Ad%25e%2Bf+g"),
        ("https://x.test/", "\u00e9&=", "https%3A%2F%2Fx.test%2F:%C3%A9%26%3D"),
    ],
)
def test_rp_20_basic_form_encodes_both_halves_first(client_id: str, secret: str, pair: str) -> None:
    """RFC 6749 §2.3.1: colons, percent signs, pluses and blanks survive."""
    fields, authorization = authenticate(ClientAuthentication("client_secret_basic", client_id, secret))
    assert fields == {}
    assert authorization == "Basic " + base64.b64encode(pair.encode()).decode()


def test_post_and_public_clients_name_themselves_in_the_form() -> None:
    """client_secret_post sends both, a public client its id alone."""
    client = ClientAuthentication("client_secret_post", "id", "s e:c")
    assert authenticate(client) == ({"client_id": "id", "client_secret": "s e:c"}, None)
    assert authenticate(PUBLIC) == ({"client_id": "public-client"}, None)


def test_private_key_jwt_sends_an_assertion_and_no_header() -> None:
    """RFC 7521 §4.2: the assertion, its type, and whose it is."""
    client = ClientAuthentication("private_key_jwt", "id", client_assertion="a.b.c")
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    fields = {"client_id": "id", "client_assertion": "a.b.c", "client_assertion_type": kind}
    assert authenticate(client) == (fields, None)


def test_a_method_the_provider_does_not_list_is_no_guess() -> None:
    """Discovery §3. A public client proves nothing, which providers that allow it often do not list."""
    check_method_offered("client_secret_post", frozenset({"client_secret_post"}))
    check_method_offered("none", frozenset({"client_secret_post"}))
    with pytest.raises(ProviderSettingsMismatch, match=r"CLIENT_AUTH is private_key_jwt.*they list nothing"):
        check_method_offered("private_key_jwt", frozenset())
    with pytest.raises(ProviderSettingsMismatch, match=r"they list a\?b, tls") as caught:
        check_method_offered("client_secret_basic", frozenset({"tls", "a\nb"}))
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    ("method", "client_id", "secret"),
    [
        ("private_key_jwt", "id", None),
        ("private_key_jwt", "id", "secret"),
        ("client_secret_basic", "id", None),
        ("client_secret_post", "id", None),
        ("none", "id", "secret"),
        ("none", "", None),
        ("client_secret_basic", "id", "line\nbreak"),
        ("client_secret_basic", "i\ud800d", "secret"),
    ],
)
def test_a_client_that_cannot_authenticate_is_refused_early(
    method: ClientAuthMethod, client_id: str, secret: str | None
) -> None:
    """Method and secret have to go together, and characters have to be ones a provider registers."""
    with pytest.raises(ValueError, match="client"):
        ClientAuthentication(method, client_id, secret)


@settings(derandomize=True, deadline=None)
@given(st.text(min_size=1).filter(str.isprintable), st.text(min_size=1).filter(str.isprintable))
def test_rp_20_basic_can_be_taken_apart_again(client_id: str, secret: str) -> None:
    """The first colon separates, whatever both halves hold."""
    _, authorization = authenticate(ClientAuthentication("client_secret_basic", client_id, secret))
    assert authorization is not None
    left, _, right = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    assert (unquote_plus(left), unquote_plus(right)) == (client_id, secret)


# --- requests ---------------------------------------------------------------------------------


def test_pk_3_code_grant_always_carries_the_verifier() -> None:
    """RFC 7636 §4.5: the request is complete and knows where it goes."""
    request = code_grant(
        "https://idp.test/token",
        client=PUBLIC,
        code="x&client_id=evil",
        redirect_uri="https://app.test/auth/callback/main",
        code_verifier="v" * 43,
    )
    assert request.url == "https://idp.test/token"
    assert request.authorization is None
    assert request.form == {
        "grant_type": "authorization_code",
        "code": "x&client_id=evil",
        "redirect_uri": "https://app.test/auth/callback/main",
        "code_verifier": "v" * 43,
        "client_id": "public-client",
    }


def test_refresh_grant_asks_for_a_scope_only_when_told() -> None:
    """RFC 6749 §6: scope is optional, and the header authenticates a client_secret_basic client."""
    client = ClientAuthentication("client_secret_basic", "id", "secret")
    request = refresh_grant("https://idp.test/token", client=client, refresh_token="r")
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "r"}
    assert request.authorization == "Basic aWQ6c2VjcmV0"
    narrowed = refresh_grant("https://idp.test/token", client=client, refresh_token="r", scope="openid")
    assert narrowed.form["scope"] == "openid"


def test_ses_88_secrets_do_not_print() -> None:
    """No repr of a client, a request or an answer shows a code, verifier, secret or token."""
    client = ClientAuthentication("client_secret_post", "id", "canary-1")
    request = code_grant(
        "https://t", client=client, code="canary-2", redirect_uri="r", code_verifier="canary-3"
    )
    answer = check(GOOD | {"access_token": "canary-4", "id_token": "canary-5", "refresh_token": "canary-6"})
    signer = ClientAuthentication("private_key_jwt", "id", client_assertion="canary-7")
    assert "canary" not in repr((client, signer, request, answer))


# --- answers ----------------------------------------------------------------------------------


def test_a_full_token_response_is_read() -> None:
    """Every member that matters, unknown ones ignored."""
    got = check(GOOD | {"refresh_token": "rt", "scope": "openid email", "ext_expires_in": 5})
    assert got == TokenResponse("at", "Bearer", "e.y.J", "rt", 3600, "openid email")


@pytest.mark.parametrize("token_type", ["bearer", "BEARER", "bEARER"])
def test_rp_50_token_type_in_any_case(token_type: str) -> None:
    """RFC 6749 §5.1: token_type is case-insensitive."""
    assert check(GOOD | {"token_type": token_type}).token_type == "Bearer"


@pytest.mark.parametrize("token_type", [None, "mac", "DPoP", "", "bearer ", 1, ["Bearer"]])
def test_rp_52_another_token_type_is_refused(token_type: Any) -> None:
    """A token that is not a bearer token, or does not say so, cannot be used."""
    with pytest.raises(ProviderResponseInvalid, match="token_type"):
        check(GOOD | {"token_type": token_type})


def test_rp_51_a_missing_expires_in_means_a_short_life() -> None:
    """Absent or null: five minutes."""
    assert check({name: value for name, value in GOOD.items() if name != "expires_in"}).expires_in == 300
    assert check(GOOD | {"expires_in": None}).expires_in == 300


@pytest.mark.parametrize(
    ("given_value", "seconds"),
    [
        (-5, 1),
        (0, 1),
        (1, 1),
        (0.5, 1),
        (86399, 86399),
        (86400, 86400),
        (86401, 86400),
        (1e20, 86400),
        (10**50, 86400),
        (1800.9, 1800),
        ("3600", 3600),
        ("999999999999", 86400),
    ],
)
def test_net_14_expires_in_is_held_between_1_s_and_24_h(given_value: Any, seconds: int) -> None:
    """A number, or digits in a string, is clamped."""
    assert check(GOOD | {"expires_in": given_value}).expires_in == seconds


@pytest.mark.parametrize("value", [True, "", "1e3", "-1", " 5", "\u0665", "9" * 19, [], {}])
def test_net_14_an_expires_in_that_is_no_number_is_refused(value: Any) -> None:
    """true is not one second, and digits of other scripts are not digits."""
    with pytest.raises(ProviderResponseInvalid, match="expires_in"):
        check(GOOD | {"expires_in": value})


@pytest.mark.parametrize("name", ["access_token", "id_token"])
@pytest.mark.parametrize(
    "value", [None, "", {}, ["x"], 5, True, "a b", "a\nb", "caf\u00e9", "\x00", "x" * 2**20]
)
def test_net_14_a_required_token_must_be_a_bounded_printable_string(name: str, value: Any) -> None:
    """Missing, empty, of another type, unprintable or huge: refused."""
    with pytest.raises(ProviderResponseInvalid):
        check(GOOD | {name: value})


@pytest.mark.parametrize("value", ["", {}, 5, False, "a b", "\ud7ff"])
def test_net_14_a_refresh_token_of_another_type_is_refused(value: Any) -> None:
    """A string or absent; null counts as absent."""
    with pytest.raises(ProviderResponseInvalid, match="refresh_token"):
        check(GOOD | {"refresh_token": value})
    assert check(GOOD | {"refresh_token": None}).refresh_token is None


@pytest.mark.parametrize(
    ("name", "cap"), [("access_token", 16384), ("id_token", 16384), ("refresh_token", 8192)]
)
def test_net_14_token_lengths_are_capped_at_the_edge(name: str, cap: int) -> None:
    """At the cap accepted, one above refused."""
    assert getattr(check(GOOD | {name: "x" * cap}), name) == "x" * cap
    with pytest.raises(ProviderPersonUnreadable, match=name):
        check(GOOD | {name: "x" * (cap + 1)})


def test_no_id_token_where_one_is_required_is_said_of_a_person() -> None:
    """Whoever takes ``openid`` out of the request in their own browser gets none."""
    with pytest.raises(ProviderPersonUnreadable, match="id_token is missing"):
        check({name: value for name, value in GOOD.items() if name != "id_token"})


def test_an_id_token_is_optional_on_refresh_but_never_malformed() -> None:
    """OpenID Connect Core §12.2: a refresh may come without one."""
    without = {name: value for name, value in GOOD.items() if name != "id_token"}
    assert check(without, id_token_required=False).id_token is None
    assert check(GOOD, id_token_required=False).id_token == "e.y.J"
    with pytest.raises(ProviderResponseInvalid, match="id_token"):
        check(GOOD | {"id_token": 1}, id_token_required=False)


@pytest.mark.parametrize("value", [1, ["openid"], {"a": 1}, True])
def test_a_scope_of_another_type_is_refused(value: Any) -> None:
    """Scope is a string or absent."""
    with pytest.raises(ProviderResponseInvalid, match="scope"):
        check(GOOD | {"scope": value})


@pytest.mark.parametrize(
    ("status", "answer", "expected", "told"),
    [
        (400, {"error": "invalid_grant"}, CodeRefused, "invalid_grant"),
        (401, {"error": "invalid_client"}, ProviderClientRefused, "invalid_client"),
        (400, {"error": "invalid_client"}, ProviderClientRefused, "invalid_client"),
        (200, {"error": "incorrect_client_credentials"}, ProviderClientRefused, "incorrect_client"),
        (401, {"error": "unauthorized_client"}, ProviderClientRefused, "unauthorized_client"),
        (400, {"error": "unauthorized_client"}, ProviderRefused, "unauthorized_client"),
        (200, GOOD | {"error": "invalid_client"}, ProviderRefused, "invalid_client"),
        (403, {"error": "invalid_client"}, ProviderRefused, "invalid_client"),
        (400, {"error": "x\n" * 100}, ProviderRefused, "error=x?x?"),
        (400, {"error": 5}, ProviderRefused, "without an error code"),
        (400, {}, ProviderRefused, "without an error code"),
        (403, GOOD, ProviderRefused, "403"),
        (200, {"error": "invalid_grant"}, CodeRefused, "200"),
        (200, GOOD | {"error": "server_error"}, ProviderRefused, "server_error"),
        (200, GOOD | {"error": None}, ProviderResponseInvalid, "without an error code"),
        (400, b"<html>", ProviderRefused, "status 400"),
        (200, b"", ProviderResponseInvalid, "status 200"),
        (200, b"[]", ProviderResponseInvalid, "not an object"),
        (200, b'{"access_token":"a","access_token":"b"}', ProviderPersonUnreadable, "twice"),
    ],
)
def test_net_13_refusals_are_told_apart(
    status: int, answer: Any, expected: type[WatchwordError], told: str
) -> None:
    """invalid_grant is the code's fault, the rest the registration's; an error wins over tokens. What was
    refused in so many words is no fault of the endpoint, unlike an answer that says nothing."""
    with pytest.raises(WatchwordError) as caught:
        check(answer, status)
    assert type(caught.value) is expected
    assert told in caught.value.detail
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    ("error", "refused", "refused_a_code"),
    [
        ("invalid_grant", True, True),
        ("bad_refresh_token", True, True),
        ("access_denied", True, False),
        ("interaction_required", True, False),
        ("login_required", True, False),
        ("consent_required", True, False),
        ("account_selection_required", True, False),
        ("invalid_client", False, False),
        ("unauthorized_client", False, False),
        ("invalid_scope", False, False),
        ("server_error", False, False),
        ("Invalid_Grant", False, False),
    ],
)
def test_what_ends_a_grant_is_told_from_what_is_wrong_with_us(
    error: str, refused: bool, refused_a_code: bool
) -> None:
    """§5.2 names one error of the refresh token; those that only the person can do something about are
    no fault of the registration either."""
    body = json.dumps({"error": error}).encode()
    with pytest.raises(CodeRefused if refused else ProviderResponseInvalid, match=error):
        check_refresh_response(400, JSON_HEADERS, body)
    with pytest.raises(CodeRefused if refused_a_code else ProviderResponseInvalid, match=error):
        check_token_response(400, JSON_HEADERS, body)


def test_rp_26_a_refresh_is_answered_with_or_without_an_id_token() -> None:
    """OpenID Connect Core §12.2; what is there has to be well formed."""
    bare = {"access_token": "at", "token_type": "bearer"}
    without = check_refresh_response(200, JSON_HEADERS, json.dumps(bare).encode())
    assert (without.id_token, without.refresh_token) == (None, None)
    full = check_refresh_response(200, JSON_HEADERS, json.dumps(GOOD | {"refresh_token": "rt"}).encode())
    assert (full.id_token, full.refresh_token) == ("e.y.J", "rt")
    with pytest.raises(ProviderResponseInvalid, match="id_token"):
        check_refresh_response(200, JSON_HEADERS, json.dumps(GOOD | {"id_token": 5}).encode())


@pytest.mark.parametrize("status", [100, 199, 201, 202, 204, 301, 302, 303, 307, 308, 399, 600, 0, -1])
def test_net_9_net_13_other_statuses_are_no_token_response(status: int) -> None:
    """Redirects are never followed with credentials; only 200 is a token response."""
    with pytest.raises(ProviderResponseInvalid, match=str(status)):
        check(GOOD, status)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, 10),
        ("0", 1),
        ("1", 1),
        ("5", 5),
        (" 60 ", 60),
        ("3600", 60),
        ("-3", 10),
        ("1.5", 10),
        ("\u0663", 10),
        ("9" * 5000, 10),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 10),
    ],
)
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_net_13_outages_carry_a_bounded_retry_after(
    status: int, retry_after: str | None, seconds: int
) -> None:
    """429 and 5xx are the provider's trouble, whatever the body; Retry-After counts up to 60 s."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    with pytest.raises(ProviderUnavailable) as caught:
        check(b"<html>", status, headers=headers)
    assert caught.value.retry_after_seconds == seconds


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/html"},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/x-www-form-urlencoded"},
    ],
)
def test_net_6_only_json_is_read(headers: dict[str, str]) -> None:
    """A right body under a wrong type is refused."""
    with pytest.raises(ProviderResponseInvalid, match="application/json"):
        check(GOOD, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        json.dumps(GOOD).encode("utf-16"),
        json.dumps(GOOD | {"scope": "\u00e9"}, ensure_ascii=False).encode("latin-1"),
        json.dumps(GOOD).encode() + b" " * 65536,
    ],
)
def test_net_6_other_charsets_and_floods_are_refused(body: bytes) -> None:
    """BOM, UTF-16, latin-1 and more than 64 KB."""
    with pytest.raises(ProviderResponseInvalid):
        check(body)


def test_header_names_in_any_case_and_json_relatives() -> None:
    """What transport hands over lower-case works in any case, with a charset too."""
    assert check(GOOD, headers={"Content-Type": "application/json; charset=UTF-8"}).access_token == "at"


def test_ses_88_refusals_never_repeat_tokens() -> None:
    """An error about a malformed answer shows none of its values."""
    with pytest.raises(ProviderResponseInvalid) as caught:
        check(GOOD | {"access_token": "canary secret"})
    assert "canary" not in str(caught.value) + caught.value.detail


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.text(), max_size=2)
)
MEMBERS = st.sampled_from(
    ["access_token", "token_type", "id_token", "refresh_token", "expires_in", "scope", "error"]
)


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(st.dictionaries(MEMBERS, VALUES), st.integers(100, 600))
def test_any_answer_ends_in_tokens_or_in_our_error(changes: dict[str, Any], status: int) -> None:
    """No answer of whatever shape escapes as another exception."""
    try:
        got = check(GOOD | changes, status)
    except WatchwordError:
        return
    assert status == 200
    assert 1 <= got.expires_in <= 86400
    assert got.access_token
