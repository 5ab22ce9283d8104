"""Promises of references in settings: any setting, every place, each problem at once, never a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from watchword import Settings
from watchword.config.addresses import Address
from watchword.config.references import Reference
from watchword.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.servers.aws import Aws
    from tests.servers.key_value import KeyValueServer

pytest_plugins = ["tests.servers.moto", "tests.servers.key_value"]

KEY = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="
OLD = "2m1V9mqDVEMcd4bDWxCiyGSMOXkDnbxMrn5P0Bp2cGg="
MACHINE = "q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4vDtEbH"
CANARY = "canary-5b1f9c"
PROVIDER = {"issuer": "https://idp.example.test", "client_id": "app"}
PRODUCTION = {"environment": "production", "base_url": "https://auth.example.test"}


def problems(**given: Any) -> str:
    """What is said of settings that cannot be used; never the canary."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(**given)
    assert CANARY not in f"{caught.value} {caught.value!r} {caught.value.__context__!r}"
    return str(caught.value)


def main(secret: str) -> dict[str, Any]:
    return {"main": {**PROVIDER, "client_secret": secret}}


def test_any_setting_may_be_a_reference(
    aws: Aws, key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Secrets, addresses, lists, numbers and words, from every place, in the environment and the file;
    production takes them, since none is written there."""
    aws.keep("prod/db", json.dumps({"url": "postgresql://app:v8kd-93jf@db/app", "old": OLD}))
    aws.keep("prod/key", KEY + "\n")
    key_value.keep("app", {"client": "geheim-ß-" + CANARY, "audience": "https://api.example.test"})
    key_value.keep("clients", {"batch": {"secret": MACHINE}})
    (tmp_path / "cache").write_text("valkey://:v8kd-93jf@cache:6379/0\n")
    (tmp_path / "cache").chmod(0o600)
    (tmp_path / "watchword.toml").write_text(
        'database_url = "aws-sm:prod/db#url"\nsecret_key = "aws-sm:prod/key"\n'
        f'secret_key_previous = ["aws-sm:prod/db#old"]\ncache_url = "file:{tmp_path / "cache"}"\n'
    )
    monkeypatch.setenv("SECONDS", "60")
    monkeypatch.setenv("WATCHWORD_ACCESS_TOKEN_SECONDS", "env:SECONDS")
    monkeypatch.setenv("WATCHWORD_AUDIENCE", "vault:secret/app#audience")
    monkeypatch.setenv("WATCHWORD_CLIENTS", "vault:secret/clients")
    provider = {**PROVIDER, "client_secret": "vault:secret/app#client"}
    monkeypatch.setenv("WATCHWORD_PROVIDERS", json.dumps({"main": provider}))

    settings = Settings(**PRODUCTION)

    assert settings.secret_key is not None
    assert settings.secret_key.reveal() == KEY
    assert settings.secret_key.reference == Reference("aws-sm", "prod/key")
    assert [each.reveal() for each in settings.secret_key_previous] == [OLD]
    assert settings.database_url == "postgresql+asyncpg://app:v8kd-93jf@db/app"
    assert isinstance(settings.database_url, Address)
    assert settings.database_url.source.reference == Reference("aws-sm", "prod/db", "url")
    assert str(settings.cache_url) == "valkey://:v8kd-93jf@cache:6379/0"
    assert settings.access_token_seconds == 60
    assert settings.audience == "https://api.example.test"
    assert settings.providers["main"].secret == "geheim-ß-" + CANARY
    assert settings.clients["batch"].secret[0].origin == "reference"
    assert CANARY not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_what_is_literally_in_the_file_is_still_refused() -> None:
    """A reference beside it changes nothing of that."""
    assert "CLIENT_SECRET: is written in a file" in problems(
        **PRODUCTION, secret_key=KEY, providers=main("x" * 9)
    )


def test_every_problem_is_told_at_once_and_no_value(aws: Aws, key_value: KeyValueServer) -> None:
    """With the setting, the reference, the cause and the fix."""
    aws.keep("gone", CANARY)
    aws.remove("gone")
    aws.client.create_secret(Name="binary", SecretBinary=CANARY.encode())
    aws.keep("text", CANARY)
    aws.keep("json", json.dumps({"number": 5, "empty": " ", CANARY: "x"}))
    key_value.keep("deleted", {"key": CANARY})
    key_value.delete("deleted")
    causes = {
        "aws-sm:nowhere": "there is no such secret in AWS Secrets Manager",
        "aws-sm:gone": "marked for deletion",
        "aws-sm:binary": "kept as binary",
        "aws-sm:text#key": "it is no JSON object with keys (not JSON); refer to it without #",
        "aws-sm:json#key": "it has no key 'key'",
        "aws-sm:json#": "it names no key after the #",
        "aws-sm:json#number": "it has no text at 'number'; write the value in quotes",
        "aws-sm:json#empty": "it is empty",
        "aws-sm:": "AWS Secrets Manager",
        "vault:secret/nowhere#key": "there is nothing at that path in Vault",
        "vault:secret/deleted#key": "its newest version in Vault is deleted",
        "vault:nowhere": "no MOUNT/PATH",
        "env:NOT_SET_ANYWHERE": "no such environment variable",
    }
    told = problems(
        providers={f"p{n}": main(each)["main"] for n, each in enumerate(causes)}, audience="file:no"
    )
    assert "WATCHWORD_AUDIENCE: refers to file:no, but the file cannot be read: No such file" in told
    for number, (reference, cause) in enumerate(causes.items()):
        sentence = f"WATCHWORD_PROVIDERS__P{number}__CLIENT_SECRET: refers to {reference}, but "
        (line,) = [each for each in told.splitlines() if sentence in each]
        assert cause in line


def test_production_refuses_secrets_of_a_vault_in_the_clear(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They and the token that opens them would travel in the clear; an agent beside the service is no way."""
    key_value.keep("app", {"client": "s3kr1t-4f9c0a77"})
    given = {"environment": "production", "providers": main("vault:secret/app#client")}
    told = "VAULT_ADDR: must be https in production; a token would travel in the clear"
    assert told not in problems(**given)
    monkeypatch.setenv("VAULT_ADDR", key_value.url.replace("127.0.0.1", "127.1"))
    assert told in problems(**given)


def test_a_vault_that_denies_is_named(key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the policy that it takes."""
    key_value.keep("app", {"key": CANARY})
    monkeypatch.setenv("VAULT_TOKEN", "another")
    assert "Vault denies access" in problems(providers=main("vault:secret/app#key"))
    key_value.sealed = True
    assert "Vault is sealed" in problems(providers=main("vault:secret/app#key"))


def test_a_wrong_value_is_not_told_either(aws: Aws) -> None:
    """Wherever a setting's own complaint would quote it."""
    aws.keep("a", json.dumps({"url": f"{CANARY}://x", "query": f"postgresql://h/n?{CANARY}=1"}))
    aws.keep("tenants", json.dumps([CANARY]))
    assert "'…' is not supported" in problems(database_url="aws-sm:a#url")
    assert "parameter '…' is not one of" in problems(database_url="aws-sm:a#query")
    aws.keep("word", "x")
    assert "Input should be a valid integer" in problems(max_sessions_per_user="aws-sm:word")
    provider = {**main("env:PATH")["main"], "allowed_tenants": "aws-sm:tenants"}
    assert "'…' is not a tenant's id" in problems(providers={"main": provider})


@pytest.mark.parametrize("value", [f"{CANARY}\0", f"{CANARY}\n2", f"it's {CANARY}", f'"{CANARY}\\'])
def test_a_wrong_value_is_not_told_in_quotes_of_any_kind(value: str, tmp_path: Path) -> None:
    """Nor with escapes in place of what cannot be printed."""
    (tmp_path / "tenants").write_text(json.dumps([value]))
    provider = {**main("env:PATH")["main"], "allowed_tenants": f"file:{tmp_path}/tenants"}
    told = problems(providers={"main": provider})
    assert "'…' is not a tenant's id" in told
    assert CANARY not in told


def test_a_reference_is_told_on_one_line() -> None:
    """And cut short where somebody put a whole text behind a scheme."""
    told = problems(audience="file:no\nsuch" + "x" * 5000)
    assert "refers to file:no?such" in told
    assert len(told) < 2000


def test_each_secret_is_asked_for_once(key_value: KeyValueServer) -> None:
    """However many settings refer to it, and to whatever inside it."""
    key_value.keep("app", {"one": KEY, "two": OLD})
    one, two = "vault:secret/app#one", "vault:secret/app#two"
    Settings(secret_key=one, secret_key_previous=[two, one], providers=main(two))
    assert len(key_value.requests) == 1


def test_a_reference_that_is_overruled_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The environment wins over the file before anybody is asked."""
    (tmp_path / "watchword.toml").write_text('audience = "env:NOT_SET_ANYWHERE"\n')
    monkeypatch.setenv("WATCHWORD_AUDIENCE", "here")
    assert Settings().audience == "here"


def test_a_text_that_is_no_reference_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a blank after the colon, of a scheme nobody knows, or behind a reference itself."""
    monkeypatch.setenv("NAME", "env:staging")
    for given, read in {"env: staging": "env: staging", "urn:x": "urn:x", "env:NAME": "env:staging"}.items():
        assert Settings(audience=given).audience == read
    said = problems(providers=main("env: NAME"))
    assert "CLIENT_SECRET: begins as a reference does, with env: and a blank; take the blank out" in said


def test_json_without_references_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be text to the setting."""
    monkeypatch.setenv("WATCHWORD_AUDIENCE", '{"a": "b"}')
    assert Settings().audience == '{"a": "b"}'
