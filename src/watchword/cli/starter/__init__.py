"""Files that ``watchword init`` puts into a new project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from watchword.errors import ConfigurationError

SETTINGS_FILE: Final = "watchword.toml"
_DEVELOPMENT: Final = "development-only-secret"
_KNOWN_ISSUERS: Final = {"google": "https://accounts.google.com", "github": "https://github.com"}
_HEAD: Final = """\
# Settings of watchword. Environment variables (WATCHWORD_BASE_URL, ...) win over this file.
# Secrets stay out of it: "env:NAME", "file:PATH", "aws-sm:ID#key" and "vault:PATH#key" say where they are.

environment = "development"
base_url = "http://127.0.0.1:8000"
"""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where people of the new project sign in; ``issuer`` None is the development provider."""

    preset: str = "oidc"
    issuer: str | None = None
    client_id: str | None = None
    tenants: tuple[str, ...] = ()

    @property
    def provider_id(self) -> str:
        return "dev" if self.issuer is None else "main"

    @property
    def secret_variable(self) -> str | None:
        """The environment variable with the client's secret; none for the development provider's."""
        return None if self.issuer is None else "MAIN_CLIENT_SECRET"


def chosen(
    preset: str | None, issuer: str | None, client_id: str | None, tenants: Sequence[str] = ()
) -> Provider:
    """Raises ConfigurationError for what no provider can be made of."""
    from pydantic import ValidationError

    from watchword.config.presets import PRESETS
    from watchword.config.provider import ProviderSettings

    if preset is not None and preset not in PRESETS:
        raise ConfigurationError(
            [f"--provider {preset!r} is no preset; there are {', '.join(map(repr, PRESETS))}"]
        )
    issuer = issuer or _KNOWN_ISSUERS.get(preset or "")
    if preset is None and issuer is None and client_id is None and not tenants:
        return Provider()
    missing = [name for name, value in (("--issuer", issuer), ("--client-id", client_id)) if not value]
    if missing:
        raise ConfigurationError([f"{name} is missing; the provider shows it to you" for name in missing])
    provider = Provider(preset or "oidc", issuer, client_id, tuple(tenants))
    if not all(text.isprintable() for text in (provider.issuer or "", provider.client_id or "", *tenants)):
        raise ConfigurationError(["what is given is one line of printable characters each"])
    try:
        ProviderSettings.model_validate({**dict(_members(provider)), "client_secret": "not known yet"})
    except ValidationError as error:
        said = [fault["msg"].removeprefix("Value error, ") for fault in error.errors()]
        raise ConfigurationError(said) from None
    return provider


def files(provider: Provider) -> Iterator[tuple[str, str]]:
    """Name and content of every file; the settings last, so that one who was cut short can begin again."""
    for name in ("main.py", "test_main.py"):
        yield name, resources.files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    yield SETTINGS_FILE, _settings(provider)


def _settings(provider: Provider) -> str:
    lines = [_HEAD, f"[providers.{provider.provider_id}]"]
    if provider.issuer is None:
        lines[1:1] = [
            "# `watchword dev-provider` runs it: anybody signs in as anybody, on this machine only."
        ]
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _members(provider)]
    variable = provider.secret_variable
    lines.append(f"client_secret = {json.dumps(_DEVELOPMENT if variable is None else f'env:{variable}')}")
    return "\n".join(lines) + "\n"


def _members(provider: Provider) -> list[tuple[str, str | list[str]]]:
    from watchword.dev_provider.registration import CLIENT_ID

    members: list[tuple[str, str | list[str]]] = [
        ("preset", provider.preset),
        ("issuer", provider.issuer or "http://127.0.0.1:9400"),
        ("client_id", provider.client_id or CLIENT_ID),
    ]
    if provider.tenants:
        members.append(("allowed_tenants", list(provider.tenants)))
    return members
