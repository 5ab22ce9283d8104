"""What holds a secret or an address does not print it: every dataclass and named tuple of the package."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache

import watchword

SMELLS = re.compile(
    r"token|secret|code|verifier|key|cookie|mail|sealed|state|nonce|digest|password|assertion|credential"
    r"|challenge|\b(headers|body|form|claims|parameters)\b"
)
TEXT = re.compile(r"\b(str|bytes|Any|object)\b")
"""Types that hold text themselves; classes of ours are looked at in their turn."""
FLAGS = re.compile(r"Callable|Mapping\[str, bool\]")
"""Types that name text and hold none."""
UNTOLD = {"watchword.migrations.env", "watchword.__main__"}
"""Scripts."""
HARMLESS = {
    "api.version_policy.ActiveVersion.headers": "when a version ends",
    "auth.resealing_ports.Unreadable.key_id": "which SECRET_KEY sealed it, as 4 bytes of a digest",
    "config.presets.Preset.id_token_kind": "names of claims",
    "config.presets.Preset.mailbox_domains": "domains",
    "config.references.Reference.key": "where in a secret a value is, not the value",
    "dev_provider.faults.Failure.headers": "headers a test wrote",
    "dev_provider.wire.OAuthError.challenge": "the scheme to authenticate with",
    "doctor.token_verdict.Verdict.code": "the code of an error",
    "doctor.token_verdict.Verdict.live_code": "the code of an error",
    "protocol.discovery.ProviderMetadata.id_token_algorithms": "names of algorithms",
    "protocol.discovery.ProviderMetadata.token_endpoint": "an address",
    "protocol.discovery.ProviderMetadata.token_endpoint_auth_algorithms": "names of algorithms",
    "protocol.discovery.ProviderMetadata.token_endpoint_auth_methods": "names of methods",
    "protocol.principal.Principal.token_id": "names a token, and is none",
    "protocol.provider_access_token.TokenShape.token_id": "the name of a claim",
    "protocol.token_exchange.TokenResponse.token_type": "the word Bearer",
}


@cache
def classes() -> list[type]:
    """Every class that is defined in the package."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(watchword.__path__, "watchword."):
        if module.name in UNTOLD or ".migrations.versions" in module.name:
            continue
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, type) and each.__module__ == module.name:
                found[f"{each.__module__}.{each.__qualname__}"] = each
    return list(found.values())


def shown(each: type) -> Iterator[tuple[str, str]]:
    """Name and type of what ``repr`` prints by itself."""
    if dataclasses.is_dataclass(each):
        if hasattr(each.__repr__, "__wrapped__"):
            yield from ((field.name, str(field.type)) for field in dataclasses.fields(each) if field.repr)
    elif issubclass(each, tuple) and hasattr(each, "_fields") and "__repr__" not in vars(each):
        yield from ((name, str(each.__annotations__[name])) for name in each._fields)


def test_key_11_and_ses_88_what_is_secret_or_personal_does_not_print() -> None:
    """A new field that sounds like a secret needs ``repr=False``, or a reason here."""
    telling = {
        f"{each.__module__}.{each.__qualname__}.{name}".removeprefix("watchword."): kind
        for each in classes()
        for name, kind in shown(each)
        if SMELLS.search(name) and TEXT.search(kind) and not FLAGS.search(kind)
    }
    assert not {name: kind for name, kind in telling.items() if name not in HARMLESS}
    assert not set(HARMLESS) - set(telling), "reasons for what is not there, or does not print any more"


def test_the_walk_reaches_the_package() -> None:
    """Classes of every layer, and fields that would print without care."""
    names = {f"{each.__module__}.{each.__qualname__}" for each in classes()}
    assert len(names) > 400
    for each in ("protocol.principal.Principal", "auth.grants.Grant", "dev_provider.people.Person"):
        assert f"watchword.{each}" in names


def test_what_would_print_is_seen() -> None:
    """The check itself: a field that prints, one that does not, and a class that prints by itself."""

    @dataclasses.dataclass
    class Loose:
        refresh_token: str
        kept: str = dataclasses.field(repr=False)

    class OfItsOwn(Loose):
        def __repr__(self) -> str:
            return "nothing"

    assert [name for name, _ in shown(Loose)] == ["refresh_token"]
    assert not list(shown(OfItsOwn))
