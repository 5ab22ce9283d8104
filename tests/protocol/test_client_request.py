"""Authorization requests of our clients, every parameter wrong in turn (RFC 6749 §4.1.1, RFC 7636)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import InvalidRequest, RedirectUriRefused, UnknownClient
from watchword.protocol.client_request import (
    MAX_QUERY_BYTES,
    ClientRequest,
    RedirectFault,
    read_client_request,
    read_query,
)
from watchword.protocol.clients import Client
from watchword.protocol.redirect_uri import register

OWN = "https://api.example"
CALLBACK = "https://app.example/cb"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CLIENTS = {
    "spa": Client("spa", (register(CALLBACK),), frozenset({"orders:read", "orders:write"})),
    "cli": Client("cli", (register("http://127.0.0.1/cb"), register("com.example.app:/cb")), frozenset()),
}
GOOD = {
    "response_type": "code",
    "client_id": "spa",
    "redirect_uri": CALLBACK,
    "scope": "orders:read",
    "state": "xyz",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def read(*more: tuple[str, str], **changes: str | None) -> ClientRequest | RedirectFault:
    asked = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return read_client_request(
        [*asked.items(), *more], CLIENTS, own_origin=OWN, resources=frozenset({OWN, "urn:orders"})
    )


def fault(*more: tuple[str, str], **changes: str | None) -> str:
    answer = read(*more, **changes)
    assert isinstance(answer, RedirectFault)
    assert answer.redirect_uri == CALLBACK
    return answer.error


def test_a_complete_request_is_read() -> None:
    """Every parameter we know, and nothing of those we do not."""
    asked = read(
        prompt="login  consent",
        max_age="300",
        login_hint="älice@example.test",
        provider="dev",
        resource=OWN,
        audience="urn:orders",
        response_mode="query",
        nonce="ignored",
        scope="orders:write orders:read",
    )
    assert asked == ClientRequest(
        client_id="spa",
        redirect_uri=CALLBACK,
        confirm=False,
        code_challenge=CHALLENGE,
        scopes=("orders:read", "orders:write"),
        state="xyz",
        max_age_seconds=300,
        prompt="login consent",
        login_hint="älice@example.test",
        provider_id="dev",
    )
    assert "xyz" not in repr(asked)
    assert "lice@" not in repr(asked)


def test_what_is_empty_was_left_out() -> None:
    """RFC 6749 §3.1: a parameter without a value counts as none; no scope means no scope."""
    asked = read(scope="", state="", prompt=" ", max_age="", login_hint="", provider="", resource="")
    assert asked == ClientRequest("spa", CALLBACK, False, CHALLENGE)
    assert asked == read(scope=None, state=None)


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1:7777/cb", "com.example.app:/cb"])
def test_programs_of_the_machine_are_confirmed(redirect_uri: str) -> None:
    """Loopback and private schemes: the person is asked before anything goes there."""
    asked = read(client_id="cli", redirect_uri=redirect_uri, scope=None)
    assert isinstance(asked, ClientRequest)
    assert asked.confirm
    assert asked.redirect_uri == redirect_uri


@pytest.mark.parametrize("client_id", [None, "", "nobody", "SPA", "spa ", "browser", "spa\0"])
def test_an_unknown_client_is_told_on_a_page(client_id: str | None) -> None:
    """Never by redirect (RFC 6749 §4.1.2.1), whatever else the request holds."""
    with pytest.raises(UnknownClient):
        read(client_id=client_id)


def test_a_client_twice_is_told_on_a_page() -> None:
    """Two ids name nobody."""
    with pytest.raises(UnknownClient):
        read(("client_id", "spa"))


@pytest.mark.parametrize(
    "redirect_uri",
    [None, "", "https://evil.example/cb", CALLBACK + "/", CALLBACK + "#", "http://127.0.0.1/cb", "/cb"],
)
def test_an_unregistered_redirect_uri_is_told_on_a_page(redirect_uri: str | None) -> None:
    """Also one of another client, and none at all."""
    with pytest.raises(RedirectUriRefused):
        read(redirect_uri=redirect_uri)


def test_a_redirect_uri_twice_is_told_on_a_page() -> None:
    """RFC 9700 §4.1: nobody chooses which one counts."""
    with pytest.raises(RedirectUriRefused):
        read(("redirect_uri", "https://evil.example/cb"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"scope": "orders:read admin"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "orders:read  orders:write"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"audience": "https://other.example"}, "invalid_target"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "1" * 10}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"login_hint": "a" * 257}, "invalid_request"),
        ({"login_hint": "a\nb"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example"}, "request_uri_not_supported"),
    ],
)
def test_every_other_fault_is_told_to_the_client(changes: dict[str, Any], error: str) -> None:
    """By its standard name, with the state that came."""
    assert fault(**changes) == error
    told = read(**changes)
    assert isinstance(told, RedirectFault)
    assert told.state == "xyz"


@pytest.mark.parametrize("name", [*(set(GOOD) - {"client_id", "redirect_uri"}), "nonce", "anything"])
def test_a_parameter_twice_is_refused(name: str) -> None:
    """RFC 6749 §3.1, for every parameter, the same value included."""
    value = GOOD.get(name, "1")
    assert fault((name, value), **{name: value}) == "invalid_request"


@pytest.mark.parametrize("state", ["x" * 1025, "a\nb", "é", "\0"])
def test_a_state_nobody_can_have_meant_is_not_given_back(state: str) -> None:
    """RFC 6749 §A.5: refused, and the answer carries no state at all."""
    told = read(state=state)
    assert isinstance(told, RedirectFault)
    assert (told.error, told.state) == ("invalid_request", None)
    twice = read(("state", "abc"))
    assert isinstance(twice, RedirectFault)
    assert twice.state is None


def test_a_state_of_1024_characters_is_kept() -> None:
    """The bound itself is inside."""
    asked = read(state="~" * 1024)
    assert isinstance(asked, ClientRequest)
    assert asked.state == "~" * 1024


def test_a_query_is_read_with_everything_it_repeats() -> None:
    """Empty and repeated parameters are kept for the checks; escapes are decoded once."""
    assert read_query(b"a=1&a=%2531&b=&c&d=x+y") == [
        ("a", "1"),
        ("a", "%31"),
        ("b", ""),
        ("c", ""),
        ("d", "x y"),
    ]
    assert read_query(b"") == []


@pytest.mark.parametrize(
    "query", [b"a=\xff", b"a=%ff", b"&".join([b"a=1"] * 51), b"a=" + b"x" * MAX_QUERY_BYTES]
)
def test_a_malformed_query_is_refused(query: bytes) -> None:
    """Other bytes, more than 50 parameters, more than 8 KB."""
    with pytest.raises(InvalidRequest):
        read_query(query)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*GOOD, "prompt", "max_age", "x"]), st.text(max_size=20)), max_size=8)
)
def test_no_request_is_answered_anywhere_unregistered(params: list[tuple[str, str]]) -> None:
    """Whatever is sent: a page, or an answer at a registered address."""
    try:
        answer = read_client_request(params, CLIENTS, own_origin=OWN, resources=frozenset())
    except (UnknownClient, RedirectUriRefused):
        return
    assert answer.redirect_uri == CALLBACK
