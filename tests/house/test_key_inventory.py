"""``docs/security/key-inventory.md`` lists every key and secret of the code, with the code's numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from tests.house.tree import ROOT
from watchword.auth.attempt import ATTEMPT_SECONDS
from watchword.auth.authorization_codes import CODE_SECONDS
from watchword.auth.key_maker import RSA_BITS
from watchword.auth.sealing import Purpose
from watchword.config.addresses import show_address
from watchword.config.auth import Settings
from watchword.config.client_credentials import ClientSecret
from watchword.config.client_key import ClientKey
from watchword.config.secrets import Secret
from watchword.models import metadata
from watchword.protocol.key_ring import ANNOUNCE_SECONDS, LAG_SECONDS

PAGE = (ROOT / "docs/security/key-inventory.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from types(part)


def secrets_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Names of the settings below ``model`` that hold a secret, with ``*`` where a name is free."""
    for name, field in model.model_fields.items():
        found = list(types(field.annotation))
        hidden = {Secret, ClientSecret, ClientKey} & {each for each in found if isinstance(each, type)}
        marks = [*field.metadata, *(mark for each in found for mark in getattr(each, "__metadata__", ()))]
        if hidden or any(getattr(mark, "func", None) is show_address for mark in marks):
            yield f"{prefix}{name.upper()}"
        free = "*__" if any(each is dict or getattr(each, "__origin__", None) for each in found) else ""
        for each in found:
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from secrets_of(each, f"{prefix}{name.upper()}__{free}")


def test_asvs_11_1_2_every_secret_setting_is_listed() -> None:
    """By the types that hide their value, or a password in it."""
    listed = re.findall(r"^\| `([A-Z_*]+)` \|", section("Given by you"), re.MULTILINE)
    assert sorted(listed) == sorted(secrets_of(Settings))
    assert {"PROVIDERS__*__CLIENT_SECRET", "DATABASE_URL"} <= set(listed)


def test_asvs_11_1_2_every_purpose_is_listed() -> None:
    """Of the keys that are derived."""
    listed = re.findall(r"^\| `([a-z-]+)` \|", section("Derived from `SECRET_KEY`"), re.MULTILINE)
    assert sorted(listed) == sorted(get_args(Purpose))


def test_asvs_11_1_2_every_sealed_column_is_listed() -> None:
    """Named after its table; signing keys are the store's."""
    sealed = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.startswith("sealed")
    }
    assert len(sealed) >= 6
    named = set(re.findall(r"`(ww_\w+(?:\.\w+)?)`", section("Derived from `SECRET_KEY`")))
    for column in sealed - {"ww_signing_keys.sealed_private"}:
        assert named & {column, column.partition(".")[0]}, column


@pytest.mark.parametrize(
    "said",
    [
        f"RS256 ({RSA_BITS} bits)",
        f"announced {ANNOUNCE_SECONDS} s",
        f"active {Settings().keys.rotate_after_seconds} s",
        f"| {Settings().access_token_seconds} s (`ACCESS_TOKEN_SECONDS`)",
        f"| {Settings().session_idle_seconds} s unused (`SESSION_IDLE_SECONDS`)",
        f"{Settings().session_absolute_seconds} s in all (`SESSION_ABSOLUTE_SECONDS`)",
        f"| {CODE_SECONDS} s, once",
        f"| {ATTEMPT_SECONDS} s, once",
        f"the longest life of a token and {LAG_SECONDS} seconds",
    ],
)
def test_asvs_11_1_1_lives_are_those_of_the_code(said: str) -> None:
    """Change one and not the other, and this fails."""
    assert said in " ".join(PAGE.split())
