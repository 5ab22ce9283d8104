"""Harnesses of what comes with a request: headers, forms, addresses."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

import pydantic_core

from tests.fuzz.harness import Harness
from watchword.errors import AuthenticationRequired, InvalidRequest, RequestTooLarge, TokenInvalid
from watchword.protocol.accept import prefers_html
from watchword.protocol.bearer import read_authorization
from watchword.protocol.client_ip import client_ip, counted_address, mask_ip
from watchword.protocol.cookies import read_cookies, set_cookie
from watchword.protocol.form import read_form
from watchword.protocol.forward_auth import read_question
from watchword.protocol.media_type import is_json, media_type
from watchword.protocol.redirect_uri import register, with_answer
from watchword.protocol.refresh_request import read_refresh_body
from watchword.protocol.return_to import safe_return_to
from watchword.protocol.terms import read_acceptance
from watchword.protocol.web_url import parse_web_url

ORIGIN = "https://app.example.test"


def in_cookies(data: bytes) -> None:
    """Two headers are as good as one; what has a value can be set as a cookie and read again."""
    found = read_cookies([data])
    if not found.oversized:
        assert read_cookies(data.split(b";")) == found
    for name, value in found.with_prefix("").items():
        assert not found.duplicated(name)
        written = set_cookie(name, value, secure=True, max_age_seconds=1) if len(value) < 4000 else None
        if written is not None:
            assert read_cookies([written.partition("; ")[0].encode()]).get(name) == value


def in_authorization(data: bytes) -> None:
    """A token of the letters that RFC 6750 §2.1 has, or a refusal; a second header never helps."""
    try:
        token = read_authorization([data])
    except (TokenInvalid, AuthenticationRequired):
        return
    assert token
    assert data[:7].lower() == b"bearer "
    assert token.encode("ascii") == data[7:]
    assert not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")


def in_form(data: bytes) -> None:
    """What is read can be written and means the same again; every reader of bodies keeps to its errors."""
    try:
        fields = read_form(data, max_bytes=4096)
    except (InvalidRequest, RequestTooLarge):
        pass
    else:
        assert read_form(urlencode(fields).encode(), max_bytes=100_000) == fields
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        try:
            body = read_refresh_body(kind, data)
        except (InvalidRequest, RequestTooLarge):
            continue
        assert body.refresh_token is None or body.refresh_token.isprintable()
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        with suppress(InvalidRequest, RequestTooLarge):
            assert read_acceptance(kind, data).version


def in_question(data: bytes) -> None:
    """Roles and scopes that were asked for, or a refusal."""
    try:
        question = read_question(data)
    except InvalidRequest:
        return
    for name in question.asked.roles | question.asked.scopes:
        assert name
        assert quote(name, safe="") in quote(unquote(data.decode().replace("+", " ")), safe="")


def in_redirect_uri(data: bytes) -> None:
    """What may be registered leads where every other parser says it does, also with our answer added."""
    text = data.decode("latin-1")
    try:
        found = register(text)
    except ValueError:
        return
    assert found.matches(text, own_origin=ORIGIN)
    answered = with_answer(text, {"code": "c", "state": "s", "error": None})
    assert answered.startswith(text)
    if found.url is None:
        assert urlsplit(answered).scheme not in ("http", "https", "javascript", "data", "file")
        return
    split, browser = urlsplit(answered), pydantic_core.Url(answered)
    assert browser.host is not None
    assert found.url.scheme == split.scheme == browser.scheme
    hosts = {_compressed(host) for host in (found.url.host, split.hostname or "", browser.host)}
    assert len(hosts) == 1
    assert (found.url.port or {"http": 80, "https": 443}[found.url.scheme]) == browser.port
    assert split.username is browser.username is None
    assert parse_web_url(found.url.origin).origin == found.url.origin


def _compressed(host: str) -> str:
    """An IPv6 address in its one spelling; other hosts as they are."""
    plain = host.strip("[]")
    return str(ipaddress.ip_address(plain)) if ":" in plain else plain


def in_return_to(data: bytes) -> None:
    """What survives stays on our origin, to a browser, to Python, and after any number of decodings."""
    text = data.decode("utf-8", "surrogateescape")
    kept = safe_return_to(text, default="/default")
    assert kept in (text, "/default")
    assert safe_return_to(kept, default="/default") == kept
    assert urlsplit(urljoin(f"{ORIGIN}/auth/callback", kept)).netloc == "app.example.test"
    assert pydantic_core.Url(ORIGIN + kept).host == "app.example.test"
    path = re.split("[?#]", kept)[0]
    for _ in range(6):
        assert path.startswith("/")
        assert "//" not in path
        assert not set(path) & set("\r\n\t\\\x00")
        path = unquote(path)


def in_accept(data: bytes) -> None:
    """One list in one header or in many (RFC 9110 §5.3) is the same wish."""
    text = data.decode("latin-1")
    assert prefers_html([text]) is prefers_html(text.split(","))


def in_forwarded_for(data: bytes) -> None:
    """A canonical address, whoever sends what; without proxies it is the peer's; more commas in front
    change nothing."""
    peer = "192.0.2.1"
    assert client_ip(peer, [data], trusted_hops=0) == peer
    for hops in (1, 2, 3):
        found = client_ip(peer, [data], trusted_hops=hops)
        assert found is not None
        assert str(ipaddress.ip_address(found)) == found
        assert client_ip(found, [], trusted_hops=0) == found
        assert client_ip(peer, data.split(b","), trusted_hops=hops) == found
        if data.count(b",") >= hops - 1:
            assert client_ip(peer, [b"203.0.113.9," + data], trusted_hops=hops) == found
        masked = mask_ip(found, "truncated")
        assert masked is not None
        assert mask_ip(masked, "truncated") == masked
        assert counted_address(found) != "unknown"


def in_media_type(data: bytes) -> None:
    """A plain lower-case type, which is read as itself; never JSON without saying so."""
    text = data.decode("latin-1")
    found = media_type(text)
    if found is None:
        assert not is_json(text)
    else:
        assert media_type(found) == found
        assert found in text.lower()


ADDRESSES = (
    b"https://",
    b"http://127.0.0.1",
    b"[::1]",
    b"@",
    b"#",
    b"%2f",
    b"%5c",
    b"//",
    b"\\",
    b":443",
    b"..",
)

REQUEST_HARNESSES = (
    Harness(
        "cookies",
        in_cookies,
        (b"a=1; b=2", b"__Host-ww_access=x; __Host-ww_access=y", b"a", b"=", b'a="1"', b"a=1;a=1"),
        (b";", b"=", b"__Host-ww_access", b'"', b" ", b"\t", b"$Version"),
    ),
    Harness(
        "authorization",
        in_authorization,
        (b"Bearer abc", b"bearer a.b.c==", b"Basic dTpw", b"Bearer"),
        (b"Bearer ", b"BEARER\t", b",", b"=", b"\xff"),
    ),
    Harness(
        "form",
        in_form,
        (b"a=1&b=2", b"refresh_token=x", b'{"refresh_token": "x"}', b"a=%41&b=+", b""),
        (b"&", b"=", b"%", b"+", b";", b"a=", b"%ff", b"\\u0000"),
    ),
    Harness(
        "question",
        in_question,
        (b"role=admin&scope=a+b", b"machines=1", b"role=a&role=b&scope=orders%3Aread", b""),
        (b"role=", b"scope=", b"machines=", b"&", b"%20", b"+"),
    ),
    Harness(
        "redirect_uri",
        in_redirect_uri,
        (
            b"https://spa.example.test/cb",
            b"http://127.0.0.1/cb",
            b"http://[::1]:8000/cb?x=1",
            b"com.example.app:/cb",
            b"https://EXAMPLE.test:443",
        ),
        (*ADDRESSES, b"javascript:", b"0x7f.1", b"?code="),
    ),
    Harness(
        "return_to",
        in_return_to,
        (
            b"/",
            b"/orders?x=1#y",
            b"/a/b/../c",
            b"/%2e%2e/x",
            b"/auth/account",
            b"//evil.example",
            b"/\xc3\xa9",
        ),
        (*ADDRESSES, b"/auth", b"%25", b"\xef\xbc\x8f", b"\t", b"\r\n"),
    ),
    Harness(
        "accept",
        in_accept,
        (b"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", b"application/json", b"text/html;q=0.5"),
        (b"text/html", b"application/json", b"*/*", b"application/*", b";q=", b"0.001", b","),
    ),
    Harness(
        "forwarded_for",
        in_forwarded_for,
        (b"203.0.113.7", b"10.0.0.1, [2001:db8::1]:443", b"::ffff:1.2.3.4, unknown, 1.2.3.4:80", b""),
        (b",", b"[", b"]", b":", b"::1", b"%eth0", b"unknown", b"127.0.0.1", b"0x7f"),
    ),
    Harness(
        "media_type",
        in_media_type,
        (b"application/json; charset=utf-8", b'text/plain;charset="latin-1"', b"application/x+json"),
        (b";", b"charset=", b'"', b"/", b"+json", b" "),
    ),
)
