"""Harnesses of what clients send about themselves: credentials and authorization requests."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus, urlencode

from tests.fuzz.harness import Harness
from watchword.errors import InvalidClient, InvalidRequest, RedirectUriRefused, UnknownClient
from watchword.protocol.client_authentication import PresentedSecret, read_credential
from watchword.protocol.client_request import RedirectFault, read_client_request, read_query
from watchword.protocol.clients import Client
from watchword.protocol.redirect_uri import register

ORIGIN = "https://app.example.test"
WEB, LOOPBACK = "https://spa.example.test/cb", "http://127.0.0.1/cb"
CLIENTS = {"spa": Client("spa", (register(WEB), register(LOOPBACK)), frozenset({"orders:read"}))}
ASKED = {
    "client_id": "spa",
    "redirect_uri": WEB,
    "response_type": "code",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
    "state": "s",
    "scope": "orders:read",
}


def in_client_credential(data: bytes) -> None:
    """A ``Basic`` header that is read has one spelling for one id and one secret, or is refused."""
    try:
        found = read_credential({}, [data])
    except (InvalidClient, InvalidRequest):
        return
    if isinstance(found, PresentedSecret):
        assert found.client_id
        assert found.secret
        joined = f"{quote_plus(found.client_id)}:{quote_plus(found.secret)}"
        again = b"Basic " + base64.b64encode(joined.encode())
        assert read_credential({}, [again]) == found


def in_client_request(data: bytes) -> None:
    """An answer, good or bad, goes to a registered address or nowhere."""
    try:
        params = read_query(data)
        found = read_client_request(params, CLIENTS, own_origin=ORIGIN, resources=frozenset({ORIGIN}))
    except (InvalidRequest, UnknownClient, RedirectUriRefused):
        return
    assert CLIENTS["spa"].redirect_uri(found.redirect_uri, own_origin=ORIGIN) is not None
    assert found.redirect_uri in [value for name, value in params if name == "redirect_uri"]
    if isinstance(found, RedirectFault):
        assert found.error
        return
    assert found.client_id == "spa"
    assert set(found.scopes) <= CLIENTS["spa"].scopes
    assert len(found.code_challenge) == 43
    assert found.confirm is not (found.redirect_uri == WEB)


CLIENT_HARNESSES = (
    Harness(
        "client_credential",
        in_client_credential,
        (b"Basic cm9ib3Q6c2VjcmV0", b"basic cm9ib3Q6YSUzQWI=", b"Basic Og==", b"Bearer x"),
        (b"Basic ", b"=", b"Og==", b"JTNB"),
    ),
    Harness(
        "client_request",
        in_client_request,
        (
            urlencode(ASKED).encode(),
            urlencode({**ASKED, "redirect_uri": "http://127.0.0.1:5000/cb", "max_age": "60"}).encode(),
            urlencode({**ASKED, "prompt": "login", "resource": ORIGIN}).encode(),
        ),
        (
            *(f"&{name}=".encode() for name in ASKED),
            b"&max_age=",
            b"&prompt=none",
            b"&request=",
            b"%00",
            b"+",
        ),
    ),
)
