"""Where a sign-in may end (catalogue §2.3)."""

from __future__ import annotations

import re
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from watchword.protocol.return_to import OWN_PAGES, safe_return_to

DEFAULT = "/home"
HOST = "app.test"


def survives(value: str) -> bool:
    result = safe_return_to(value, default=DEFAULT)
    assert result in (value, DEFAULT)
    return result == value


@pytest.mark.parametrize(
    "value",
    [
        "/",
        "/orders",
        "/orders/42/lines/",
        "/orders?page=2&sort=-created#top",
        "/search?q=a%20b%2Fc&next=https://app.test//x&f[]=1",
        "/caf%C3%A9",
        "/@alice",
        "/a:b,c=d!$&'()*+~?e;f",
        "/.hidden/...x",
        "/author",
        "/authors/1",
        "/orders/auth/logout",
        "/x%2Fy",
        "/auth/account",
        "/auth/sessions",
        "/auth/terms?from=login",
        "/auth/account#data",
        "/" + "a" * 1023,
    ],
)
def test_local_paths_survive_byte_for_byte(value: str) -> None:
    """A plain path of ours comes back unchanged, query and fragment included."""
    assert survives(value)


@pytest.mark.parametrize("value", [None, "", " ", "/" + "a" * 1024])
def test_nothing_or_too_much_ends_on_the_default_page(value: str | None) -> None:
    """Absent, empty, longer than 1024 characters."""
    assert safe_return_to(value, default=DEFAULT) == DEFAULT


@pytest.mark.parametrize(
    "value",
    [
        "orders",
        "https://evil.test",
        "https://app.test/orders",
        "HTTPS:/evil.test",
        "https:evil.test",
        "//evil.test",
        "///evil.test",
        "////evil.test/%2e%2e",
        "/\\evil.test",
        "\\\\evil.test",
        "\\/evil.test",
        "/\\/evil.test",
        "/orders\\..\\x",
        "/%5Cevil.test",
        "/%5cevil.test",
        "/%255Cevil.test",
        "/%25255Cevil.test",
        "/%2Fevil.test",
        "/%2f%2fevil.test",
        "/%252Fevil.test",
        "/x/%2F/y",
        "%2F%2Fevil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "\t//evil.test",
        " /evil.test",
        "/ /evil.test",
        "/\x00",
        "/orders\r\nSet-Cookie: a=b",
        "/orders%0d%0aSet-Cookie:a=b",
        "/orders?x=%0D%0A",
        "/orders?x=%250a",
        "/orders?x=%25250a",
        "/orders#%00",
        "/%09/evil.test",
        "/%7f",
        "/%c2%85",
        "/%E2%80%A8",
        "/%E2%80%AE",
        "/.//evil.test",
        "/..//evil.test",
        "/./",
        "/a/..",
        "/a/../b",
        "/a/..;/b",
        "/a/%2e%2e//evil.test",
        "/a/.%2E/b",
        "/%252e%252e/b",
        "/\uff0fevil.test",
        "/%EF%BC%8Fevil.test",
        "/%EF%BC%BCevil.test",
        "/%E2%80%A6/x",
        "/caf\u00e9",
        "/\u2028",
        "/\ud800",
        "/%",
        "/%zz",
        "/%ff",
        "/%c0%af",
        "/%" + "25" * 6 + "41",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "?next=//evil.test",
        "#x",
        "@evil.test",
        ".evil.test",
        "/<script>",
        '/"x',
        "/a//b",
        "/;",
        "/orders;x=y",
        "/orders%3Bx",
    ],
)
def test_2_3_everything_that_is_not_plainly_local_is_refused(value: str) -> None:
    """Slashes and backslashes in any mix, controls, encodings, look-alikes, dot segments, schemes."""
    assert not survives(value)


@pytest.mark.parametrize(
    "value",
    [
        "/auth",
        "/auth/",
        "/auth/login",
        "/auth/logout",
        "/auth/callback/main?code=x&state=y",
        "/auth/login/evil",
        "/auth/account/",
        "/auth/account/export",
        "/auth/accounts",
        "/auth/Account",
        "/auth/sessions/1/end",
        "/auth/terms;x",
        "/AUTH/logout",
        "/Auth/account",
        "/%61uth/logout",
        "/%61uth/account",
        "/%2561uth/logout",
        "/auth%2Flogout",
        "/auth%252Flogout",
        "/auth;x=y/logout",
        "/%EF%BD%81uth/logout",
        "/x/../auth/logout",
        "/x/%2e%2e/auth/logout",
        "/./auth/logout",
        "/.well-known/jwks.json",
        "/.WELL-KNOWN/jwks.json",
        "/%2Ewell-known/x",
        "/auth/admin",
        "/auth?x",
        "/auth#x",
    ],
)
def test_of_our_own_pages_only_account_sessions_and_terms(value: str) -> None:
    """No spelling of another page of ours is where a sign-in ends."""
    assert not survives(value)


# --- under every parser -----------------------------------------------------------------------


def whatwg(reference: str) -> tuple[str, str]:
    """(host, path) as the WHATWG URL parser resolves ``reference`` on https://app.test/; a foreign
    scheme is reported as the host. Written after https://url.spec.whatwg.org/#concept-basic-url-parser."""
    text = re.sub(r"[\t\n\r]", "", reference.strip("".join(map(chr, range(33)))))
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):", text)
    if scheme:
        return f"{scheme.group(1).lower()}:", text
    head = re.split(r"[?#]", text, maxsplit=1)[0].replace("\\", "/")
    if head.startswith("//"):
        rest = head.lstrip("/")
        return rest.partition("/")[0].rpartition("@")[2], "/" + rest.partition("/")[2]
    segments: list[str] = []
    for position, raw in enumerate(pieces := head.lstrip("/").split("/")):
        folded = raw.lower().replace("%2e", ".")
        if folded == "..":
            segments = segments[:-1]
        elif folded != ".":
            segments.append(raw)
        if folded in (".", "..") and position == len(pieces) - 1:
            segments.append("")
    return HOST, "/" + "/".join(segments)


def test_the_resolver_of_these_tests_knows_the_traps() -> None:
    """The oracle itself: a few answers browsers are known to give."""
    assert whatwg("/\\evil.test/x") == ("evil.test", "/x")
    assert whatwg("\t/\n/me@evil.test") == ("evil.test", "/")
    assert whatwg("/a/../b/./c") == (HOST, "/b/c")
    assert whatwg("/x/%2E%2e/auth/logout") == (HOST, "/auth/logout")
    assert whatwg("/a/..") == (HOST, "/")
    assert whatwg("javascript:alert(1)")[0] == "javascript:"


def is_forbidden_own_page(path: str) -> bool:
    decoded = unquote(unquote(path)).casefold()
    return bool(re.match(r"/+(auth|\.well-known)(/|;|$)", decoded)) and path not in OWN_PAGES


FRAGMENTS = [
    "/",
    "//",
    "\\",
    "/auth/",
    "/auth",
    "AUTH",
    "%61uth",
    "logout",
    "account",
    "..",
    ".",
    "%2e",
    "%2f",
]
FRAGMENTS += [
    "%5c",
    "%252f",
    "%255c",
    "%25",
    "%",
    "?",
    "#",
    "@",
    ":",
    ";",
    "\t",
    "\r",
    "\n",
    " ",
    "a",
    "evil.test",
]
FRAGMENTS += ["https:", "javascript:", "/.well-known/", "\uff0f", "%EF%BC%8F", "\u0338", "%CC%B8", "x"]
HOSTILE = st.text("/\\:@.?#%\t\r\nahtu25eEfFcC", max_size=24) | st.lists(
    st.sampled_from(FRAGMENTS), max_size=8
).map("".join)


@pytest.mark.parametrize("examples", [125, pytest.param(20_000, marks=pytest.mark.soak)])
def test_2_3_what_survives_stays_here_under_every_parser(examples: int) -> None:
    """Browsers, urllib.parse and a proxy that decodes once more keep the origin, find no page of
    ours but the three, and no header line breaks."""
    settings(derandomize=examples == 125, deadline=None, max_examples=examples)(stays_here)()


@given(HOSTILE | HOSTILE.map(lambda text: "/" + text) | st.text())
@example("/x/../auth/logout")
@example("/%CC%B8a")
def stays_here(value: str) -> None:
    if not survives(value):
        return
    assert value.isascii()
    assert value.isprintable()
    path = re.split(r"[?#]", value, maxsplit=1)[0]
    joined = urlsplit(urljoin(f"https://{HOST}/", value))
    assert (joined.scheme, joined.netloc, joined.path) == ("https", HOST, path)
    host, resolved = whatwg(value)
    assert (host, resolved) == (HOST, path)
    for reading in (path, unquote(path), unquote(unquote(path))):
        host, resolved = whatwg(reading.replace("?", "%3F").replace("#", "%23"))
        assert host == HOST
        assert not resolved.startswith("//")
        assert not is_forbidden_own_page(path)
