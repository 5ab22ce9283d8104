"""Ten million characters in any parser: the memory it takes is that of the input, or next to none."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest

from watchword.errors import WatchwordError
from watchword.protocol.accept import prefers_html
from watchword.protocol.bearer import read_authorization
from watchword.protocol.client_ip import client_ip
from watchword.protocol.cookies import read_cookies
from watchword.protocol.device import device_label
from watchword.protocol.form import read_form
from watchword.protocol.jwk import parse_key_set
from watchword.protocol.jws import parse
from watchword.protocol.media_type import media_type
from watchword.protocol.origin import is_same_origin
from watchword.protocol.pkce import is_verifier
from watchword.protocol.printable import printable
from watchword.protocol.redirect_uri import register
from watchword.protocol.refresh_request import read_refresh_body
from watchword.protocol.refresh_token import read as read_refresh_token
from watchword.protocol.return_to import safe_return_to
from watchword.protocol.scope import read_scope
from watchword.protocol.strict_json import loads
from watchword.protocol.web_url import parse_web_url

SIZE = 10_000_000
NEXT_TO_NONE = 128 * 1024
REGISTERED = register("http://127.0.0.1/cb")

TEXT: dict[str, Callable[[str], object]] = {
    "jws": parse,
    "accept": lambda text: prefers_html(["text/html", text]),
    "content type": media_type,
    "return_to": lambda text: safe_return_to(text, default="/"),
    "redirect uri": register,
    "redirect uri of a request": lambda text: REGISTERED.matches(text, own_origin="https://a.example"),
    "web url": parse_web_url,
    "refresh token": lambda text: read_refresh_token(text, tag_keys=[b"k"]),
    "user agent": device_label,
    "scope": read_scope,
    "code verifier": is_verifier,
    "origin": lambda text: is_same_origin(base_url_origin="https://a", sec_fetch_site=[], origin=[text]),
    "log line": printable,
}
BYTES: dict[str, Callable[[bytes], object]] = {
    "json": lambda raw: loads(raw, max_bytes=8192),
    "key set": parse_key_set,
    "authorization": lambda raw: read_authorization([raw]),
    "cookies": lambda raw: read_cookies([raw]),
    "form": lambda raw: read_form(raw, max_bytes=8192),
    "refresh request": lambda raw: read_refresh_body("application/json", raw),
}
PATTERNS = (".", "a", "[", ";", ",", "a=b;", "%41", "/")


def peak_of(work: Callable[[], object]) -> int:
    """The most memory ``work`` held, in bytes, beyond what was there before."""
    tracemalloc.start()
    try:
        with contextlib.suppress(ValueError, WatchwordError):
            work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_too_long_is_refused_before_it_is_taken_apart(pattern: str) -> None:
    """No list of its pieces, no decoded copy: what a parser allocates does not depend on the size."""
    text = (pattern * SIZE)[:SIZE]
    raw = text.encode()
    bearer = b"Bearer " + raw
    peaks = {name: peak_of(partial(read, text)) for name, read in TEXT.items()}
    peaks |= {name: peak_of(partial(read, raw)) for name, read in BYTES.items()}
    peaks["bearer"] = peak_of(partial(read_authorization, [bearer]))
    assert not {name: peak for name, peak in peaks.items() if peak > NEXT_TO_NONE}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_chain_of_proxies_is_read_from_its_end(pattern: str) -> None:
    """``X-Forwarded-For`` is split as often as there are proxies: two copies, however many commas."""
    raw = (pattern * SIZE).encode()[:SIZE]
    peak = peak_of(lambda: client_ip("192.0.2.1", [raw], trusted_hops=2))
    assert peak < 2 * SIZE + NEXT_TO_NONE
