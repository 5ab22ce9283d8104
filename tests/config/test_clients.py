"""Public clients in the settings (contract §3)."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from watchword.config.auth import Settings
from watchword.config.client import registered_clients
from watchword.errors import ConfigurationError

CALLBACK = "https://app.example/cb"


def problems(**clients: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        Settings(clients=clients)
    return list(caught.value.problems)


def test_a_client_is_its_redirect_uris_and_scopes() -> None:
    """Scopes are none unless some are given."""
    settings = Settings(
        clients={
            "spa": {"redirect_uris": [CALLBACK], "scopes": ["orders:read", "orders:write"]},
            "cli": {"redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb"]},
        }
    )
    clients = registered_clients(settings.clients)
    assert clients["spa"].scopes == {"orders:read", "orders:write"}
    assert clients["cli"].scopes == frozenset()
    assert [each.kind for each in clients["cli"].redirect_uris] == ["loopback", "private"]


def test_lists_come_from_the_environment_as_json_or_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both forms of a list that an environment variable has."""
    monkeypatch.setenv("WATCHWORD_CLIENTS__SPA__REDIRECT_URIS", f'["{CALLBACK}"]')
    monkeypatch.setenv("WATCHWORD_CLIENTS__SPA__SCOPES", "orders:read orders:write")
    client = Settings().clients["spa"]
    assert client.redirect_uris == (CALLBACK,)
    assert client.scopes == ("orders:read", "orders:write")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("http://app.example/cb", "loopback only"),
        ("https://*.app.example/cb", "wildcard"),
        ("https://app.example/cb#x", "fragment"),
        ("https://user:hunter2@app.example/cb", "user name or password"),
        ("myapp:/cb", "com.example.app"),
        ("javascript:alert(1)", "com.example.app"),
        ("https://app.example/cb?state=1", "query parameter state"),
    ],
)
def test_a_redirect_uri_that_cannot_be_safe_is_refused(uri: str, says: str) -> None:
    """Named by its place in the list, with the fix, and never repeated: it may hold a password."""
    (problem,) = problems(spa={"redirect_uris": [CALLBACK, uri]})
    assert problem.startswith("WATCHWORD_CLIENTS__SPA__REDIRECT_URIS__1: ")
    assert says in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("client_id", ["Spa", "", "s p a", "x" * 33, "-spa"])
def test_an_id_is_plain(client_id: str) -> None:
    """Lower case letters, digits, - and _, at most 32."""
    (problem,) = problems(**{client_id: {"redirect_uris": [CALLBACK]}})
    assert "an id is lower case" in problem


def test_our_own_client_id_is_reserved() -> None:
    """A client called browser would be taken for our own pages."""
    (problem,) = problems(browser={"redirect_uris": [CALLBACK]})
    assert "our own pages" in problem


def test_every_other_fault_is_named() -> None:
    """No address, a scope that is none, a setting that does not exist: all at once."""
    said = "\n".join(
        [
            *problems(spa={}),
            *problems(spa={"redirect_uris": []}),
            *problems(spa={"redirect_uris": CALLBACK, "scopes": ["two words", "ok"]}),
            *problems(spa={"redirect_uris": CALLBACK, "redirect_url": CALLBACK}),
        ]
    )
    assert "WATCHWORD_CLIENTS__SPA__REDIRECT_URIS: is required for a client that has neither SECRET" in said
    assert "WATCHWORD_CLIENTS__SPA__SCOPES__0: is not a scope" in said
    assert "did you mean WATCHWORD_CLIENTS__SPA__REDIRECT_URIS?" in said
    assert "at least 1 item" in said


def test_the_settings_of_the_guide_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/clients.md tells an operator to set is accepted, to the character."""
    guide = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
    block = guide.partition("```sh\n")[2].partition("```")[0]
    for line in shlex.split(block):
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert set(settings.clients) == {"web", "cli", "mobile"}
    assert settings.clients["web"].scopes == ("orders:read", "orders:write")
