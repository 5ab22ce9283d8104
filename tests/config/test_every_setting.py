"""Every setting can be written in the environment, in the file and in code, and means the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from tests.protocol.workshop import P256

from watchword.config.auth import Settings
from watchword.config.client_credentials import ClientSecret
from watchword.config.problems import setting_names

KEY = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="
OLD_KEY = "2m1V9mqDVEMcd4bDWxCiyGSMOXkDnbxMrn5P0Bp2cGg="
PROVIDER = "WATCHWORD_PROVIDERS__MAIN__"
SIGNER = "WATCHWORD_PROVIDERS__SIGNER__"
"""Another provider, because one has either a secret or a key."""
CLIENT = "WATCHWORD_CLIENTS__SPA__"
BATCH = "WATCHWORD_CLIENTS__BATCH__"
"""Another client, because one has either a secret or a key."""
ED25519 = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
VERSION = "WATCHWORD_VERSIONS__V1__"
ENTRIES = {"PROVIDERS": "MAIN", "CLIENTS": "SPA", "VERSIONS": "V1"}

EXAMPLES: Mapping[str, Any] = {
    "WATCHWORD_ENVIRONMENT": "staging",
    "WATCHWORD_BASE_URL": "https://auth.example.test",
    "WATCHWORD_SECRET_KEY": KEY,
    "WATCHWORD_SECRET_KEY_PREVIOUS": [OLD_KEY],
    "WATCHWORD_AUDIENCE": "https://api.example.test",
    "WATCHWORD_DATABASE_URL": "postgresql+asyncpg://app@db/app",
    "WATCHWORD_CACHE_URL": "valkey://cache:6379/0",
    f"{PROVIDER}PRESET": "keycloak",
    f"{PROVIDER}ISSUER": "https://idp.example.test",
    f"{PROVIDER}METADATA_URL": "https://idp.example.test/metadata.json",
    f"{PROVIDER}CLIENT_ID": "app",
    f"{PROVIDER}CLIENT_SECRET": "v8kd-93jf-aa81",
    f"{PROVIDER}CLIENT_AUTH": "client_secret_post",
    f"{PROVIDER}SCOPES": ["openid", "offline_access"],
    f"{PROVIDER}DISPLAY_NAME": "Example",
    f"{PROVIDER}AUTHORIZE_PARAMS": {"connection": "staff"},
    f"{PROVIDER}PAR": True,
    f"{PROVIDER}AUDIENCE": ["https://api.example.test"],
    f"{PROVIDER}ALLOWED_TENANTS": ["9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11"],
    f"{PROVIDER}HOSTED_DOMAINS": ["example.test"],
    f"{PROVIDER}ROLE_CLAIMS": [["realm_access", "roles"]],
    f"{PROVIDER}ROLE_MAP": {"boss": "admin"},
    f"{PROVIDER}USERINFO": "never",
    f"{PROVIDER}LOGOUT": "local_only",
    f"{PROVIDER}LINK_VERIFIED_EMAIL": True,
    f"{PROVIDER}EMAIL_DOMAINS": ["example.test"],
    f"{PROVIDER}ACCEPT_ACCESS_TOKENS": True,
    f"{PROVIDER}MAX_TOKEN_SECONDS": 600,
    f"{PROVIDER}CA_FILE": "ca.pem",
    f"{SIGNER}ISSUER": "https://signer.example.test",
    f"{SIGNER}CLIENT_ID": "app",
    f"{SIGNER}CLIENT_AUTH": "private_key_jwt",
    f"{SIGNER}CLIENT_KEY": json.dumps(ECKey.import_key(P256).as_dict(private=True)),
    f"{CLIENT}REDIRECT_URIS": ["https://app.example.test/callback"],
    f"{CLIENT}SCOPES": ["orders:read"],
    f"{CLIENT}SECRET": "q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4vDtEbH",
    f"{BATCH}KEY": {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": ED25519},
    f"{CLIENT}GRANTS": ["authorization_code", "client_credentials"],
    f"{CLIENT}ROLES": ["reader"],
    "WATCHWORD_CLOCK_LEEWAY_SECONDS": 5,
    "WATCHWORD_ACCESS_TOKEN_SECONDS": 60,
    "WATCHWORD_SESSION_IDLE_SECONDS": 600,
    "WATCHWORD_SESSION_ABSOLUTE_SECONDS": 6000,
    "WATCHWORD_REFRESH_OVERLAP_SECONDS": 0,
    "WATCHWORD_PROVIDER_RECHECK_SECONDS": 0,
    "WATCHWORD_PROVIDER_GRACE_SECONDS": 60,
    "WATCHWORD_MAX_SESSIONS_PER_USER": 3,
    "WATCHWORD_SESSION_LIMIT_POLICY": "reject",
    "WATCHWORD_REVOCATION_STALE_SECONDS": 9,
    "WATCHWORD_CLEANUP_INTERVAL_SECONDS": 60,
    "WATCHWORD_LOG_FORMAT": "json",
    "WATCHWORD_LOG_ACCESS": True,
    "WATCHWORD_DEFAULT_RETURN_TO": "/start",
    "WATCHWORD_TRUSTED_PROXY_HOPS": 2,
    "WATCHWORD_KEYS__STORE": "file",
    "WATCHWORD_KEYS__PATH": "keys",
    "WATCHWORD_KEYS__ALGORITHM": "RS256",
    "WATCHWORD_KEYS__ROTATE_AFTER_SECONDS": 86_400,
    f"{VERSION}DEPRECATED_AT": "2026-05-01",
    f"{VERSION}SUNSET_AT": "2026-12-01T12:00:00Z",
    f"{VERSION}GUIDE": "https://docs.example.test/v1",
    "WATCHWORD_RATE_LIMITS__LOGIN": "1/second",
    "WATCHWORD_RATE_LIMITS__CALLBACK": "2/minute",
    "WATCHWORD_RATE_LIMITS__REFRESH": "3/hour",
    "WATCHWORD_RATE_LIMITS__TOKEN": "off",
    "WATCHWORD_RATE_LIMITS__INTROSPECT": "4/minute",
    "WATCHWORD_RATE_LIMITS__TERMS": "5/minute",
    "WATCHWORD_RATE_LIMITS__ADMIN": "6/minute",
    "WATCHWORD_PRIVACY__IP": "none",
    "WATCHWORD_PRIVACY__RETENTION_DAYS": 30,
    "WATCHWORD_TERMS__VERSION": "2026-11",
    "WATCHWORD_TERMS__FILE": __file__,
    "WATCHWORD_TERMS__URL": "https://example.test/terms",
}


def tree() -> dict[str, Any]:
    """The examples as code or a file nests them."""
    nested: dict[str, Any] = {}
    for name, value in EXAMPLES.items():
        *path, last = name.removeprefix("WATCHWORD_").lower().split("__")
        branch = nested
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return nested


def in_toml(nested: Mapping[str, Any]) -> str:
    """As inline tables; JSON and TOML write texts, numbers and lists alike."""

    def written(value: Any) -> str:
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{name} = {written(each)}" for name, each in value.items()) + "}"
        return json.dumps(value)

    return "\n".join(f"{name} = {written(value)}" for name, value in nested.items())


def plain(settings: Settings) -> dict[str, Any]:
    """What the settings say, secrets too; where a secret was written is another question."""
    said = settings.model_dump()
    said["secret_key"] = settings.secret_key and settings.secret_key.reveal()
    said["secret_key_previous"] = [each.reveal() for each in settings.secret_key_previous]
    said["clients' secrets"] = {
        name: [*map(digest_of, each.secret)] for name, each in settings.clients.items()
    }
    said["clients' keys"] = {name: each.key for name, each in settings.clients.items()}
    said["secret"] = [
        (each.secret, each.client_key and each.client_key.key) for each in settings.providers.values()
    ]
    return said


def digest_of(secret: ClientSecret) -> bytes:
    return secret.digest


def test_the_examples_are_complete() -> None:
    """A new setting comes with an example here."""
    known = {name.replace("<ID>", ENTRIES.get(name.split("_")[1], "")) for name in setting_names(Settings)}
    known -= {"WATCHWORD_KEYS__SECRET_ID"}  # goes with another key store; see test_key_settings.py
    assert {name.replace(BATCH, CLIENT).replace(SIGNER, PROVIDER) for name in EXAMPLES} == known


def test_every_example_differs_from_what_nothing_says() -> None:
    """Or a setting that is not read at all would go unnoticed."""
    said, unsaid = plain(Settings(**tree())), plain(Settings())
    same = {name for name, value in said.items() if value == unsaid[name]}
    assert same == set()
    limits = Settings().rate_limits.model_dump()
    assert not [name for name, value in said["rate_limits"].items() if value == limits[name]]


def test_the_environment_says_the_same_as_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable by its own name, lists and maps as JSON."""
    in_code = plain(Settings(**tree()))
    for name, value in EXAMPLES.items():
        monkeypatch.setenv(name, value if isinstance(value, str) else json.dumps(value))
    assert plain(Settings()) == in_code


def test_the_file_says_the_same_as_code(tmp_path: Path) -> None:
    """With TOML's own lists and tables."""
    in_code = plain(Settings(**tree()))
    (tmp_path / "watchword.toml").write_text(in_toml(tree()))
    assert plain(Settings()) == in_code
