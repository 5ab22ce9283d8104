"""Redirect URIs of our clients: what may be registered, and what matches (RFC 8252, RFC 9700 §4.1.3)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.clients import Client
from watchword.protocol.redirect_uri import MAX_REDIRECT_URI_CHARS, register, with_answer

OWN = "https://api.example"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://app.example/cb", "web"),
        ("https://app.example", "web"),
        ("https://app.example:8443/cb?tenant=1", "web"),
        ("http://127.0.0.1/cb", "loopback"),
        ("http://127.0.0.1:8000/docs/oauth2-redirect", "loopback"),
        ("http://localhost/cb", "loopback"),
        ("http://[::1]:9/cb", "loopback"),
        ("com.example.app:/cb", "private"),
        ("com.example.app://cb", "private"),
        ("com.example-app.x2:/", "private"),
    ],
)
def test_what_may_be_registered(text: str, kind: str) -> None:
    """https anywhere, plain http on loopback, a scheme that holds a dot (RFC 8252 §7.1)."""
    assert register(text).kind == kind
    assert register(text).matches(text, own_origin=OWN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app.example/cb",
        "//app.example/cb",
        "http://app.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://2130706433/cb",
        "https://app.example/cb#",
        "https://app.example/cb#part",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://user@app.example/cb",
        "https://app.example/c b",
        "https://app.example/\\evil.example",
        "https://app.example/%zz",
        "https://äpp.example/cb",
        "https://app.example/cb?code=1",
        "https://app.example/cb?a=1&%73tate=",
        "com.example.app:/cb?iss=x",
        "com.example.app:cb",
        "com.example.app:/%zz",
        "com.example.app:/c#d",
        "com.example.app:/*",
        "myapp:/cb",
        "myapp://cb",
        "javascript:alert(1)",
        "javascript:/alert(1)",
        "data:text/html,x",
        "Com.Example.App:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://app.example/" + "a" * MAX_REDIRECT_URI_CHARS,
    ],
)
def test_what_may_not(text: str) -> None:
    """Each with a sentence that names the fault."""
    with pytest.raises(ValueError, match=r"\w"):
        register(text)


@pytest.mark.parametrize(
    "other",
    [
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/CB",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example./cb",
        "https://app.example/cb#",
        "https://app.example/cb\n",
        "https://app.example/x/../cb",
        "https://app.example/%63b",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/cb",
        "http://app.example/cb",
        "",
    ],
)
def test_an_https_address_matches_letter_for_letter(other: str) -> None:
    """RFC 9700 §4.1.3: no prefix, no normalisation, nothing after it."""
    assert not register("https://app.example/cb").matches(other, own_origin=OWN)


def test_on_loopback_the_port_is_free_and_nothing_else() -> None:
    """RFC 8252 §7.3: a program listens where it may; path, host and query stay."""
    registered = register("http://127.0.0.1/cb?a=1")
    for other in ("http://127.0.0.1:1/cb?a=1", "http://127.0.0.1:65535/cb?a=1", "http://127.0.0.1:80/cb?a=1"):
        assert registered.matches(other, own_origin=OWN)
    for other in (
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb?a=2",
        "http://127.0.0.1:1/cb/x?a=1",
        "http://127.0.0.2:1/cb?a=1",
        "http://localhost:1/cb?a=1",
        "https://127.0.0.1:1/cb?a=1",
        "http://127.0.0.1:0/cb?a=1",
        "http://127.0.0.1:65536/cb?a=1",
        "http://127.0.0.1:1@evil.example/cb?a=1",
        "http://127.0.0.1:1/cb?a=1#x",
        "http://127.0.0.1:1/cb?a=1&b=2",
        "http://127.0.0.1:1/cb?a=1" + "x" * MAX_REDIRECT_URI_CHARS,
    ):
        assert not registered.matches(other, own_origin=OWN)


def test_a_page_of_our_own_keeps_its_port() -> None:
    """An address on our own origin is no listening program: no other port is meant by it."""
    own = "http://127.0.0.1:8000"
    registered = register(f"{own}/docs/oauth2-redirect")
    assert registered.matches(f"{own}/docs/oauth2-redirect", own_origin=own)
    assert not registered.matches("http://127.0.0.1:9000/docs/oauth2-redirect", own_origin=own)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=40))
def test_no_text_but_itself_matches(text: str) -> None:
    """Whatever is appended, an https address is matched by nothing else."""
    registered = register("https://app.example/cb")
    assert registered.matches("https://app.example/cb" + text, own_origin=OWN) == (text == "")


def test_who_is_asked_first() -> None:
    """RFC 8252 §8.6: any program may listen on loopback or claim a scheme; nobody else can
    be behind https, or behind a page of our own."""
    own = "http://127.0.0.1:8000"
    assert not register("https://app.example/cb").needs_confirmation(own)
    assert not register(f"{own}/docs/oauth2-redirect").needs_confirmation(own)
    assert register("http://127.0.0.1/cb").needs_confirmation(own)
    assert register("com.example.app:/cb").needs_confirmation(own)


def test_the_answer_joins_the_query() -> None:
    """Encoded once, absent values left out, whatever the address already holds."""
    answer = {"code": "a b&c", "state": None, "iss": "https://api.example"}
    said = "code=a%20b%26c&iss=https%3A%2F%2Fapi.example"
    assert with_answer("https://app.example/cb", answer) == f"https://app.example/cb?{said}"
    assert with_answer("https://app.example/cb?x=1", answer) == f"https://app.example/cb?x=1&{said}"
    assert with_answer("https://app.example/cb?", answer) == f"https://app.example/cb?{said}"
    assert with_answer("com.example.app:/cb?x=1&", answer) == f"com.example.app:/cb?x=1&{said}"


def test_origins_that_read_our_answers_are_https_ones() -> None:
    """CORS is for registered https addresses; a program or an app of a phone needs none."""
    addresses = ("https://app.example:8443/cb", "http://127.0.0.1/cb", "com.example.app:/cb")
    client = Client("spa", tuple(register(each) for each in addresses), frozenset())
    assert client.web_origins == {"https://app.example:8443"}


@pytest.mark.parametrize(
    ("origin", "theirs"),
    [
        ("https://app.example:8443", True),
        ("https://app.example", False),
        ("https://app.example:8443/", False),
        ("https://evil.example", False),
        ("https://app.example:8443.evil.example", False),
        ("http://localhost:5173", True),
        ("http://localhost", True),
        ("http://localhost:5173/", False),
        ("http://LOCALHOST:5173", False),
        ("https://localhost:5173", False),
        ("http://127.0.0.1:5173", False),
        ("null", False),
        ("", False),
    ],
)
def test_pages_that_can_be_the_clients(origin: str, theirs: bool) -> None:
    """SES-28: an origin is a registered one, on loopback at any port; nothing that looks like it."""
    addresses = ("https://app.example:8443/cb", "http://localhost/cb", "com.example.app:/cb")
    client = Client("spa", tuple(register(each) for each in addresses), frozenset())
    assert client.may_call_from(origin) is theirs


def test_a_client_finds_the_address_it_registered() -> None:
    """The first registered address that matches, else none."""
    client = Client("cli", (register("https://app.example/cb"), register("http://[::1]/cb")), frozenset())
    found = client.redirect_uri("http://[::1]:7000/cb", own_origin=OWN)
    assert found is not None
    assert found.text == "http://[::1]/cb"
    assert client.redirect_uri("https://app.example/other", own_origin=OWN) is None
