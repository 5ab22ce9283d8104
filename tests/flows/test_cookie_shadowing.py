"""SES-77: cookies an attacker planted beside ours, or in their place, sign nobody in as the attacker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, replicas, serve_provider
from watchword.testing import FakeClock

SECURE = "https://app.example.test"
PLAIN = "http://127.0.0.1:8000"

SHADOWS: dict[str, bytes] = {
    "attacker's first": b"%(name)s=%(theirs)s; %(name)s=%(ours)s",
    "attacker's last": b"%(name)s=%(ours)s; %(name)s=%(theirs)s",
    "around ours": b"%(name)s=%(theirs)s; %(name)s=%(ours)s; %(name)s=%(theirs)s",
    "without a blank": b"%(name)s=%(ours)s;%(name)s=%(theirs)s",
    "a blank before the name": b"%(name)s=%(ours)s;   %(name)s=%(theirs)s",
    "a blank behind the name": b"%(name)s=%(ours)s; %(name)s =%(theirs)s",
    "a tab around the name": b"%(name)s=%(ours)s; \t%(name)s\t=\t%(theirs)s",
    "quoted": b'%(name)s=%(ours)s; %(name)s="%(theirs)s"',
    "quoted first": b'%(name)s="%(theirs)s"; %(name)s=%(ours)s',
    "one in quotes that never end": b'x="; %(name)s=%(theirs)s; %(name)s=%(ours)s',
    "old version mark": b"$Version=1; %(name)s=%(theirs)s; $Path=/; %(name)s=%(ours)s",
    "an empty one": b"%(name)s=; %(name)s=%(ours)s; %(name)s=%(theirs)s",
    "one without a value": b"%(name)s; %(name)s=%(ours)s; %(name)s=%(theirs)s",
}
"""With both in one request nobody can tell whose is whose."""

ALONE: dict[str, bytes] = {
    "without the prefix": b"ww_%(kind)s=%(theirs)s",
    "the prefix in lower case": b"__host-ww_%(kind)s=%(theirs)s",
    "the prefix in upper case": b"__HOST-ww_%(kind)s=%(theirs)s",
    "the other prefix": b"__Secure-ww_%(kind)s=%(theirs)s",
    "the name in upper case": b"__Host-WW_%(kind)s=%(theirs)s",
    "no name at all": b"=__Host-ww_%(kind)s=%(theirs)s",
    "a no-break space before": b"\xa0__Host-ww_%(kind)s=%(theirs)s",
    "a next-line before": b"\x85__Host-ww_%(kind)s=%(theirs)s",
    "a wide space before": b"\xe2\x80\x80__Host-ww_%(kind)s=%(theirs)s",
    "a vertical tab before": b"\x0b__Host-ww_%(kind)s=%(theirs)s",
    "a line end before": b"x=1\n; \n__Host-ww_%(kind)s=%(theirs)s",
    "a NUL behind": b"__Host-ww_%(kind)s\x00=%(theirs)s",
    "percent-encoded": b"%%5F%%5FHost-ww_%(kind)s=%(theirs)s",
    "in brackets": b"__Host-ww_%(kind)s[]=%(theirs)s",
    "in quotes": b'"__Host-ww_%(kind)s"=%(theirs)s',
    "the value in quotes": b'__Host-ww_%(kind)s="%(theirs)s"',
    "after a comma": b"x=1, __Host-ww_%(kind)s=%(theirs)s",
    "as a value": b"x=__Host-ww_%(kind)s=%(theirs)s",
    "in a quoted value": b'x="a\\"; b"; "__Host-ww_%(kind)s=%(theirs)s',
    "a colon": b"__Host-ww_%(kind)s: %(theirs)s",
}
"""Names and values that are nearly ours; over https none of them counts."""


@dataclass
class Pair:
    """A victim and an attacker, both signed in at one service."""

    service: Service
    victim: Browser
    attacker: Browser

    def subject(self, header: bytes | list[bytes], path: str = "/auth/me") -> str | None:
        """Who a request with these ``Cookie`` headers is, None for nobody."""
        values = header if isinstance(header, list) else [header]
        headers = [(b"cookie", value) for value in values]
        response = self.service.client.get(path, headers=headers)
        self.service.client.cookies.clear()
        if response.status_code != 200:
            assert response.status_code == 401, response.text
            return None
        return str(response.json().get("subject") or response.json()["sessions"][0]["id"])

    def filled(self, template: bytes, kind: str) -> bytes:
        name = next(name for name in self.victim.cookies if name.endswith(f"ww_{kind}"))
        return template % {
            b"name": name.encode(),
            b"kind": kind.encode(),
            b"ours": self.victim.cookies[name].encode(),
            b"theirs": self.attacker.cookies[name].encode(),
        }


def signed_in_pair(service: Service) -> Pair:
    return Pair(service, service.signed_in("alice"), service.signed_in("bob"))


@pytest.fixture(scope="module", params=[SECURE, PLAIN])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    clock = FakeClock()
    folder = tmp_path_factory.mktemp("shadows")
    with serve_provider(clock) as server, replicas(server, clock, folder) as start:
        yield signed_in_pair(start(base_url=request.param))


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("path", ["/auth/me", "/auth/sessions"])
def test_ses_77_two_cookies_of_one_name_are_none(pair: Pair, kind: str, path: str) -> None:
    """In one header or in two, in any order and spelling: neither is taken, least of all the attacker's."""
    for name, template in SHADOWS.items():
        header = pair.filled(template, kind)
        assert pair.subject(header, path) is None, name
        assert pair.subject(header.split(b"; "), path) is None, name
    alone = pair.filled(b"%(name)s=%(ours)s", kind)
    assert (pair.subject(alone, path) is None) is (kind == "refresh" and path == "/auth/me")


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("path", ["/auth/me", "/auth/sessions"])
def test_ses_77_a_name_that_is_nearly_ours_is_not(pair: Pair, kind: str, path: str) -> None:
    """Alone it is nobody, and beside ours it takes nothing away from it."""
    ours = pair.filled(b"%(name)s=%(ours)s", kind)
    expected = pair.subject(ours, path)
    for name, template in ALONE.items():
        if pair.service.auth.settings.base_url == PLAIN and name == "without the prefix":
            continue
        planted = pair.filled(template, kind)
        assert pair.subject(planted, path) is None, name
        if b'="' not in planted:
            assert pair.subject(planted + b"; " + ours, path) == expected, name


def test_ses_77_a_jar_that_overflows_signs_nobody_in(pair: Pair) -> None:
    """More cookies than are read, with the attacker's before, among or behind them."""
    theirs = pair.filled(b"%(name)s=%(theirs)s", "access")
    flood = b"; ".join(b"c%d=1" % number for number in range(200))
    large = b"c=" + b"x" * 16_500
    for header in (theirs + b"; " + flood, flood + b"; " + theirs, theirs + b"; " + large):
        assert pair.subject(header) is None


def test_ses_77_a_shadowed_refresh_cookie_rotates_nothing(pair: Pair) -> None:
    """401, no cookie is set, and both sessions go on as if nothing had been asked."""
    for name, template in SHADOWS.items():
        header = pair.filled(template, "refresh")
        response = pair.service.client.post(
            "/auth/refresh", headers=[(b"cookie", header), (b"sec-fetch-site", b"same-origin")]
        )
        assert response.status_code == 401, name
        assert not [each for each in response.headers.get_list("set-cookie") if "Max-Age=0" not in each]
    for browser in (pair.victim, pair.attacker):
        assert browser.post("/auth/refresh").status_code == 200
