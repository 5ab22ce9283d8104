"""Every bad token of the table is refused at the gate, every good one let in, and nothing leaks."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from tests.gate.bad_tokens import BAD_TOKENS, FAMILIES
from tests.gate.forge import CANARY, Case
from tests.gate.good_tokens import GOOD_TOKENS
from tests.gate.own_service import ACCESS_COOKIE, OwnService, own_service
from watchword.errors import TokenInvalid

CHALLENGE = f'Bearer error="invalid_token", error_description="{TokenInvalid.public}"'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("tokens")) as running:
        yield running


@pytest.fixture(scope="module")
def reached() -> Iterator[list[Any]]:
    """Whatever anybody connects to or looks up while the module runs."""
    found: list[Any] = []
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def connecting(self: socket.socket, address: Any) -> None:
        found.append(address)
        connect(self, address)

    def looking_up(*args: Any, **options: Any) -> Any:
        found.append(args)
        return getaddrinfo(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connecting)
        patch.setattr(socket, "getaddrinfo", looking_up)
        yield found


def refused(answer: Response, token: bytes, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The operator's one line about a refusal; neither it nor the answer repeats the token."""
    formatter = logging.Formatter()
    lines = [f"{formatter.format(record)} {vars(record)}" for record in caplog.records]
    told = "\n".join([answer.text, str(answer.headers), *lines])
    parts = [part.decode("latin-1") for part in token.split(b".") if len(part) > 30]
    repeated = [each[:60] for each in (CANARY, *parts) if each in told]
    (about,) = (vars(record) for record in caplog.records if "code" in vars(record))
    caplog.clear()
    assert not repeated
    assert (about["code"], about["status"]) == (answer.json()["code"], answer.status_code)
    return about


@pytest.mark.parametrize("case", BAD_TOKENS, ids=lambda case: case.name)
def test_x_19_a_bad_token_is_refused_and_not_repeated(
    case: Case, service: OwnService, reached: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """401 with the challenge, one line for the operator that says the true cause (ASVS 16.3.2), no
    word of the token in answer or log, no connection anywhere. In the cookie it is no better, and
    what cannot be a cookie's value is no credential at all."""
    built = case.build(service.forge)
    token = built if isinstance(built, bytes) else built.encode("utf-8", "surrogatepass")
    caplog.set_level(logging.DEBUG)
    answer = service.client.get("/closed", headers={b"authorization": b"Bearer " + token})
    assert refused(answer, token, caplog)["detail"].startswith(case.cause)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == CHALLENGE
    answer = service.client.get("/closed", headers={b"cookie": ACCESS_COOKIE.encode() + b"=" + token})
    code = refused(answer, token, caplog)["code"]
    assert (code, answer.headers["www-authenticate"]) in (
        ("invalid_token", CHALLENGE),
        ("authentication_required", "Bearer"),
    )
    assert answer.status_code == 401
    assert reached == []


@pytest.mark.parametrize("case", GOOD_TOKENS, ids=lambda case: case.name)
def test_a_good_token_is_let_in(case: Case, service: OwnService, reached: list[Any]) -> None:
    """None wrongly refused, neither in the header nor in the cookie."""
    token = case.build(service.forge)
    assert isinstance(token, str)
    answer = service.client.get("/closed", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    by_cookie = service.client.get("/closed", headers={"cookie": f"{ACCESS_COOKIE}={token}"})
    assert by_cookie.json() == answer.json()
    assert service.client.get("/open", headers={"authorization": f"Bearer {token}"}).json() == answer.json()
    assert reached == []


def test_a_session_id_of_another_form_is_no_session(service: OwnService) -> None:
    """Where the session is read again, a token that names none of ours is refused like one without."""
    for name in ("plain", "no-session"):
        token = next(case for case in GOOD_TOKENS if case.name == name).build(service.forge)
        assert isinstance(token, str)
        answer = service.client.get("/live", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_the_tables_are_worth_the_name() -> None:
    """Each case has a name of its own, each family of the threat list is there, no table is a stump."""
    for table, least in ((BAD_TOKENS, 500), (GOOD_TOKENS, 50)):
        names = [case.name for case in table]
        assert len(set(names)) == len(names) >= least
    named = "exp nbf iat alg hs algmix aud iss typ inj json crit b64 sig size shape key sub jti sid"
    assert set(named.split()) <= FAMILIES
    assert all(case.cause for case in BAD_TOKENS)
    assert not any(case.cause for case in GOOD_TOKENS)
