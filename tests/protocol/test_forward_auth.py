"""Forward-auth, decided: what is asked, about which request, and what the app is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import (
    AuthenticationRequired,
    CrossSiteRequest,
    InsufficientScope,
    InvalidRequest,
    SessionEnded,
    WatchwordError,
)
from watchword.protocol.access import Requirement
from watchword.protocol.forward_auth import (
    OriginalRequest,
    Question,
    caller_headers,
    original_request,
    read_question,
    verify,
    with_doubt,
)
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected

NOW = 1_800_000_000
TOLD = ("User-Id", "Session-Id", "Roles", "Scopes", "Issuer", "Subject")


def person(**changes: Any) -> Principal:
    facts: dict[str, Any] = {
        "user_id": "019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6",
        "session_id": "019e4f5a-9b2c-7e11-8c55-6f0a2d4b1c3e",
        "client_id": "browser",
        "roles": frozenset({"editor", "admin"}),
        "scopes": frozenset({"orders:write", "orders:read"}),
        "issuer": "https://app.example.test",
        "subject": "019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6",
    }
    return Principal(**(facts | changes))


MACHINE = person(user_id=None, session_id=None, client_id="robot", subject="robot")


# --- the question --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "roles", "scopes", "machines"),
    [
        ("", set(), set(), False),
        ("role=admin", {"admin"}, set(), False),
        ("role=admin&role=editor", {"admin", "editor"}, set(), False),
        ("role=urn:x/y.z-1_2", {"urn:x/y.z-1_2"}, set(), False),
        ("scope=a+b&scope=c", set(), {"a", "b", "c"}, False),
        ("scope=orders%3Aread%20orders%3Awrite", set(), {"orders:read", "orders:write"}, False),
        ("machines=1", set(), set(), True),
        ("machines=1&role=admin&scope=a", {"admin"}, {"a"}, True),
    ],
)
def test_a_question_is_read(query: str, roles: set[str], scopes: set[str], machines: bool) -> None:
    """Several roles are alternatives, several scopes are all needed, machines have to be named."""
    asked = Requirement(frozenset(roles), frozenset(scopes))
    assert read_question(query.encode()) == Question(asked, machines)


@pytest.mark.parametrize(
    "query",
    [
        "role",
        "role=",
        "role=&role=admin",
        "role=admin&role=",
        "role=admin,editor",
        "role=admin+editor",
        "role=admin%0d%0aX-Auth-Roles:root",
        "role=%C3%A4dmin",
        "role=" + "a" * 65,
        "scope",
        "scope=",
        "scope=+a",
        "scope=a++b",
        "scope=a&scope=",
        "scope=a%22b",
        "scope=a%00",
        "scope=" + "a" * 129,
        "machines",
        "machines=",
        "machines=0",
        "machines=true",
        "machines=1&machines=no",
        "roles=admin",
        "Role=admin",
        "%72ole%20=admin",
        "role[]=admin",
        "scopes=a",
        "live=1",
        "=admin",
        "x",
        "role=admin&_=1",
        "role=%FF",
        "role=admin&" + "&".join(["scope=a"] * 50),
        "scope=" + "a+" * 5000,
        "role=\xff",
    ],
)
def test_a_question_that_cannot_be_read_is_refused(query: str) -> None:
    """What is misspelt never becomes "anyone", and what would be left out is not passed over."""
    with pytest.raises(InvalidRequest) as refused:
        read_question(query.encode("latin-1"))
    assert "admin" not in refused.value.detail
    assert refused.value.detail.isprintable()


# --- the request it is about ---------------------------------------------------------------------

FORWARDED, ORIGINAL = b"x-forwarded-method", b"x-original-method"
OVERRIDE = b"x-http-method-override"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE", "BREW"])
@pytest.mark.parametrize("names", [[FORWARDED], [ORIGINAL], [FORWARDED, ORIGINAL], [ORIGINAL, ORIGINAL]])
def test_the_method_is_what_the_proxy_says(method: str, names: list[bytes]) -> None:
    """By either header, or by both when they agree."""
    headers = [(name, method.encode()) for name in names]
    assert original_request("GET", headers) == OriginalRequest(method, upgrade=False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_question_by_another_method_says_the_method_itself(method: str) -> None:
    """As Envoy asks; a header that says the same changes nothing."""
    assert original_request(method, []).method == method
    assert original_request(method, [(ORIGINAL, method.encode())]).method == method


@pytest.mark.parametrize("asking", ["GET", "HEAD", "OPTIONS"])
def test_a_question_by_a_safe_method_says_nothing(asking: str) -> None:
    """HAProxy's auth-request asks about every request by HEAD: what the header says counts."""
    assert original_request(asking, []).doubt is not None
    for method in ("GET", "HEAD", "POST"):
        assert original_request(asking, [(ORIGINAL, method.encode())]).method == method


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", []),
        ("GET", [(b"x-forwarded-uri", b"/"), (b"x-original-url", b"/"), (b"x-forwarded-host", b"a")]),
        ("GET", [(OVERRIDE, b"GET")]),
        ("GET", [(b"x_original_method", b"GET"), (b"method", b"GET")]),
        ("GET", [(FORWARDED, b"GET"), (ORIGINAL, b"POST")]),
        ("GET", [(ORIGINAL, b"POST"), (ORIGINAL, b"GET")]),
        ("GET", [(ORIGINAL, b"GET"), (ORIGINAL, b"get")]),
        ("POST", [(ORIGINAL, b"GET")]),
        ("HEAD", []),
        ("GET", [(ORIGINAL, b"GET"), (OVERRIDE, b"DELETE")]),
        ("GET", [(ORIGINAL, b"POST"), (OVERRIDE, b"GET")]),
        ("GET", [(ORIGINAL, b"GET"), (b"x-http-method", b"PUT")]),
        ("GET", [(ORIGINAL, b"GET"), (b"x-method-override", b"PATCH")]),
    ],
)
def test_a_method_that_is_missing_or_in_doubt_is_none(
    method: str, headers: list[tuple[bytes, bytes]]
) -> None:
    """None is not safe, and the operator is told why; a framework that serves another method than
    the request's own is one more voice."""
    original = original_request(method, headers)
    assert (original.method, bool(original.doubt)) == ("", True)


@pytest.mark.parametrize("value", [b"get", b"GET ", b"GET, GET", b"GET,POST", b"", b"\xff", b"GE\x00T"])
def test_a_method_is_read_letter_for_letter(value: bytes) -> None:
    """Nothing that is nearly GET is taken for it (RFC 9110 §9.1)."""
    assert original_request("GET", [(ORIGINAL, value)]).method not in {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "header", [b"upgrade", b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol"]
)
def test_an_upgrade_is_seen(header: bytes) -> None:
    """By ``Upgrade`` where the proxy passes it, else by what a WebSocket handshake must have."""
    assert original_request("GET", [(ORIGINAL, b"GET"), (header, b"x")]).upgrade is True
    assert original_request("GET", [(header, b"x"), (ORIGINAL, b"GET")]).upgrade is True
    assert (
        original_request("GET", [(ORIGINAL, b"GET"), (b"upgrade-insecure-requests", b"1")]).upgrade is False
    )


def test_a_doubt_is_told_with_the_refusal_it_caused() -> None:
    """Only where a cookie was refused; every other identity stays as it is."""
    missing, known = (
        OriginalRequest("", upgrade=False, doubt="no method"),
        OriginalRequest("GET", upgrade=False),
    )
    refused = Rejected(CrossSiteRequest("not same-origin"))
    told = with_doubt(refused, missing)
    assert isinstance(told, Rejected)
    assert isinstance(told.error, CrossSiteRequest)
    assert told.error.detail == "not same-origin; no method"
    assert with_doubt(refused, known) is refused
    for identity in (Anonymous(), person(), Rejected(SessionEnded("ended"))):
        assert with_doubt(identity, missing) is identity


# --- the answer ----------------------------------------------------------------------------------


def asked(query: str, identity: Identity) -> Mapping[str, str] | WatchwordError:
    return verify(read_question(query.encode()), identity, now_seconds=NOW)


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        ("", person()),
        ("", person(roles=frozenset(), scopes=frozenset(), session_id=None)),
        ("role=admin", person()),
        ("role=admin&role=nobody", person()),
        ("scope=orders:read", person()),
        ("scope=orders:read+orders:write&role=editor", person()),
        ("machines=1", MACHINE),
        ("machines=1", person()),
        ("machines=1&scope=orders:read", MACHINE),
    ],
)
def test_who_fulfils_the_question_passes(query: str, caller: Principal) -> None:
    """And is told to the app."""
    assert asked(query, caller) == caller_headers(caller)


@pytest.mark.parametrize(
    ("query", "identity", "error"),
    [
        ("", Anonymous(), AuthenticationRequired),
        ("machines=1", Anonymous(), AuthenticationRequired),
        ("", Rejected(SessionEnded("ended")), SessionEnded),
        ("", Rejected(CrossSiteRequest("evil")), CrossSiteRequest),
        ("role=nobody", person(), InsufficientScope),
        ("role=Admin", person(), InsufficientScope),
        ("role=adm", person(), InsufficientScope),
        ("scope=orders:read+nothing", person(), InsufficientScope),
        ("role=admin&scope=nothing", person(), InsufficientScope),
        ("", MACHINE, InsufficientScope),
        ("role=admin", MACHINE, InsufficientScope),
        ("machines=1&role=nobody", MACHINE, InsufficientScope),
    ],
)
def test_who_does_not_is_refused(query: str, identity: Identity, error: type[WatchwordError]) -> None:
    """By the error a protected route would answer with."""
    assert type(asked(query, identity)) is error


def test_every_header_is_always_there() -> None:
    """Empty where there is nothing to say, so that a client's own is overwritten."""
    nothing = person(
        user_id=None, session_id=None, roles=frozenset(), scopes=frozenset(), issuer="", subject=""
    )
    assert caller_headers(nothing) == {f"X-Auth-{name}": "" for name in TOLD}


def test_lists_are_sorted_and_joined() -> None:
    """Roles by commas, scopes by blanks."""
    told = caller_headers(person())
    assert told["X-Auth-Roles"] == "admin,editor"
    assert told["X-Auth-Scopes"] == "orders:read orders:write"


@pytest.mark.parametrize("name", ["a,admin", "a b", "", "admin\n", "r\u00f4le", "x" * 129, 'a"b', "a\\b"])
def test_a_name_that_would_not_stay_one_name_is_left_out(name: str) -> None:
    """A list never says more than the caller has."""
    told = caller_headers(person(roles=frozenset({"editor", name}), scopes=frozenset({"read"})))
    assert told["X-Auth-Roles"] == "editor"
    if name != "a,admin":
        told = caller_headers(person(scopes=frozenset({"read", name})))
        assert told["X-Auth-Scopes"] == "read"


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("auth0|5f7c8ec7c33c6c004bbafe82", "auth0|5f7c8ec7c33c6c004bbafe82"),
        ("a@b.example", "a@b.example"),
        ("100%", "100%25"),
        ("%41", "%2541"),
        (" a b ", "%20a%20b%20"),
        ("a\r\nX-Auth-Roles: admin", "a%0D%0AX-Auth-Roles:%20admin"),
        ("Zo\u00eb", "Zo%C3%AB"),
        ("\x00\x7f", "%00%7F"),
        ("\u2028\ud800", "%E2%80%A8%ED%A0%80"),
    ],
)
def test_ses_87_a_subject_cannot_leave_its_header(subject: str, told: str) -> None:
    """Whatever is not visible ASCII is percent-encoded, and so is the percent sign."""
    assert caller_headers(person(subject=subject))["X-Auth-Subject"] == told


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_ses_87_every_text_reads_back_as_itself(text: str) -> None:
    """No two subjects look the same to an app, and none holds anything but visible ASCII."""
    for name, value in caller_headers(
        person(user_id=text, session_id=text, issuer=text, subject=text)
    ).items():
        assert all("!" <= char <= "~" or (char == " " and name == "X-Auth-Scopes") for char in value)
        if name not in ("X-Auth-Roles", "X-Auth-Scopes"):
            assert unquote(value) == text
            assert quote(text, safe="!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~") == value
