"""It lets anyone in as anyone, so it answers this machine only and never in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from watchword.dev_provider import DevClient, DevProvider, DevProviderServer, Person, create_dev_provider
from watchword.dev_provider.state import MAX_ENTRIES, keep
from watchword.errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from tests.dev_provider.conftest import RelyingParty

HERE = ("127.0.0.1", 50000)


@pytest.mark.parametrize("environment", ["production", "PRODUCTION", " production "])
def test_production_is_refused(environment: str) -> None:
    """Neither the app nor the server comes into being."""
    with pytest.raises(ConfigurationError, match="production"):
        create_dev_provider(issuer="http://127.0.0.1:9400", environment=environment)
    with pytest.raises(ConfigurationError, match="production"):
        DevProviderServer(environment=environment).start()


@pytest.mark.parametrize("environment", ["development", "staging", "test"])
def test_other_environments_are_fine(environment: str) -> None:
    """Refusing is for production."""
    assert create_dev_provider(issuer="http://127.0.0.1:9400", environment=environment).issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "http://example.test",
        "http://192.168.1.10:9400",
        "http://0.0.0.0:9400",
        "http://127.0.0.1.example.test",
        "http://localhost.example.test",
        "http://127.0.0.1@example.test",
        "http://user@127.0.0.1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:x",
        "http://[::1",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#a",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\n",
        "ftp://127.0.0.1",
        "127.0.0.1:9400",
        "http:///",
        "",
    ],
)
def test_an_issuer_elsewhere_is_refused(issuer: str) -> None:
    """Only plain loopback addresses are issuers here."""
    with pytest.raises(ConfigurationError):
        create_dev_provider(issuer=issuer)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "[::1]"])
def test_loopback_issuers_are_accepted(host: str) -> None:
    """All of 127.0.0.0/8, ::1 and localhost are this machine."""
    assert create_dev_provider(issuer=f"http://{host}:9400").issuer == f"http://{host}:9400"


@pytest.mark.parametrize(
    "client", [("192.168.1.20", 5000), ("10.0.0.1", 1), ("::ffff:10.0.0.1", 1), ("testclient", 1), ("", 0)]
)
def test_other_machines_get_403(provider: DevProvider, client: tuple[str, int]) -> None:
    """Every path is closed to addresses that are not loopback, and the request is recorded."""
    with TestClient(provider.app, base_url="http://127.0.0.1:9400", client=client) as http:
        for path in ("/.well-known/openid-configuration", "/jwks", "/authorize", "/style.css", "/nothing"):
            assert http.get(path).status_code == 403
    assert ("GET", "/jwks") in provider.requests


@pytest.mark.parametrize("client", ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_answered(provider: DevProvider, client: str) -> None:
    """IPv4, IPv6 and mapped loopback addresses."""
    with TestClient(provider.app, base_url="http://127.0.0.1:9400", client=(client, 1)) as http:
        assert http.get("/jwks").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:9400",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "",
        "[::1",
        "a:b:c",
        "[::2]",
    ],
)
def test_dns_rebinding_gets_403(provider: DevProvider, host: str) -> None:
    """A page of another site that points its name at us does not reach the endpoints."""
    with TestClient(provider.app, base_url="http://127.0.0.1:9400", client=HERE) as http:
        assert http.get("/jwks", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:9400", "[::1]:9400"])
def test_loopback_host_headers_pass(provider: DevProvider, host: str) -> None:
    """Whatever the port, for tunnels on this machine."""
    with TestClient(provider.app, base_url="http://127.0.0.1:9400", client=HERE) as http:
        assert http.get("/jwks", headers={"host": host}).status_code == 200


async def test_a_request_without_an_address_is_refused(provider: DevProvider) -> None:
    """A server that does not say who asks is not trusted, nor are two Host headers."""
    host = (b"host", b"127.0.0.1")
    for client, headers in ((None, [host]), (HERE, []), (HERE, [host, host])):
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any, into: list[dict[str, Any]] = sent) -> None:
            into.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/jwks",
            "query_string": b"",
            "client": client,
            "headers": headers,
        }
        await provider.app(scope, receive, send)
        assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    "arguments",
    [
        {"client_id": ""},
        {"client_id": "a"},
        {"client_id": "a", "client_secret": "s", "auth_method": "none"},
        {"client_id": "a", "client_secret": "s", "auth_method": "private_key_jwt"},
        {"client_id": "a", "auth_method": "private_key_jwt"},
        {"client_id": "a", "client_secret": "s", "jwks": {"keys": [{}]}},
        {"client_id": "a", "client_secret": "s", "redirect_uris": "https://app.example.test/cb"},
        {"client_id": "a", "client_secret": "s", "redirect_uris": ["/cb"]},
        {"client_id": "a", "client_secret": "s", "redirect_uris": ["https://app.example.test/cb#x"]},
        {"client_id": "a", "client_secret": "s", "redirect_uris": ["https://app.example.test/c b"]},
        {"client_id": "a", "client_secret": "s", "post_logout_redirect_uris": ["//app.example.test"]},
    ],
)
def test_clients_that_cannot_work_are_refused(arguments: dict[str, Any]) -> None:
    """A mistake in a registration shows at once."""
    with pytest.raises(ConfigurationError):
        DevClient(**arguments)


def test_ids_must_differ(rp: RelyingParty) -> None:
    """Two clients or two people of one id would hide one of them."""
    client = DevClient("a", "s", [rp.callback])
    with pytest.raises(ConfigurationError, match="client_id"):
        create_dev_provider(issuer=rp.issuer, clients=[client, client])
    one, two = Person("x", "1", "X", "x@example.test"), Person("y", "1", "Y", "y@example.test")
    with pytest.raises(ConfigurationError, match="sub"):
        create_dev_provider(issuer=rp.issuer, people=[one, two])


def test_secrets_do_not_print(rp: RelyingParty) -> None:
    """A client's repr has no secret."""
    assert "hush" not in repr(DevClient("a", "hush", [rp.callback]))


@pytest.mark.parametrize(
    ("url", "person"),
    [
        ("https://evil.test/authorize?x=1", "alice"),
        ("http://127.0.0.1:9400/authorize", "alice"),
        ("http://127.0.0.1:9400/authorize?client_id=unknown", "alice"),
        ("http://127.0.0.1:9400/authorize?\u00fc", "alice"),
        ("good", "mallory"),
    ],
)
def test_approve_refuses_what_a_page_would(
    provider: DevProvider, rp: RelyingParty, url: str, person: str
) -> None:
    """No redirect means an exception."""
    with pytest.raises(InvalidRequest):
        provider.approve(rp.authorization_url() if url == "good" else url, person)


def test_people_can_be_others(rp: RelyingParty) -> None:
    """Extra claims, such as roles under another name, reach ID token and userinfo."""
    person = Person("dora", "42", "Dora", "d@example.test", claims={"https://ns.test/roles": ["x"]})
    client = DevClient("native", None, [rp.callback], auth_method="none")
    provider = create_dev_provider(issuer=rp.issuer, clients=[client], people=[person])
    assert provider.people == (person,)
    with TestClient(provider.app, base_url=rp.issuer, client=HERE, follow_redirects=False) as http:
        other = type(rp)(http, client_id="native", authorization=None)
        tokens = other.redeem(other.sign_in("dora"), client_id="native").json()
        assert other.verified(tokens["id_token"]).claims["https://ns.test/roles"] == ["x"]
        assert other.userinfo(tokens["access_token"]).json()["https://ns.test/roles"] == ["x"]


def test_memory_is_bounded() -> None:
    """A long-running provider forgets its oldest entries."""
    store: dict[str, int] = {}
    first = keep(store, 0)
    for number in range(MAX_ENTRIES):
        keep(store, number)
    assert len(store) == MAX_ENTRIES
    assert first not in store
