"""A provider has to prove over TLS who it is; each way in which it cannot has its own words."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.flows.asking import CAP, ask
from tests.flows.certificates import DAY, ELSEWHERE, Authority, outdated
from tests.flows.conftest import StartService
from tests.flows.raw_server import RawServer, answer, sends
from watchword.dev_provider import DevProviderServer
from watchword.errors import ConfigurationError, ProviderTlsFailed
from watchword.testing.provider import provider_settings
from watchword.transport.provider_http import HttpxProviderHttp
from watchword.transport.tls import public_context, tls_context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def asked(server_side: ssl.SSLContext, trusted: Path, *, posting: bool = False) -> int:
    """How many requests a server with this certificate got; the answer must have been good."""
    http = HttpxProviderHttp(ssl_context=tls_context(str(trusted), provider_id="dev"))
    with RawServer(sends(answer(b"{}")), tls=server_side) as server:
        try:
            got = await ask(http, f"{server.address}/x?query", posting=posting)
            assert (got.status, got.body) == (200, b"{}")
        finally:
            await http.close()
            requests = len(server.requests)
            assert requests == 0 or server.requests[0].startswith(b"POST" if posting else b"GET")
    return requests


async def test_a_private_authority_is_trusted_where_its_file_is_named(authority: Authority) -> None:
    """The good case of all the others."""
    assert await asked(authority.server(), authority.file) == 1


@pytest.mark.parametrize("self_signed", [False, True])
async def test_a_servers_own_certificate_may_be_what_is_trusted(
    authority: Authority, tmp_path: Path, self_signed: bool
) -> None:
    """Pinned: no authority is needed for it, nor does one help."""
    server_side = authority.server(self_signed=self_signed)
    assert await asked(server_side, tmp_path / "server.pem") == 1


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"starts": -2 * DAY, "ends": -DAY}, "has expired"),
    "not yet valid": ({"starts": DAY, "ends": 2 * DAY}, "is not valid yet"),
    "self-signed": ({"self_signed": True}, "is self-signed: name that certificate in CA_FILE"),
    "wrong name": ({"names": ELSEWHERE}, "is for another host name"),
    "name in the CN only": ({"names": ()}, "is for another host name"),
}


@pytest.mark.parametrize("posting", [False, True], ids=["get", "post"])
@pytest.mark.parametrize(("shown", "says"), BAD.values(), ids=BAD)
async def test_net_12_flt_11_a_bad_certificate_is_refused_by_its_cause(
    authority: Authority, shown: dict[str, Any], says: str, posting: bool
) -> None:
    """Nothing was sent, and the operator reads what is wrong and what to do."""
    with pytest.raises(ProviderTlsFailed) as caught:
        await asked(authority.server(**shown), authority.file, posting=posting)
    assert f"its certificate {says}" in caught.value.detail
    assert "query" not in caught.value.detail


async def test_net_12_an_authority_nobody_named_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Neither by another file nor by the public authorities; the detail leads to ``CA_FILE``."""
    other = Authority(tmp_path, "other")
    with pytest.raises(ProviderTlsFailed, match="CA_FILE"):
        await asked(authority.server(), other.file)
    http = HttpxProviderHttp()
    with RawServer(sends(answer(b"{}")), tls=authority.server()) as server:
        with pytest.raises(ProviderTlsFailed, match="CA_FILE"):
            await http.get(server.address, max_bytes=CAP)
        await http.close()


async def test_net_12_nothing_older_than_tls_1_2_is_spoken(authority: Authority) -> None:
    """No fallback; the reason is told."""
    with pytest.raises(ProviderTlsFailed, match=r"TLS 1\.2 or newer"):
        await asked(outdated(authority.server()), authority.file)


def test_net_12_every_context_checks_certificate_and_name(authority: Authority) -> None:
    """An operator's file stands instead of the public authorities; those are read once a process."""
    own = tls_context(str(authority.file), provider_id="dev")
    for context in (own, public_context()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(own.get_ca_certs()) == 1
    assert tls_context(None, provider_id="dev") is public_context()


def test_a_file_that_cannot_be_used_stops_the_start(
    start_service: StartService, provider_server: DevProviderServer, tmp_path: Path
) -> None:
    """By the name of its setting, before anybody is sent to the provider."""
    dev = {**provider_settings(provider_server), "ca_file": str(tmp_path / "missing.pem")}
    with pytest.raises(ConfigurationError, match="WATCHWORD_PROVIDERS__DEV__CA_FILE"):
        start_service(providers={"dev": dev})
