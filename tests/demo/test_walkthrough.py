"""``watchword demo --walkthrough`` as a person or a pipeline runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.servers.demo import run

CALL = re.compile(r"(GET|POST) /\S+ -> \d{3}")


def test_every_step_holds_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """Exit 0; one line a step, piped, with path and status on calls; the folder stays empty."""
    ended = run(tmp_path, "demo", "--walkthrough")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    *steps, summary = ended.stdout.splitlines()
    assert [int(line[:2]) for line in steps] == list(range(1, len(steps) + 1))
    assert summary == f"All {len(steps)} steps held."
    calls = [found[0] for line in steps if (found := CALL.search(line))]
    assert calls[0] == "GET /readyz -> 200"
    for call in ("GET /auth/callback/dev -> 303", "GET /v2/orders -> 200", "GET /v2/orders -> 401"):
        assert call in calls
    assert any(line[4:].startswith("Deprecation, Sunset, Link") for line in steps)
    for call in ("POST /auth/refresh -> 200", "POST /auth/refresh -> 401", "POST /auth/logout -> 204"):
        assert call in calls
    assert ended.stderr == ""
    assert not list(tmp_path.iterdir())


def test_it_fails_where_a_step_does_not_hold(tmp_path: Path) -> None:
    """Without an overlap the old token has no successor: the last line says so, and exit is 1."""
    ended = run(tmp_path, "demo", "--walkthrough", REFRESH_OVERLAP_SECONDS="0")
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[-1].startswith("FAILED   9  POST /auth/refresh -> 401")
    assert "Traceback" not in ended.stderr


def test_it_obeys_settings_and_speaks_json(tmp_path: Path) -> None:
    """Any base URL, any life of tokens, a database that is kept, terms; one JSON object a line."""
    terms = {"TERMS__VERSION": "1", "TERMS__URL": "https://demo.example/terms"}
    settings = {"BASE_URL": "https://demo.example", "ACCESS_TOKEN_SECONDS": "60", **terms}
    kept = tmp_path / "data" / "kept.db"
    ended = run(tmp_path, "demo", "--walkthrough", "--json", DATABASE_URL=f"sqlite:///{kept}", **settings)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert all(line.keys() == {"step", "done", "proves", "held"} and line["held"] for line in lines)
    assert "POST /auth/terms -> 200" in [line["done"] for line in lines]
    assert kept.exists()


def test_a_provider_that_cannot_be_reached_fails_it(tmp_path: Path) -> None:
    """A configured provider is used, and one that is away is a step that does not hold."""
    provider = {
        "PROVIDERS__MAIN__ISSUER": "http://127.0.0.1:9",
        "PROVIDERS__MAIN__CLIENT_ID": "x",
        "PROVIDERS__MAIN__CLIENT_SECRET": "y",
    }
    ended = run(tmp_path, "demo", "--walkthrough", **provider)
    assert ended.returncode == 1
    assert "GET /auth/login/main -> 503" in ended.stdout.splitlines()[-1]
    assert "Traceback" not in ended.stderr
