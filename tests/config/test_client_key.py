"""``CLIENT_KEY``: what we sign with at a provider, and what else has to fit it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.protocol.workshop import P256, jwk_of

from watchword.config.auth import Settings
from watchword.config.secrets import Secret
from watchword.errors import ConfigurationError

PEM = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
NAME = "WATCHWORD_PROVIDERS__MAIN__CLIENT_KEY"


def settings(**changes: Any) -> Settings:
    given = {"issuer": "https://idp.test", "client_id": "app", "client_auth": "private_key_jwt"} | changes
    return Settings(providers={"main": {name: each for name, each in given.items() if each is not None}})


def test_a_key_in_a_file_or_a_variable_is_read_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference like any other secret's; the public half can be had to register it."""
    file = tmp_path / "client.pem"
    file.write_text(PEM)
    monkeypatch.setenv("KEY_OF_MAIN", PEM)
    for reference in (f"file:{file}", "env:KEY_OF_MAIN"):
        key = settings(client_key=reference).providers["main"].client_key
        assert key is not None
        assert key.key.public_jwk() == jwk_of(P256, kid=key.key.kid, use="sig", alg="ES256")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "client_key is missing; private_key_jwt signs with it"),
        ({"client_key": PEM, "client_secret": "s"}, "client_secret is set, so client_auth cannot be"),
        ({"client_key": PEM, "client_auth": "none"}, "client_key is set, so client_auth cannot be none"),
        ({"client_key": PEM, "client_auth": None, "client_secret": "s"}, "cannot be client_secret_basic"),
        ({"client_key": "file:/nowhere/key.pem"}, f"{NAME}: refers to file:/nowhere/key.pem"),
        ({"client_key": "key-canary"}, f"{NAME}: is neither a private key in PEM nor a JWK"),
        ({"client_key": PEM[:-60] + "-----END PRIVATE KEY-----"}, f"{NAME}: is not an unencrypted private"),
    ],
)
def test_a_key_that_does_not_fit_is_a_problem_at_start(changes: dict[str, Any], says: str) -> None:
    """Named with its setting and the fix, never with a part of it."""
    with pytest.raises(ConfigurationError) as caught:
        settings(**changes)
    shown = "\n".join(caught.value.problems)
    assert says in shown
    assert "canary" not in shown
    assert PEM.splitlines()[1][:20] not in shown


def test_ses_88_the_key_is_not_printed() -> None:
    """Neither by repr nor in a dump of the settings."""
    given = settings(client_key=PEM)
    assert given.model_dump()["providers"]["main"]["client_key"] == "**********"
    assert str(given.providers["main"].client_key) == "**********"
    assert PEM.splitlines()[1][:20] not in repr(given) + given.model_dump_json()


def test_settings_that_were_read_are_read_again() -> None:
    """A read key stands for itself, as secrets do."""
    key = settings(client_key=Secret(PEM, "reference")).providers["main"].client_key
    assert settings(client_key=key).providers["main"].client_key is key
