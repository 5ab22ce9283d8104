"""Canaries of machines: no secret, header, assertion or token in any log record or refusal."""

from __future__ import annotations

import base64
import logging
from urllib.parse import quote_plus

import pytest

from tests.flows.conftest import StartService
from tests.flows.machines import (
    ITSELF,
    MACHINES,
    SECRETS,
    Machine,
    asserted,
    basic,
    refresh,
    signed,
    signed_in,
)


def test_ses_88_nothing_that_authenticates_is_logged(
    start_service: StartService, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything at DEBUG, statements of the database included; good requests, bad ones, and each with
    what belongs to another."""
    for name in ("sqlalchemy", "aiosqlite", "watchword"):
        caplog.set_level(logging.DEBUG, logger=name)
    service = start_service(clients=MACHINES)
    machine, signer = Machine(service, "backend"), Machine(service, "signer")
    people = signed_in(machine)
    tokens = [people["access_token"], people["refresh_token"], machine.token()["access_token"]]
    assertions = [signed(signer.claims()) for _ in range(3)]
    headers = [basic(name, secret) for name, secret in SECRETS.items()]
    secrets = {*SECRETS.values(), *map(quote_plus, SECRETS.values()), *tokens, *assertions}
    secrets |= {header.removeprefix("Basic ") for header in headers}
    secrets |= {base64.b64encode(each.encode()).decode().rstrip("=") for each in SECRETS.values()}
    told = []
    for path in ("/auth/token", "/auth/introspect", "/auth/revoke", "/auth/refresh"):
        for presented in (*tokens, *assertions, *SECRETS.values()):
            for fields in ({"token": presented}, refresh(presented), {"client_id": presented, **ITSELF}):
                told.append(machine.send(path, fields, authorization=headers[0]))
                told.append(machine.send(path, {**fields, "client_secret": presented}))
                told.append(machine.send(path, fields | asserted(presented)))
    assert {each.status_code for each in told} <= {200, 400, 401}
    assert len(caplog.records) > 100
    lines = [f"{logging.Formatter().format(each)} {vars(each)}" for each in caplog.records]
    refusals = [each.text + str(each.headers) for each in told if each.status_code >= 400]
    assert len(refusals) > 100
    for text in [*lines, *refusals, repr(service.auth.settings), repr(vars(machine.service.auth))]:
        found = [secret for secret in secrets if secret in text]
        assert not found, text[:500]
