"""Apps with a version, a clock that a test sets, and a ledger that a test reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.applications import Starlette

from tests.gate.workshop import NOW, CannedAuthenticator, guarded
from watchword.api.gate import GateInstallation
from watchword.api.version_policy import Versions
from watchword.config.versions import VersionSettings
from watchword.protocol.principal import Anonymous, Identity, Principal

DEPRECATED_AT = datetime.fromtimestamp(NOW - 86_400, UTC)
SUNSET_AT = datetime.fromtimestamp(NOW + 86_400, UTC)
GUIDE = "https://docs.example/v1"
DEPRECATION = f"@{NOW - 86_400}"
SUNSET = "Sat, 16 Jan 2027 08:00:00 GMT"
LINK = f'<{GUIDE}>; rel="deprecation"; type="text/html", <{GUIDE}>; rel="sunset"; type="text/html"'
ANNOUNCED = {"deprecation": DEPRECATION, "sunset": SUNSET, "link": LINK}
DATES: dict[str, Any] = {"deprecated_at": DEPRECATED_AT, "sunset_at": SUNSET_AT, "guide": GUIDE}


class Clocked(CannedAuthenticator):
    """The canned callers at a time of the test's choice."""

    def __init__(self, now_seconds: int = NOW) -> None:
        super().__init__()
        self.now = now_seconds

    def now_seconds(self) -> int:
        return self.now


class Notes:
    """A ledger: (version, caller, what would refuse them) a call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str | None]] = []
        self.networks: list[str] = []

    def note(self, version: str, *, identity: Identity, network: str, would_refuse: str | None) -> None:
        self.calls.append((version, _named(identity), would_refuse))
        self.networks.append(network)


def _named(identity: Identity) -> str:
    if isinstance(identity, Principal):
        return identity.subject
    return "nobody" if isinstance(identity, Anonymous) else "refused"


def versioned(
    app: Starlette,
    notes: Notes | None = None,
    *,
    now_seconds: int = NOW,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    default: Literal["allow", "deny"] = "allow",
    authenticator: Any = None,
    **policy: Any,
) -> GateInstallation:
    """Install a gate whose versions obey ``settings`` and are counted in ``notes``."""
    read = {name: VersionSettings.model_validate(each) for name, each in (settings or {}).items()}
    versions = Versions(read, ledger=lambda: notes, **policy)
    return guarded(
        app,
        default=default,
        authenticator=authenticator or Clocked(now_seconds),
        versions=versions,
    )


def announced(answer: Any) -> dict[str, str]:
    """The headers of ours that an answer has, each at most once."""
    found = {name: answer.headers.get_list(name) for name in ANNOUNCED}
    assert all(len(values) <= 1 for values in found.values()), found
    return {name: values[0] for name, values in found.items() if values}
