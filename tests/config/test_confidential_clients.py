"""Confidential clients in the settings (contract §3): credentials, grants, roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.protocol.workshop import OTHER_P256, P256, jwk_of

from watchword.config.auth import Settings
from watchword.config.client import registered_clients, secret_digests
from watchword.config.deployment import deployment_warnings
from watchword.config.secrets import Secret
from watchword.errors import ConfigurationError
from watchword.protocol.client_secret import secret_digest

CALLBACK = "https://app.example/cb"
SECRET = "9f2b61d07c3a48e5b1d6f09c27e84a3d5b7c1e9f60a2d4838be5c7f1a0d96e42"
OTHER = "q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4vDtEbH"
JWK = jwk_of(P256, kid="1")
FOR_PEOPLE = {"authorization_code", "refresh_token"}


def problems(**clients: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        Settings(clients=clients)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("given", "credential", "grants"),
    [
        ({"redirect_uris": CALLBACK}, "none", FOR_PEOPLE),
        ({"redirect_uris": CALLBACK, "grants": "authorization_code"}, "none", {"authorization_code"}),
        ({"secret": SECRET}, "secret", {"client_credentials"}),
        ({"key": JWK}, "key", {"client_credentials"}),
        ({"secret": SECRET, "grants": []}, "secret", set()),
        ({"secret": SECRET, "redirect_uris": CALLBACK}, "secret", FOR_PEOPLE),
        (
            {
                "key": JWK,
                "redirect_uris": CALLBACK,
                "grants": "authorization_code refresh_token client_credentials",
            },
            "key",
            FOR_PEOPLE | {"client_credentials"},
        ),
    ],
)
def test_a_client_is_what_it_is_given(given: dict[str, Any], credential: str, grants: set[str]) -> None:
    """Its credential makes it confidential; its grants follow from its redirect URIs unless they are
    listed; one without grants only introspects."""
    settings = Settings(clients={"it": {**given, "scopes": ["a"]}})
    client = registered_clients(settings.clients)["it"]
    assert (str(client.credential), set(client.grants), set(client.scopes)) == (credential, grants, {"a"})
    assert client.is_confidential == (credential != "none")
    assert (client.keys is not None) == (credential == "key")


def test_of_a_secret_only_a_digest_is_kept() -> None:
    """Neither settings nor what is made of them hold or print it."""
    settings = Settings(clients={"batch": {"secret": SECRET}, "two": {"secret": [SECRET, OTHER]}})
    digests = {"batch": [secret_digest(SECRET)], "two": [secret_digest(SECRET), secret_digest(OTHER)]}
    assert secret_digests(settings.clients) == digests
    shown = [repr(settings), str(settings.clients), settings.model_dump_json(), repr(vars(settings))]
    assert not [each for each in shown if SECRET in each or OTHER in each]
    assert "**********" in settings.model_dump_json()


@pytest.mark.parametrize("reference", ["env:THE_SECRET", "file:the-secret", SECRET, f"  {SECRET}\n"])
def test_a_secret_is_written_out_or_a_reference(
    reference: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As every other secret; blanks around it do not count."""
    monkeypatch.setenv("THE_SECRET", SECRET)
    (tmp_path / "the-secret").write_text(SECRET + "\n")
    monkeypatch.setenv("WATCHWORD_CLIENTS__BATCH__SECRET", reference)
    assert secret_digests(Settings().clients) == {"batch": [secret_digest(SECRET)]}


def test_two_secrets_while_one_is_rolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A JSON list in the environment; three are one too many."""
    monkeypatch.setenv("WATCHWORD_CLIENTS__BATCH__SECRET", json.dumps([SECRET, OTHER]))
    assert len(Settings().clients["batch"].secret) == 2
    assert {each.origin for each in Settings().clients["batch"].secret} == {"environment"}
    (problem,) = problems(batch={"secret": [SECRET, OTHER, SECRET]})
    assert problem == (
        "WATCHWORD_CLIENTS__BATCH__SECRET: must be a secret, or a list of at most 2 while one is rolled"
    )


@pytest.mark.parametrize("form", ["json", "file", "table", "set"])
def test_a_key_is_a_jwk_or_a_set_in_any_form(
    form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """JSON in the environment, behind a reference, or a table of the file."""
    members = "\n".join(f"{name} = {json.dumps(value)}" for name, value in JWK.items())
    (tmp_path / "key.json").write_text(json.dumps(JWK))
    match form:
        case "json":
            monkeypatch.setenv("WATCHWORD_CLIENTS__BATCH__KEY", json.dumps(JWK))
        case "file":
            monkeypatch.setenv("WATCHWORD_CLIENTS__BATCH__KEY", f"file:{tmp_path}/key.json")
        case "table":
            (tmp_path / "watchword.toml").write_text(f"[clients.batch.key]\n{members}\n")
        case _:
            both = {"keys": [JWK, jwk_of(OTHER_P256, kid="2")]}
            monkeypatch.setenv("WATCHWORD_CLIENTS__BATCH__KEY", json.dumps(both))
    keys = Settings().clients["batch"].key
    assert keys is not None
    assert [each.kid for each in keys.keys] == (["1", "2"] if form == "set" else ["1"])
    assert json.loads(Settings().model_dump_json())["clients"]["batch"]["key"] == [
        each.kid for each in keys.keys
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "REDIRECT_URIS: is required for a client that has neither SECRET nor KEY"),
        ({"grants": "client_credentials"}, "REDIRECT_URIS: is required"),
        (
            {"redirect_uris": CALLBACK, "grants": "authorization_code client_credentials"},
            "GRANTS: client_credentials needs a credential",
        ),
        ({"redirect_uris": CALLBACK, "secret": SECRET, "grants": "client_credentials"}, "GRANTS: lacks"),
        ({"redirect_uris": CALLBACK, "grants": []}, "GRANTS: lacks authorization_code"),
        ({"secret": SECRET, "grants": "authorization_code"}, "GRANTS: authorization_code needs REDIRECT"),
        ({"secret": SECRET, "grants": "refresh_token"}, "GRANTS: refresh_token needs authorization_code"),
        ({"secret": SECRET, "key": JWK}, "KEY: is set beside SECRET"),
        ({"redirect_uris": CALLBACK, "roles": ["a"]}, "ROLES: are for tokens that the client gets for"),
        ({"secret": SECRET, "grants": [], "roles": ["a"]}, "ROLES: are for tokens that the client gets for"),
        ({"secret": SECRET, "grants": "password"}, "GRANTS__0: Input should be 'authorization_code'"),
        ({"secret": SECRET, "roles": ["two words"]}, "ROLES__0: is not a role name"),
        ({"secret": SECRET, "roles": ["a", "watchword-admin"]}, "ROLES__1: watchword-admin is granted to"),
        ({"secret": "hunter2"}, "SECRET: cannot hold 256 bits"),
        ({"secret": "changeme" * 8}, "SECRET: is a placeholder"),
        ({"secret": ""}, "SECRET: is empty"),
        ({"secret": 7}, "SECRET: must be a secret"),
        ({"secret": []}, "SECRET: must be a secret"),
        ({"secret": [SECRET, 7]}, "SECRET: a secret is text"),
        ({"secret": "env:NO_SUCH_VARIABLE"}, "SECRET: refers to env:NO_SUCH"),
        ({"secret": "file:/no/such"}, "SECRET: refers to file:"),
        ({"key": "hunter2"}, "KEY: must be a public JWK or a key set in JSON"),
        ({"key": "[1]"}, "KEY: must be a public JWK or a key set in JSON"),
        ({"key": 7}, "KEY: must be a public JWK"),
        ({"key": "-----BEGIN PUBLIC KEY-----"}, "KEY: must be a public JWK"),
        ({"key": {"kty": "oct", "k": "AAAA"}}, "KEY: the key is a symmetric key"),
        ({"key": {**JWK, "d": "AAAA"}}, "KEY: the key holds a private key"),
    ],
)
def test_what_does_not_go_together_is_named_with_the_fix(given: dict[str, Any], says: str) -> None:
    """By the name of the setting, in every environment; no secret is repeated."""
    said = problems(batch=given)
    assert [each for each in said if each.startswith(f"WATCHWORD_CLIENTS__BATCH__{says}")], said
    assert not [each for each in said if "hunter2" in each or SECRET in each]


def test_every_fault_of_every_client_is_told_at_once() -> None:
    """One start, one list."""
    said = problems(
        a={}, b={"secret": SECRET, "key": JWK, "grants": "refresh_token", "roles": ["x"]}, c={"secret": "x"}
    )
    names = [each.partition(":")[0].removeprefix("WATCHWORD_CLIENTS__") for each in said]
    assert names == ["C__SECRET", "A__REDIRECT_URIS", "B__KEY", "B__GRANTS", "B__ROLES"]


@pytest.mark.parametrize("client_id", ["0123456789abcdef0123456789abcdef", "f" * 32])
def test_no_client_can_be_taken_for_an_account(client_id: str) -> None:
    """``sub`` is a client's id or an account's, and account ids are UUIDs, with or without dashes."""
    (problem,) = problems(**{client_id: {"secret": SECRET}})
    assert "reads as the id of an account (a UUID)" in problem


PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "base_url": "https://api.example.com",
    "secret_key": Secret("qWq7l3dXo1Zy8PpVbT6mN2cK9sHfUeJgRiAx0D4Y5wE=", "environment"),
}


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (SECRET, "WATCHWORD_CLIENTS__BATCH__SECRET: is written in a file or in code"),
        ([Secret(OTHER, "environment"), SECRET], "WATCHWORD_CLIENTS__BATCH__SECRET: is written in a file"),
        (Secret(SECRET, "reference", "/run/it"), "SECRET: the file /run/it can be read by others"),
    ],
)
def test_production_refuses_a_secret_that_others_may_read(secret: Any, says: str) -> None:
    """As every other secret; staging warns of it, development says nothing."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(**PRODUCTION, clients={"batch": {"secret": secret}})
    assert any(says in problem for problem in caught.value.problems)
    staging = Settings(**{**PRODUCTION, "environment": "staging"}, clients={"batch": {"secret": secret}})
    assert any(says in warning for warning in deployment_warnings(staging))
    Settings(clients={"batch": {"secret": secret}})


def test_production_accepts_secrets_from_outside_and_keys_from_anywhere() -> None:
    """A public key is no secret."""
    secret = Secret(SECRET, "environment")
    Settings(**PRODUCTION, clients={"batch": {"secret": secret}, "other": {"key": JWK}})
