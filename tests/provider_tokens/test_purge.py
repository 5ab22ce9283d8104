"""``watchword provider purge`` beside two running replicas: nothing that was held counts any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flows.commands import command, read_feed, told, trail
from tests.flows.conftest import BASE_URL, replicas, serve_provider
from tests.presets.access_tokens import SAMPLES
from tests.provider_tokens.bearer import Bearer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.storage import open_database
from watchword.storage.revocations import add_revocations
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

pytest_plugins = ["tests.servers.postgres"]

BOUND_SECONDS = 20
Pair = tuple[Bearer, Bearer]
Started = Callable[..., Any]


@contextmanager
def two_replicas(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Iterator[Pair]:
    """Over one database and provider, by whose settings the commands of the test go."""
    clock, sample = FakeClock(), SAMPLES["oidc"]
    with serve_provider(clock) as server, replicas(server, clock, folder) as start:
        dev = {**provider_settings(server), "accept_access_tokens": True, "audience": sample.audience}
        services = [start(providers={"dev": dev}, **changes) for _ in range(2)]
        for name, given in {
            "DATABASE_URL": services[0].auth.settings.database_url,
            "BASE_URL": BASE_URL,
            "PROVIDERS__DEV__ISSUER": server.issuer,
            "PROVIDERS__DEV__CLIENT_ID": CLIENT_ID,
            "PROVIDERS__DEV__CLIENT_SECRET": CLIENT_SECRET,
        }.items():
            monkeypatch.setenv(f"WATCHWORD_{name}", given)
        here, there = (Bearer(each, replace(sample, issuer=server.issuer)) for each in services)
        yield here, there


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with two_replicas(tmp_path, monkeypatch) as started:
        yield started


def test_nothing_that_was_held_counts_on_any_replica(pair: Pair) -> None:
    """The provider down: sign-ins and its access tokens are 503, also one that was just accepted; a
    session of ours goes on, and is refreshed. As soon as it is back all is as before."""
    token = pair[0].token()
    signed_in = [each.service.signed_in() for each in pair]
    for bearer in pair:
        assert bearer.get("/private", token).status_code == 200
        bearer.service.provider.fail("discovery")
        bearer.service.provider.fail("jwks")
        assert bearer.get("/private", token).status_code == bearer.sign_in().status_code - 103 == 200
    assert told("provider", "purge", "dev", "--yes") == {"provider": "dev", "purged": ["keys", "metadata"]}
    read_feed(pair[0].service, pair[1].service)
    for bearer, browser in zip(pair, signed_in, strict=True):
        refused = bearer.get("/private", token)
        assert (refused.status_code, refused.json()["code"]) == (503, "provider_unavailable")
        assert "retry-after" in refused.headers
        assert bearer.sign_in().status_code == 503
        assert browser.get("/private").status_code == 200
        assert browser.post("/auth/refresh").status_code == 200
    pair[0].service.provider.heal()
    pair[0].service.clock.advance(60)
    for bearer in pair:
        assert bearer.get("/private").status_code == 200
        assert bearer.sign_in().status_code == 303


def test_a_key_that_was_stolen_and_withdrawn_counts_no_longer(pair: Pair) -> None:
    """Without waiting ten minutes for the set to be read again."""
    stolen = pair[0].token()
    for bearer in pair:
        assert bearer.get("/private", stolen).status_code == 200
    pair[0].service.provider.rotate_keys(keep_previous=False)
    for bearer in pair:
        assert bearer.get("/private", stolen).status_code == 200
    told("provider", "purge", "dev", "--keys", "--yes")
    read_feed(pair[0].service, pair[1].service)
    for bearer in pair:
        assert bearer.get("/private", stolen).status_code == 401
        assert bearer.get("/private").status_code == 200


def test_the_provider_is_asked_once_after_a_purge(pair: Pair) -> None:
    """Although the feed reads its last minute again each second; only for what was purged; and a
    replica that starts later has nothing to purge."""
    for asked, options in ((2, ()), (1, ("--keys",)), (1, ("--metadata",)), (2, ("--keys", "--metadata"))):
        here = pair[0]
        assert here.get("/private").status_code == 200
        before = here.requests()
        told("provider", "purge", "dev", "--yes", *options)
        for _ in range(5):
            read_feed(here.service)
            assert here.get("/private").status_code == 200
            here.service.clock.advance(1)
        assert here.requests() == before + asked
    purged = [details for event, details in trail(pair[0].service) if event == "provider_purged"]
    assert purged[0] == {"by": "cli", "provider": "dev", "purged": ["keys", "metadata"]}
    assert [each["purged"] for each in purged[1:]] == [["keys"], ["metadata"], ["keys", "metadata"]]


def test_what_is_about_others_drops_nothing(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """Another issuer, and a target that only a later release knows; nor does the log speak of a purge
    that found nothing."""
    here = pair[0]
    assert here.get("/private").status_code == 200
    issuer, now = here.service.provider.issuer, here.service.clock.now()
    told = ((f"{issuer}/", "provider:keys"), (issuer, "provider:userinfo"), (issuer, "provider:"))
    entries = [
        {
            "kind": "key",
            "issuer": whose,
            "value": value,
            "created_at": now,
            "expires_at": now + timedelta(days=1),
        }
        for whose, value in told
    ]

    async def add() -> None:
        database = open_database(here.service.auth.settings.database_url)
        await database.transactions.write("tell", lambda connection: add_revocations(connection, entries))
        await database.close()

    here.service.call(add)
    read_feed(here.service, pair[1].service)
    before = here.requests()
    assert here.get("/private").status_code == 200
    assert here.requests() == before
    assert command("provider", "purge", "dev", "--yes").exit_code == 0
    read_feed(here.service, pair[1].service)
    assert caplog.messages.count("provider dev: keys purged") == 1


@pytest.mark.postgres
def test_on_postgresql_replicas_are_told(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the feed they follow, without anything else."""
    with two_replicas(tmp_path, monkeypatch, database_url=postgres_url) as started:
        for bearer in started:
            assert bearer.get("/private").status_code == 200
        started[0].service.provider.fail("jwks")
        assert command("provider", "purge", "dev", "--yes").exit_code == 0
        give_up_at = time.monotonic() + BOUND_SECONDS
        for bearer in started:
            while bearer.get("/private").status_code != 503:
                assert time.monotonic() < give_up_at
                time.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dev"], "--yes"),
        (["dve", "--yes"], "did you mean dev?"),
        (["elsewhere", "--yes"], "configured: dev"),
        ([], "Missing argument"),
        (["dev", "other", "--yes"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_exit_2_and_purges_nothing(pair: Pair, arguments: list[str], said: str) -> None:
    """What it would have meant is told."""
    result = command("provider", "purge", *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert trail(pair[0].service) == []


def test_people_read_what_is_dropped(pair: Pair) -> None:
    """One line, and help with an example."""
    result = command("provider", "purge", "dev", "--metadata", "--yes")
    assert (result.exit_code, result.stdout) == (0, "Running replicas drop of dev: metadata\n")
    assert "Example: watchword provider purge main --yes" in command("provider", "purge", "--help").output
