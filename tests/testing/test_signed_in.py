"""``signed_in``: callers with real tokens, several at once, in sync and async tests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.testclient import TestClient

from watchword import CurrentPrincipal, Settings, Watchword, require_auth
from watchword.errors import ConfigurationError, DatabaseUnavailable, MigrationNeeded, NotInstalled
from watchword.testing import FakeClock

SignedIn = Callable[..., AbstractContextManager[TestClient]]


def make_app(folder: Path, *, clock: FakeClock | None = None, **settings: Any) -> FastAPI:
    app = FastAPI()
    given = {"database_url": f"sqlite:///{folder}/never/migrated.db", **settings}
    Watchword(Settings(**given), clock=clock).install(app)

    @app.get("/me")
    @require_auth
    async def me(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"user": caller.user_id, "roles": sorted(caller.roles), "scopes": sorted(caller.scopes)}

    @app.get("/admin")
    @require_auth(roles=["admin"])
    def admin() -> dict[str, bool]:
        return {"admin": True}

    @app.get("/transfer")
    @require_auth(max_age_seconds=300)
    def transfer() -> dict[str, bool]:
        return {"transfer": True}

    @app.get("/write")
    @require_auth(scopes=["orders:write"])
    def write() -> dict[str, bool]:
        return {"write": True}

    return app


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return make_app(tmp_path)


def test_roles_and_scopes_are_the_callers(signed_in: SignedIn, app: FastAPI) -> None:
    """What was asked for and nothing else, on a database nobody had migrated."""
    with signed_in(app, roles=["admin"], scopes=["orders:write"]) as client:
        answer = client.get("/me").json()
        assert (answer["roles"], answer["scopes"]) == (["admin"], ["orders:write"])
        assert client.get("/admin").status_code == client.get("/write").status_code == 200
    with signed_in(app) as client:
        assert client.get("/me").status_code == 200
        assert client.get("/admin").status_code == client.get("/write").status_code == 403


def test_the_client_is_the_only_one_signed_in(signed_in: SignedIn, app: FastAPI) -> None:
    """Other clients of the app are still nobody."""
    with signed_in(app):
        assert TestClient(app).get("/me").status_code == 401


def test_several_callers_at_once(signed_in: SignedIn, app: FastAPI) -> None:
    """Each keeps its own person and roles, whoever leaves first; the app starts once."""
    with ExitStack() as stack:
        first = signed_in(app, roles=["admin"])
        admin, plain = first.__enter__(), stack.enter_context(signed_in(app))
        other = stack.enter_context(signed_in(app, subject="other"))
        users = [client.get("/me").json()["user"] for client in (admin, plain, other)]
        assert len(set(users)) == 3
        assert [client.get("/admin").status_code for client in (admin, plain, other)] == [200, 403, 403]
        first.__exit__(None, None, None)
        assert plain.get("/me").status_code == other.get("/me").status_code == 200
    with signed_in(app) as again:
        assert again.get("/me").json()["user"] == users[1]


def test_the_same_roles_are_the_same_person(signed_in: SignedIn, app: FastAPI) -> None:
    """Two clients of one account, neither signing the other out."""
    with signed_in(app, roles=["editor"]) as one, signed_in(app, roles=["editor"]) as two:
        assert one.get("/me").json()["user"] == two.get("/me").json()["user"]


async def test_inside_a_running_event_loop(signed_in: SignedIn, app: FastAPI) -> None:
    """An async test may use it like any other."""
    with signed_in(app, roles=["admin"]) as client:
        assert client.get("/admin").status_code == 200


def test_who_signs_in_can_be_said(signed_in: SignedIn, app: FastAPI) -> None:
    """E-mail and name are on the account."""
    with signed_in(app, subject="zoe", email="zoe@example.test", name="Zoë") as client:
        answer = client.get("/auth/me").json()
        assert (answer["email"], answer["name"]) == ("zoe@example.test", "Zoë")


def test_a_token_lives_by_the_tests_clock(
    signed_in: SignedIn, watchword_clock: FakeClock, tmp_path: Path
) -> None:
    """Refused once its life and our leeway are over, and no real second passes."""
    app = make_app(tmp_path, clock=watchword_clock, access_token_seconds=60)
    with signed_in(app) as client:
        watchword_clock.advance(59)
        assert client.get("/me").status_code == 200
        watchword_clock.advance(7)
        assert client.get("/me").status_code == 401


@pytest.mark.parametrize("app", [Starlette(), FastAPI(), object()], ids=["starlette", "fastapi", "other"])
def test_an_app_without_watchword_is_told(signed_in: SignedIn, app: Any) -> None:
    """The error says what to call."""
    with pytest.raises(NotInstalled, match="install"), signed_in(app):
        pass


def test_production_is_refused(signed_in: SignedIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may make callers up on real data."""
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    app = make_app(tmp_path, environment="production", base_url="https://api.example.test")
    with pytest.raises(ConfigurationError, match="production"), signed_in(app):
        pass


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"roles": "admin"}, TypeError),
        ({"scopes": "orders:write"}, TypeError),
        ({"roles": ["no role!"]}, ValueError),
        ({"roles": ["watchword-admin"]}, ValueError),
    ],
)
def test_names_that_are_none_are_told(
    signed_in: SignedIn, app: FastAPI, given: dict[str, Any], error: type[Exception]
) -> None:
    """A text instead of a list, and roles no sign-in gives, instead of a caller without them."""
    with pytest.raises(error, match=r"admin|orders:write|no role!"), signed_in(app, **given):
        pass
    with signed_in(app, roles=["admin"]) as client:
        assert client.get("/admin").status_code == 200


def test_other_databases_are_not_migrated_behind_your_back(signed_in: SignedIn, tmp_path: Path) -> None:
    """Only SQLite is; a PostgreSQL that is away is said as what it is."""
    app = make_app(tmp_path, database_url="postgresql://127.0.0.1:1/nothing")
    with pytest.raises((DatabaseUnavailable, MigrationNeeded)), signed_in(app):
        pass


def test_callers_have_accepted_the_terms_unless_told_otherwise(signed_in: SignedIn, tmp_path: Path) -> None:
    """A new version of the terms breaks nobody's tests."""
    app = make_app(tmp_path, terms={"version": "1", "url": "https://example.test/terms"})
    with signed_in(app, subject="careful", accept_terms=False) as client:
        assert client.get("/me").json()["code"] == "terms_required"
    with signed_in(app) as client:
        assert client.get("/me").status_code == 200


def test_a_sign_in_may_be_old(signed_in: SignedIn, app: FastAPI) -> None:
    """A route that asks for a recent one says how recent."""
    with signed_in(app, signed_in_seconds_ago=290) as client:
        assert client.get("/transfer").status_code == 200
    with signed_in(app, signed_in_seconds_ago=301) as client:
        refused = client.get("/transfer")
        assert (refused.status_code, client.get("/me").status_code) == (401, 200)
        assert 'max_age="300"' in refused.headers["www-authenticate"]


def test_a_machine_has_roles_and_scopes_and_is_nobody(signed_in: SignedIn, app: FastAPI) -> None:
    """As a client that got its token for itself: no account, no session, nothing recent or live."""
    with signed_in(app, machine="jobs", roles=["admin"], scopes=["orders:write"]) as client:
        assert client.get("/me").json() == {"user": None, "roles": ["admin"], "scopes": ["orders:write"]}
        assert client.get("/admin").status_code == client.get("/write").status_code == 200
        assert client.get("/transfer").status_code == 401


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"machine": "jobs", "subject": "alice"}, TypeError),
        ({"machine": "jobs", "signed_in_seconds_ago": 1}, TypeError),
        ({"signed_in_seconds_ago": -1}, ValueError),
        ({"machine": ""}, ValueError),
        ({"machine": "Nightly job"}, ValueError),
    ],
)
def test_what_cannot_be_is_told(
    options: dict[str, Any], error: type[Exception], signed_in: SignedIn, app: FastAPI
) -> None:
    """Before anything starts."""
    with pytest.raises(error), signed_in(app, **options):
        pass
