"""What is sent to a provider, and to nobody else: no redirect, no proxy, no parameter too many."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.flows.asking import CAP, ask
from tests.flows.conftest import StartService
from tests.flows.raw_server import RawServer, answer, sends
from tests.flows.refusals import Refusals
from watchword.dev_provider import DevProviderServer
from watchword.errors import ProviderResponseInvalid, ProviderUnavailable
from watchword.testing.provider import provider_settings
from watchword.transport.provider_http import HttpxProviderHttp

LOCATIONS = [
    "/same-host",
    "{elsewhere}/other",
    "https://other.invalid/",
    "//127.0.0.1:1/",
    "file:///etc/passwd",
    "http://[not-an-ip]/",
    "http://" + "x" * 5000,
    "http://\xff\xfe/",
    "http://user:pass@127.0.0.1/",
    "",
]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_net_9_co_8_no_redirect_is_followed(http: HttpxProviderHttp, status: int) -> None:
    """The answer with its 3xx status is the answer, or a typed error; the target is never asked."""
    with RawServer(sends(answer(b"{}"))) as elsewhere:
        for location in LOCATIONS:
            target = {"Location": location.format(elsewhere=elsewhere.address)}
            with RawServer(sends(answer(b"{}", status=status, headers=target))) as server:
                for posting in (False, True):
                    with suppress(ProviderUnavailable, ProviderResponseInvalid):
                        assert (await ask(http, server.address, posting=posting)).status == status
            assert len(server.requests) == 2
    assert not elsewhere.requests


async def test_co_3_a_code_adds_no_parameter_to_the_body(http: HttpxProviderHttp) -> None:
    """The body is form-encoded: what looks like another parameter stays inside the value."""
    with RawServer(sends(answer(b"{}"))) as server:
        form = {"code": "x&client_id=evil\r\nX: y", "code_verifier": "v+v"}
        await http.post_form(server.address, form, max_bytes=CAP)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b"code=x%26client_id%3Devil%0D%0AX%3A+y&code_verifier=v%2Bv"
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()


async def test_no_proxy_of_the_environment_sees_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code for a provider on this machine stays on it; elsewhere the operator's proxy is used."""
    with (
        RawServer(sends(answer(b"proxy", status=407))) as proxy,
        RawServer(sends(answer(b"direct"))) as direct,
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
            monkeypatch.setenv(name.lower(), proxy.address)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        http = HttpxProviderHttp()
        for host in ("127.0.0.1", "localhost"):
            url = direct.address.replace("127.0.0.1", host)
            assert (await ask(http, url, posting=True)).body == b"direct"
        assert not proxy.requests
        with pytest.raises(ProviderUnavailable):
            await ask(http, "https://provider.invalid/token", posting=True)
        await http.close()
    assert [request.partition(b" ")[0] for request in proxy.requests] == [b"CONNECT"]
    assert b"secret" not in proxy.requests[0]


def test_a_secret_that_cannot_be_sent_is_told_before_anyone_is_sent_away(
    start_service: StartService, provider_server: DevProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Pasted with a control character in it: a page at the start, the cause in the log, not the secret."""
    service = start_service(
        providers={"dev": {**provider_settings(provider_server), "client_secret": "ab\x07cd"}}
    )
    Refusals(service, caplog).request(
        service.browser(),
        "GET",
        "/auth/login/dev",
        status=502,
        reason="provider_settings_mismatch",
        detail="CLIENT_SECRET holds a character",
        calls=("/.well-known/openid-configuration",),
    )
    assert "ab\x07cd" not in caplog.text
