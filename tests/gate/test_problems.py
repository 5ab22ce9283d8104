"""Problem documents, request identifiers and the operator's log."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.gate.workshop import bearer, guarded, started
from watchword.api.decorators import public, require_auth
from watchword.api.problems import log_refusal, problem_response
from watchword.api.request_id import request_id_of
from watchword.errors import (
    AuthenticationRequired,
    InsufficientScope,
    ProviderUnavailable,
    WatchwordError,
    error_classes,
)


def one_route() -> FastAPI:
    app = FastAPI()

    @app.get("/orders/{order_id}")
    @require_auth(roles=["admin"])
    async def endpoint(order_id: str) -> str:
        return order_id

    guarded(app)
    return app


def test_a_refusal_is_a_complete_problem_document() -> None:
    """RFC 9457: type, title, status, detail, and our code and request id; never to be cached."""
    with started(one_route()) as client:
        answer = client.get("/orders/7", headers={**bearer("anna"), "X-Request-Id": "Abc-123"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Cookie, Authorization"
    assert answer.json() == {
        "type": "urn:watchword:error:insufficient_scope",
        "title": "Not allowed",
        "status": 403,
        "detail": "You do not have the permission this needs.",
        "code": "insufficient_scope",
        "request_id": "Abc-123",
    }


@pytest.mark.parametrize(
    "error_class", [each for each in error_classes() if each.__module__.startswith("watchword.errors.")]
)
def test_no_error_shows_its_operators_detail(error_class: type[WatchwordError]) -> None:
    """For every class of the tree the document holds only what may be shown to anyone."""
    error = error_class.__new__(error_class)
    WatchwordError.__init__(error, "inner detail")
    error.__dict__ |= {"max_age_seconds": 0, "scopes": (), "problems": ()}
    answer = problem_response(error, request_id="r")
    document = json.loads(bytes(answer.body))
    assert answer.status_code == document["status"] == error_class.status
    assert document["code"] == error_class.code
    assert "inner detail" not in bytes(answer.body).decode() + str(answer.headers)
    assert ("www-authenticate" in answer.headers) is (
        error_class.status == 401 or issubclass(error_class, InsufficientScope)
    )


def test_retry_after_is_told_where_it_is_known() -> None:
    """503 says when to come back."""
    answer = problem_response(ProviderUnavailable("down", retry_after_seconds=7), request_id=None)
    assert answer.headers["retry-after"] == "7"
    assert json.loads(bytes(answer.body))["request_id"] is None


@pytest.mark.parametrize("value", ["a", "A-9", "0" * 64, "-"])
def test_ses_87_a_harmless_request_id_is_kept(value: str) -> None:
    """Letters, digits and hyphens, one to 64 of them."""
    scope = {"headers": [(b"x-request-id", value.encode())]}
    assert request_id_of(scope) == value


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-request-id", b"")],
        [(b"x-request-id", b"0" * 65)],
        [(b"x-request-id", b"a b")],
        [(b"x-request-id", b"a\r\nSet-Cookie: x=1")],
        [(b"x-request-id", b"a\n")],
        [(b"x-request-id", "é".encode())],
        [(b"x-request-id", b"\xff\x00")],
        [(b"x-request-id", b"<script>")],
        [(b"x-request-id", b"one"), (b"x-request-id", b"two")],
    ],
)
def test_ses_87_any_other_request_id_is_replaced(headers: list[tuple[bytes, bytes]]) -> None:
    """A fresh identifier instead, and the same one for the whole request."""
    scope: dict[str, Any] = {"headers": headers}
    made = request_id_of(scope)
    assert made.isalnum()
    assert len(made) == 32
    assert request_id_of(scope) == made
    assert request_id_of({"headers": headers}) != made


def test_one_log_record_a_refusal_with_code_cause_and_route(caplog: pytest.LogCaptureFixture) -> None:
    """The operator reads the code, the cause, the request id and the route's
    template; the path that was asked for, which may hold anything, is not logged."""
    with started(one_route()) as client, caplog.at_level(logging.INFO, logger="watchword"):
        client.get("/orders/of-a-customer", headers={**bearer("anna"), "X-Request-Id": "r-1"})
    (record,) = (record for record in caplog.records if record.name == "watchword")
    facts = vars(record)
    assert facts["code"] == "insufficient_scope"
    assert facts["detail"] == "needs one of the roles ['admin']"
    assert (facts["request_id"], facts["route"], facts["status"]) == ("r-1", "/orders/{order_id}", 403)
    assert "of-a-customer" not in str(facts)


@pytest.mark.parametrize(
    "evil", ["a\r\nb", "a\u2028b", "a\x85b", "a\x00b", "a\x1b[31mb", "\ud800", "x" * 10_000]
)
def test_ses_87_no_detail_splits_or_floods_the_log(evil: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a cause quotes, the record is one printable line of bounded length."""
    with caplog.at_level(logging.INFO, logger="watchword"):
        log_refusal(AuthenticationRequired(evil), request_id="r")
    message = caplog.records[0].getMessage()
    assert message.isprintable()
    assert message.isascii()
    assert len(message) < 600


def test_errors_raised_by_endpoints_answer_the_same_way(caplog: pytest.LogCaptureFixture) -> None:
    """An endpoint may raise any WatchwordError; the host may take the answer over."""
    app = FastAPI()

    @app.get("/it")
    @public
    async def endpoint() -> None:
        raise InsufficientScope("inner detail", scopes=["orders:write"])

    @app.get("/own")
    async def own() -> None:
        raise AuthenticationRequired("inner detail")

    @app.exception_handler(AuthenticationRequired)
    async def page(request: Request, error: AuthenticationRequired) -> Response:
        return PlainTextResponse("our own page", status_code=401)

    guarded(app)
    with started(app) as client, caplog.at_level(logging.INFO, logger="watchword"):
        answer = client.get("/it")
        assert client.get("/own").text == "our own page"
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'scope="orders:write"' in answer.headers["www-authenticate"]
    assert "inner detail" not in answer.text
    assert "inner detail" in caplog.text
