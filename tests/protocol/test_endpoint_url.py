"""Which provider addresses may be contacted (NET-10)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.errors import ProviderMetadataInvalid
from watchword.protocol.endpoint_url import check_endpoint, check_issuer
from watchword.protocol.web_url import parse_web_url

GOOD_HTTPS = [
    "https://idp.test",
    "https://idp.test/",
    "HTTPS://IDP.Test/Token",
    "https://idp.test:8443/oauth2/token?p=B2C_1_signin",
    "https://xn--bcher-kva.test/a%20b;c=d/@x:y",
    "https://10.0.0.5/token",
    "https://[2001:db8::1]:443/token",
    "https://my_idp.internal/realms/x",
    "https://localhost/",
    "https://1.idp.test/",
]
GOOD_LOOPBACK = [
    "http://localhost:8080/token",
    "http://LOCALHOST/",
    "http://127.0.0.1:9000",
    "http://127.8.9.10/",
    "http://[::1]:9000/jwks",
]
BAD_ALWAYS = [
    "",
    " ",
    "idp.test",
    "/token",
    "//idp.test/token",
    "https:/idp.test",
    "https:idp.test",
    "https://",
    "https:///token",
    "https://:443/",
    "http://idp.test/",
    "http://10.0.0.5/",
    "http://localhost.evil.test/",
    "http://localhost.:80/",
    "http://localhost:80@attacker.test/",
    "http://127.0.0.1@attacker.test/",
    "http://attacker.test#@localhost/",
    "http://127.0.0.1.attacker.test/",
    "http://[::ffff:127.0.0.1]/",
    "http://0.0.0.0/",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "ftp://idp.test/",
    "data:application/json,{}",
    "gopher://idp.test/",
    "javascript://idp.test/%0aalert(1)",
    "https://good@evil.test/",
    "https://user:secret@idp.test/",
    "https://@idp.test/",
    "https://[not-an-ip]/",
    "https://[127.0.0.1]/",
    "https://[::1/",
    "https://::1/",
    "https://[::1]x/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://127.1/",
    "https://127.0.0.01/",
    "https://256.0.0.1/",
    "https://1.2.3.4.5/",
    "https://idp.test:/",
    "https://idp.test:0/",
    "https://idp.test:65536/",
    "https://idp.test:443443/",
    "https://idp.test:+443/",
    "https://idp.test:\u0664\u0664\u0663/",
    "https://idp..test/",
    "https://idp.test./",
    "https://.idp.test/",
    "https://-idp.test/",
    "https://idp-.test/",
    "https://" + "a" * 64 + ".test/",
    "https://" + "a." * 127 + "test/",
    "https://id%70.test/",
    "https://idp.test\\evil.test/",
    "https:\\\\idp.test/",
    "https://idp.test/a b",
    "https://idp.test/\t",
    "\thttps://idp.test/",
    "https://idp.test/\n",
    "https://idp\n.test/",
    "https://idp.test/\x00",
    "https://idp.test/\x7f",
    "https://b\u00fccher.test/",
    "https://idp.test\uff0fevil/",
    "https://idp.test/caf\u00e9",
    "https://idp.test/%",
    "https://idp.test/%zz",
    "https://idp.test/{tenant}",
    "https://idp.test/<x>",
    "https://idp.test/#fragment",
    "https://idp.test/#",
    "http\u017f://idp.test/",
]


@pytest.mark.parametrize("url", GOOD_HTTPS)
def test_https_endpoints_are_accepted_unchanged(url: str) -> None:
    """An https address with a plain host comes back byte for byte, loopback switch or not."""
    assert check_endpoint(url, allow_loopback_http=False) == url
    assert check_endpoint(url, allow_loopback_http=True) == url


@pytest.mark.parametrize("url", GOOD_LOOPBACK)
def test_plain_http_only_on_loopback_and_only_when_allowed(url: str) -> None:
    """Development may use plain http on the machine itself; nothing else may."""
    assert check_endpoint(url, allow_loopback_http=True) == url
    with pytest.raises(ProviderMetadataInvalid, match="must be https"):
        check_endpoint(url, allow_loopback_http=False)


@pytest.mark.parametrize("url", BAD_ALWAYS)
@pytest.mark.parametrize("allow", [True, False])
def test_net_10_everything_else_is_refused(url: str, allow: bool) -> None:
    """Other schemes, user names, fragments, hosts that parsers disagree on, and broken characters."""
    with pytest.raises(ProviderMetadataInvalid):
        check_endpoint(url, allow_loopback_http=allow)


def test_net_10_length_edge() -> None:
    """2048 characters are accepted, one more and 64 KB are not."""
    stem = "https://idp.test/"
    assert check_endpoint(stem + "a" * (2048 - len(stem)), allow_loopback_http=False)
    for length in (2049, 65536):
        with pytest.raises(ProviderMetadataInvalid, match="2048"):
            check_endpoint(stem + "a" * (length - len(stem)), allow_loopback_http=False)


def test_faults_do_not_repeat_the_url() -> None:
    """A password in front of the host never reaches the operator's log."""
    with pytest.raises(ProviderMetadataInvalid) as caught:
        check_endpoint("https://me:hunter2@idp.test/", allow_loopback_http=False)
    assert "hunter2" not in caught.value.detail
    assert "user name" in caught.value.detail


@pytest.mark.parametrize("url", ["https://idp.test", "https://idp.test/", "https://idp.test/realms/x"])
def test_issuers_with_and_without_path_are_accepted(url: str) -> None:
    """An issuer is kept exactly as written, its slash at the end included."""
    assert check_issuer(url, allow_loopback_http=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.test?",
        "https://idp.test/?a=b",
        "https://idp.test/#x",
        "http://idp.test",
        "accounts.google.com",
    ],
)
def test_discovery_3_an_issuer_has_neither_query_nor_fragment(url: str) -> None:
    """OpenID Connect Discovery §3: https, host, optionally port and path, nothing else."""
    with pytest.raises(ProviderMetadataInvalid, match="the issuer"):
        check_issuer(url, allow_loopback_http=True)


@pytest.mark.parametrize(
    ("url", "origin", "is_ip", "is_loopback"),
    [
        ("https://App.Test:443/x", "https://app.test", False, False),
        ("http://app.test:80", "http://app.test", False, False),
        ("http://app.test:443", "http://app.test:443", False, False),
        ("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443", True, False),
        ("http://[::1]", "http://[::1]", True, True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", True, True),
        ("http://localhost:8000", "http://localhost:8000", False, True),
        ("http://192.0.2.1", "http://192.0.2.1", True, False),
    ],
)
def test_parsed_url_knows_origin_and_kind_of_host(
    url: str, origin: str, is_ip: bool, is_loopback: bool
) -> None:
    """Host in lower case, default port left out, addresses compressed."""
    parsed = parse_web_url(url)
    assert (parsed.origin, parsed.is_ip, parsed.is_loopback) == (origin, is_ip, is_loopback)


PIECES = ["https:", "http:", "/", "//", "\\", "@", ":", "#", "?", "%", "%2f", "[", "]", "::1", "localhost"]
PIECES += ["127.0.0.1", "evil.test", "idp.test", "80", ".", "..", "\t", "\n", " ", "a", "0x7f", "\uff0f"]


@settings(derandomize=True, deadline=None, max_examples=examples(500))
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text())
def test_net_10_urllib_reads_the_same_host(url: str) -> None:
    """What is accepted, urllib.parse understands alike: no address hides behind another one."""
    try:
        check_endpoint(url, allow_loopback_http=True)
    except ProviderMetadataInvalid:
        return
    parsed, other = parse_web_url(url), urlsplit(url)
    assert other.hostname is not None
    assert parse_web_url(
        f"https://[{other.hostname}]" if ":" in other.hostname else f"https://{other.hostname}"
    )
    assert other.username is None
    assert not other.fragment
    assert other.scheme == "https" or parsed.is_loopback
