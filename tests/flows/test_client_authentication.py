"""How clients authenticate at our endpoints, and every way to fail at it (RFC 6749 §2.3)."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.flows.conftest import BASE_URL, Service
from tests.flows.first_party import FirstParty, oauth_error
from tests.flows.machines import (
    INTROSPECT_URL,
    ITSELF,
    KEYS,
    REVOKE_URL,
    SECRETS,
    TOKEN_URL,
    Machine,
    asserted,
    basic,
    form,
    serving_machines,
    signed,
)
from tests.flows.refusals import change, select
from tests.protocol.workshop import OTHER_P256, b64, jwk_of
from watchword.protocol.client_authentication import ASSERTION_TYPE

PATHS = {
    "/auth/token": ITSELF,
    "/auth/revoke": {"token": "x"},
    "/auth/introspect": {"token": "x"},
}
every_path = pytest.mark.parametrize("path", list(PATHS))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving_machines(tmp_path_factory.mktemp("machines")) as running:
        yield running


@pytest.fixture
def batch(service: Service) -> Machine:
    return Machine(service)


@pytest.fixture
def signer(service: Service) -> Machine:
    return Machine(service, "signer")


# --- secrets ----------------------------------------------------------------------------------


@every_path
@pytest.mark.parametrize("client_id", ["batch", "odd"])
def test_rfc_6749_2_3_1_by_header_or_in_the_body(service: Service, path: str, client_id: str) -> None:
    """Both places at every endpoint, also for a secret full of ``: % +`` and the like."""
    machine = Machine(service, client_id)
    assert machine.ask(path, PATHS[path]).status_code == 200
    assert machine.ask(path, {**PATHS[path], "client_id": client_id}).status_code == 200
    body = {**PATHS[path], "client_id": client_id, "client_secret": machine.secret}
    assert machine.send(path, body).status_code == 200


def test_a_secret_that_is_not_form_encoded_is_another_one(service: Service) -> None:
    """RFC 6749 §2.3.1 is kept to the letter: ``+`` is a blank and ``%2B`` a plus."""
    odd = Machine(service, "odd")
    as_it_is = base64.b64encode(f"odd:{odd.secret}".encode()).decode()
    oauth_error(odd.send("/auth/token", ITSELF, authorization=f"Basic {as_it_is}"), 401, "invalid_client")
    every_byte = "".join(f"%{byte:02X}" for byte in odd.secret.encode())
    encoded = base64.b64encode(f"odd:{every_byte}".encode()).decode()
    assert odd.send("/auth/token", ITSELF, authorization=f"basic {encoded}").status_code == 200


@every_path
@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("batch", SECRETS["batch"][:-1] + "3"),
        ("batch", SECRETS["batch"][:-1]),
        ("batch", SECRETS["batch"] + "0"),
        ("batch", SECRETS["batch"].upper()),
        ("batch", SECRETS["odd"]),
        ("batch", "x"),
        ("batch", " " + SECRETS["batch"]),
        ("Batch", SECRETS["batch"]),
        ("BATCH", SECRETS["batch"]),
        ("batch ", SECRETS["batch"]),
        ("nobody", SECRETS["batch"]),
        ("odd", SECRETS["batch"]),
        ("browser", SECRETS["batch"]),
        ("spa", SECRETS["batch"]),
        ("signer", SECRETS["batch"]),
        ("plain", "x"),
        ("x" * 5000, "x"),
    ],
)
def test_10_4_10_no_other_pair_is_accepted(service: Service, path: str, client_id: str, secret: str) -> None:
    """Wrong secret, unknown client, other case, public client, client with a key: all answered alike,
    by the scheme that was tried."""
    machine = Machine(service)
    if len(client_id) < 3000:
        by_header = machine.send(path, PATHS[path], authorization=basic(client_id, secret))
        oauth_error(by_header, 401, "invalid_client")
        assert by_header.headers["www-authenticate"] == 'Basic realm="watchword"'
    by_body = machine.send(path, {**PATHS[path], "client_id": client_id, "client_secret": secret})
    oauth_error(by_body, 401, "invalid_client")
    assert by_body.headers["www-authenticate"] == "Bearer"


def test_ses_86_an_unknown_client_and_a_wrong_secret_look_the_same(service: Service) -> None:
    """Status, headers and body, but for the request's own id."""
    answers = []
    for client_id in ("batch", "nobody", "signer", "spa"):
        response = Machine(service).send("/auth/token", ITSELF, authorization=basic(client_id, "x" * 64))
        told = response.json()
        assert told.pop("request_id")
        answers.append((response.status_code, sorted(response.headers.items()), told))
    assert answers.count(answers[0]) == len(answers)


@every_path
def test_10_4_10_a_confidential_client_has_to_authenticate(service: Service, path: str) -> None:
    """Its id alone is anybody's, whatever the grant."""
    for client_id in ("batch", "signer", "backend", "watcher"):
        response = Machine(service).send(path, {**PATHS[path], "client_id": client_id})
        oauth_error(response, 401, "invalid_client")
    for grant in ("authorization_code", "refresh_token"):
        fields = {"grant_type": grant, "client_id": "backend", "code": "x", "refresh_token": "x"}
        oauth_error(Machine(service).send("/auth/token", fields), 401, "invalid_client")


def test_a_public_client_cannot_authenticate(service: Service) -> None:
    """A secret that nobody checks is never taken for checked."""
    fields = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "spa"}
    for secret in ("x", SECRETS["batch"]):
        response = Machine(service).send("/auth/token", {**fields, "client_secret": secret})
        oauth_error(response, 401, "invalid_client")
    oauth_error(Machine(service).send("/auth/token", fields), 400, "invalid_grant")


# --- more than one way, and forms of any shape --------------------------------------------------


@every_path
def test_rfc_6749_2_3_more_than_one_way_is_an_invalid_request(
    service: Service, batch: Machine, path: str
) -> None:
    """Also where each of them alone would do."""
    secret = {"client_id": "batch", "client_secret": batch.secret}
    assertion = asserted(signed(Machine(service, "signer").claims()))
    header = basic("batch", batch.secret)
    for more, headers in (
        (secret, {"authorization": header}),
        ({"client_secret": batch.secret}, {"authorization": header}),
        (assertion, {"authorization": header}),
        ({**secret, **assertion}, {}),
        ({"client_id": "odd"}, {"authorization": header}),
        ({"client_assertion_type": ASSERTION_TYPE}, {}),
        ({"client_assertion": "a.b.c"}, {}),
    ):
        oauth_error(batch.send(path, {**PATHS[path], **more}, **headers), 400, "invalid_request")


@every_path
def test_a_parameter_twice_is_an_invalid_request(batch: Machine, path: str) -> None:
    """RFC 6749 §3.2: neither value is believed, not even twice the same."""
    good = form({**PATHS[path], "client_id": "batch", "client_secret": batch.secret})
    assert batch.raw(path, good).status_code == 200
    for name, value in (("client_id", "batch"), ("client_secret", batch.secret), ("scope", "a"), ("x", "y")):
        twice = good + b"&" + form({name: value}) + b"&" + form({name: value})
        oauth_error(batch.raw(path, twice), 400, "invalid_request")
    oauth_error(batch.raw(path, good + b"&client_id=odd"), 400, "invalid_request")


@every_path
def test_two_authorization_headers_are_an_invalid_request(batch: Machine, path: str) -> None:
    """A proxy in front may have read the other one."""

    async def twice() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=batch.service.app)
        headers = [("authorization", basic("batch", batch.secret)), ("authorization", "Bearer x")]
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.post(path, data=PATHS[path], headers=headers)

    oauth_error(batch.service.call(twice), 400, "invalid_request")


@every_path
@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YmF0Y2g",
        "Basic " + base64.b64encode(b"batch").decode(),
        "Basic " + base64.b64encode(b"batch:\x00").decode(),
        "Basic " + base64.b64encode(b"batch:%00").decode(),
        "Basic " + base64.b64encode(b"batch\r\nSet-Cookie: a=b:x").decode(),
        "Basic " + base64.b64encode(b"batch%0d%0aSet-Cookie%3a a=b:x").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"batch:" + b"x" * 10_000).decode(),
    ],
)
def test_ses_87_a_header_of_any_shape_is_refused_by_its_scheme(
    batch: Machine, caplog: pytest.LogCaptureFixture, path: str, header: str
) -> None:
    """No second header, no split log line, no crash."""
    caplog.set_level("INFO", logger="watchword")
    response = batch.send(path, PATHS[path], authorization=header)
    oauth_error(response, 401, "invalid_client")
    assert response.headers["www-authenticate"] == 'Basic realm="watchword"'
    assert not response.headers.get_list("set-cookie")
    (record,) = caplog.records
    assert "Set-Cookie" not in record.getMessage()


@every_path
@pytest.mark.parametrize("value", ["ba\0tch", "batch\r\nX: y", "bätch", "\u2028", "batch\x7f"])
@pytest.mark.parametrize("name", ["client_id", "client_secret", "client_assertion"])
def test_what_is_not_printable_ascii_is_an_invalid_request(
    batch: Machine, path: str, name: str, value: str
) -> None:
    """RFC 6749 appendix A: it reaches no look-up and no log."""
    fields = {"client_id": "batch", "client_secret": batch.secret, name: value}
    oauth_error(batch.send(path, {**PATHS[path], **fields}), 400, "invalid_request")


@every_path
def test_a_megabyte_is_refused_before_it_is_read(batch: Machine, path: str) -> None:
    """413, whoever sends it."""
    for name in ("client_secret", "client_assertion", "token"):
        response = batch.raw(path, form({**PATHS[path], "x": "y"}) + f"&{name}=".encode() + b"x" * 1_000_000)
        oauth_error(response, 413, "invalid_request")


def test_another_scheme_neither_helps_nor_harms(service: Service, batch: Machine) -> None:
    """A wrapper that adds a bearer token everywhere is no client authentication."""
    token = batch.token()["access_token"]
    refused = batch.send("/auth/introspect", {"token": token}, authorization=f"Bearer {token}")
    oauth_error(refused, 401, "invalid_client")
    body = {**ITSELF, "client_id": "batch", "client_secret": batch.secret}
    assert batch.send("/auth/token", body, authorization="Bearer nonsense").status_code == 200


# --- private_key_jwt --------------------------------------------------------------------------


@pytest.mark.parametrize("alg", list(KEYS))
@pytest.mark.parametrize("typ", [None, "JWT"])
def test_rfc_7523_a_signed_assertion(signer: Machine, alg: str, typ: str | None) -> None:
    """Every accepted algorithm, with the key it is bound to, with and without the client's id."""
    assert signer.by(signed(signer.claims(), alg, typ=typ)).status_code == 200
    assert signer.by(signed(signer.claims(), alg, typ=typ), client_id="signer").status_code == 200


def test_rfc_7523_a_key_without_a_kid_verifies_whatever_kid_is_named(service: Service) -> None:
    """There is one key, so there is nothing to choose."""
    plain = Machine(service, "plain")
    for kid in (None, "anything"):
        assert plain.by(signed(plain.claims(), key=OTHER_P256, kid=kid)).status_code == 200
    oauth_error(plain.by(signed(plain.claims(), kid=None)), 401, "invalid_client")


@pytest.mark.parametrize(
    ("path", "aud", "status"),
    [
        ("/auth/token", BASE_URL, 200),
        ("/auth/token", TOKEN_URL, 200),
        ("/auth/token", [TOKEN_URL], 200),
        ("/auth/revoke", REVOKE_URL, 200),
        ("/auth/introspect", INTROSPECT_URL, 200),
        ("/auth/introspect", BASE_URL, 200),
        ("/auth/introspect", TOKEN_URL, 401),
        ("/auth/token", INTROSPECT_URL, 401),
        ("/auth/token", REVOKE_URL, 401),
        ("/auth/token", BASE_URL + "/", 401),
        ("/auth/token", [BASE_URL, TOKEN_URL], 401),
        ("/auth/token", [TOKEN_URL, "https://other.example/token"], 401),
        ("/auth/token", "https://other.example", 401),
        ("/auth/token", TOKEN_URL.replace("https", "http"), 401),
        ("/auth/token", "", 401),
        ("/auth/token", None, 401),
    ],
)
def test_rfc_7523_3_an_assertion_is_for_us_and_for_this_endpoint(
    signer: Machine, path: str, aud: Any, status: int
) -> None:
    """Our issuer or the address that was called, and nobody beside: what was signed for another server
    is nothing here."""
    response = signer.send(path, PATHS[path] | asserted(signed(signer.claims(aud=aud))))
    assert response.status_code == status, response.text
    if status == 401:
        oauth_error(response, 401, "invalid_client")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "batch"},
        {"sub": "batch"},
        {"iss": "batch", "sub": "batch"},
        {"iss": "plain", "sub": "plain"},
        {"iss": "nobody", "sub": "nobody"},
        {"iss": "Signer", "sub": "Signer"},
        {"iss": None},
        {"sub": None},
        {"sub": ["signer"]},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"exp": None},
        {"exp": "soon"},
        {"sub": "signer\0"},
    ],
)
def test_rfc_7523_3_an_assertion_is_of_this_client(signer: Machine, changes: dict[str, Any]) -> None:
    """Issuer and subject are the client, which signed it with a key of its own."""
    response = signer.by(signed(signer.claims(**changes)))
    oauth_error(response, 401, "invalid_client")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("name", "seconds", "status"),
    [
        ("exp", -29, 200),
        ("exp", -30, 401),
        ("exp", -31, 401),
        ("exp", 330, 200),
        ("exp", 331, 401),
        ("exp", 3600, 401),
        ("nbf", 30, 200),
        ("nbf", 31, 401),
        ("iat", 30, 200),
        ("iat", 31, 401),
        ("iat", -239, 200),
        ("iat", -241, 401),
    ],
)
def test_times_have_one_leeway(signer: Machine, name: str, seconds: int, status: int) -> None:
    """``CLOCK_LEEWAY_SECONDS``, here 30: one below, at and one above each edge."""
    now = int(signer.service.clock.time())
    changes: dict[str, Any] = {"iat": None, name: now + seconds}
    response = signer.by(signed(signer.claims(**changes)))
    assert response.status_code == status, response.text


def test_the_leeway_is_the_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """None at all where it is 0."""
    with serving_machines(tmp_path_factory.mktemp("strict"), clock_leeway_seconds=0) as service:
        signer = Machine(service, "signer")
        now = int(service.clock.time())
        assert signer.by(signed(signer.claims(iat=None, exp=now + 1))).status_code == 200
        oauth_error(signer.by(signed(signer.claims(iat=None, exp=now))), 401, "invalid_client")


def test_rfc_7523_3_an_assertion_is_used_once(signer: Machine, service: Service) -> None:
    """At whatever endpoint it comes again; another one of the same client works."""
    assertion = signed(signer.claims())
    assert signer.by(assertion).status_code == 200
    for path, fields in PATHS.items():
        oauth_error(signer.send(path, fields | asserted(assertion)), 401, "invalid_client")
    again = signer.claims(jti=json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))["jti"])
    oauth_error(signer.by(signed(again, "RS256")), 401, "invalid_client")
    assert signer.by(signed(signer.claims())).status_code == 200
    kinds = select(service, "SELECT DISTINCT kind FROM ww_single_use")
    assert "client-assertion" in kinds


def test_rfc_7523_3_replayed_in_parallel_one_gets_through(signer: Machine) -> None:
    """Twenty at once, no 5xx: one insert decides."""
    fields = ITSELF | asserted(signed(signer.claims()))

    async def storm() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=signer.service.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await asyncio.gather(*(client.post("/auth/token", data=fields) for _ in range(20)))

    answers: list[httpx2.Response] = signer.service.call(storm)
    assert sorted(each.status_code for each in answers) == [200] + 19 * [401]


def test_one_clients_identifier_is_not_anothers(service: Service) -> None:
    """Two clients that number their assertions alike do not get into each other's way."""
    for name, key in (("signer", None), ("plain", OTHER_P256)):
        machine = Machine(service, name)
        assert machine.by(signed(machine.claims(jti="number one"), key=key, kid=None)).status_code == 200


def test_a_refused_assertion_is_not_used_up(signer: Machine) -> None:
    """Only what was good is remembered, so that a stranger cannot use up an identifier."""
    claims = signer.claims()
    oauth_error(signer.by(signed(claims, key=OTHER_P256)), 401, "invalid_client")
    oauth_error(signer.by(signed(claims | {"aud": "https://other.example"})), 401, "invalid_client")
    oauth_error(signer.by(signed(claims), client_id="plain"), 401, "invalid_client")
    assert signer.by(signed(claims)).status_code == 200


def test_rfc_8725_3_1_algorithms_are_bound_to_the_key(signer: Machine) -> None:
    """``none`` in any spelling, HS256 under the public key in every encoding, another key's algorithm, a
    foreign key, a key that the assertion brings along."""
    claims = signer.claims()
    payload = b64(json.dumps(claims).encode())
    refused = [
        f"{b64(json.dumps({'alg': alg, 'kid': 'p'}).encode())}.{payload}."
        for alg in ("none", "None", "NONE", "nOnE", "")
    ]
    public = jwk_of(KEYS["ES256"][1])
    secrets = [json.dumps(public), json.dumps(public, separators=(",", ":")), public["x"], ""]
    head = b64(json.dumps({"alg": "HS256", "kid": "p"}).encode())
    for secret in secrets:
        tag = hmac.digest(secret.encode(), f"{head}.{payload}".encode(), "sha256")
        refused.append(f"{head}.{payload}.{b64(tag)}")
    good = signed(claims)
    refused += [
        signed(claims, "ES256", kid="r"),
        signed(claims, "RS256", kid="p"),
        signed(claims, "ES256", kid="unknown"),
        signed(claims, "ES256", key=OTHER_P256),
        signed(claims, "ES256", key=OTHER_P256, kid=None, jwk=jwk_of(OTHER_P256)),
        signed(claims, "ES256", key=OTHER_P256, kid=None, jku="https://evil.example/keys"),
        signed(claims, "ES256", crit=["exp"]),
        signed(claims, "ES256", typ="at+jwt"),
        good[:-1],
        good + "A",
        good + "=",
        good.replace(".", "..", 1),
        good.rpartition(".")[0] + ".",
        good.upper(),
        "a.b.c",
        "x",
        "." * 1000,
        "A" * 9000,
    ]
    for assertion in refused:
        oauth_error(signer.by(assertion), 401, "invalid_client")
    assert signer.by(good).status_code == 200


def test_x_11_no_other_token_is_an_assertion(service: Service, signer: Machine) -> None:
    """Our own access and refresh tokens, of machines and of people."""
    people = FirstParty(service).tokens()
    for token in (Machine(service).token()["access_token"], people["access_token"], people["refresh_token"]):
        oauth_error(signer.by(token), 401, "invalid_client")


@pytest.mark.parametrize("kind", ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt-bearer"])
def test_rfc_7521_another_kind_of_assertion_is_refused(signer: Machine, kind: str) -> None:
    """As a failed authentication (RFC 7521 §4.2.1)."""
    fields = asserted(signed(signer.claims())) | {"client_assertion_type": kind}
    oauth_error(signer.send("/auth/token", ITSELF | fields), 401, "invalid_client")


def test_each_credential_is_for_its_own_kind_of_client(service: Service) -> None:
    """A client with a secret cannot sign its way in, not even with a key of another client."""
    batch = Machine(service)
    oauth_error(batch.by(signed(batch.claims())), 401, "invalid_client")
    symmetric = (
        b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()),
        b64(json.dumps(batch.claims()).encode()),
    )
    tag = hmac.digest(batch.secret.encode(), ".".join(symmetric).encode(), "sha256")
    oauth_error(batch.by(".".join([*symmetric, b64(tag)])), 401, "invalid_client")


def test_nothing_of_a_refused_credential_is_told_or_logged(
    service: Service, signer: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """X-19: neither the secret nor an unverified claim, in any encoding; the operator reads the cause."""
    canary = "canary-7f3a9c2e"
    caplog.set_level("INFO", logger="watchword")
    attempts = [
        signer.send("/auth/token", ITSELF, authorization=basic("batch", canary)),
        signer.send("/auth/token", ITSELF, authorization=basic(canary, "x")),
        signer.send("/auth/token", {**ITSELF, "client_id": "batch", "client_secret": canary}),
        signer.send("/auth/token", {**ITSELF, "client_id": canary, "client_secret": canary}),
        signer.by(signed(signer.claims(sub=canary, iss=canary))),
        signer.by(signed(signer.claims(jti=canary), key=OTHER_P256)),
        signer.by(canary),
    ]
    told = [each.text + str(each.headers) for each in attempts]
    told += [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert len(caplog.records) == len(attempts)
    forms = (canary, quote(canary), base64.b64encode(canary.encode()).decode().rstrip("="))
    assert not [text for text in told if any(form in text for form in forms)]
    causes = {vars(record)["detail"] for record in caplog.records}
    assert "client 'batch' sent a wrong one" in causes


def test_a_database_that_is_away_refuses_no_assertion(signer: Machine, service: Service) -> None:
    """503 with Retry-After, never "wrong": with the database back the same assertion is good. Secrets
    need no database."""
    assertion = signed(signer.claims())
    change(service, "ALTER TABLE ww_single_use RENAME TO away")
    response = signer.by(assertion)
    assert Machine(service).token()["access_token"]
    change(service, "ALTER TABLE away RENAME TO ww_single_use")
    oauth_error(response, 503, "temporarily_unavailable")
    assert int(response.headers["retry-after"]) >= 1
    assert signer.by(assertion).status_code == 200
