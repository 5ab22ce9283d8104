"""The versions of one app as they are in force: what the code says, and what the operator says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from watchword.auth.caller import SCOPE_KEY, Caller
from watchword.config.versions import VersionSettings
from watchword.errors import ConfigurationError
from watchword.protocol.api_version import WINDOW, ApiVersion
from watchword.protocol.deprecation import deprecation_value, guide_links, sunset_value
from watchword.protocol.principal import Anonymous, Identity, whoever_accepted

_NO_SETTINGS: Mapping[str, VersionSettings] = MappingProxyType({})


class Ledger(Protocol):
    """Where calls of versions are counted."""

    def note(self, version: str, *, identity: Identity, network: str, would_refuse: str | None) -> None:
        """Count one call, without waiting. Never raises."""


@dataclass(frozen=True, slots=True, eq=False)
class ActiveVersion:
    """A version with its headers ready to be sent; ``ends_at_seconds`` is None for one that goes on."""

    definition: ApiVersion
    guide: str | None
    ends_at_seconds: int | None
    headers: tuple[tuple[bytes, bytes], ...]
    links: tuple[str, ...]

    @classmethod
    def of(cls, definition: ApiVersion, guide: str | None) -> ActiveVersion:
        """``guide`` is the address to link."""
        deprecated_at, ends_at = definition.deprecated_at, definition.ends_at
        headers = []
        if deprecated_at is not None:
            headers.append((b"deprecation", deprecation_value(deprecated_at).encode()))
        if ends_at is not None:
            headers.append((b"sunset", sunset_value(ends_at).encode()))
        deprecated, ends = deprecated_at is not None, ends_at is not None
        return cls(
            definition,
            guide,
            int(ends_at.timestamp()) if ends_at is not None else None,
            tuple(headers),
            guide_links(guide, deprecated=deprecated, ends=ends) if guide is not None else (),
        )

    @property
    def id(self) -> str:
        return self.definition.id

    @property
    def observed(self) -> bool:
        return self.definition.mode == "observe"

    def has_ended(self, now_seconds: int) -> bool:
        return self.ends_at_seconds is not None and now_seconds >= self.ends_at_seconds


class Versions:
    """Knows every version of an app, once its routes are known.

    ``guides_at`` is the path below which watchword serves the guides of versions that have none;
    ``network`` says what is kept of a caller's address, "" for nothing.
    """

    def __init__(
        self,
        settings: Mapping[str, VersionSettings] = _NO_SETTINGS,
        *,
        base_url: str = "",
        guides_at: str | None = None,
        ledger: Callable[[], Ledger | None] = lambda: None,
        network: Callable[[Mapping[str, Any]], str] = lambda scope: "",
        production: bool = False,
    ) -> None:
        self._settings = settings
        self._base_url = base_url
        self._guides_at = guides_at
        self._ledger = ledger
        self._network = network
        self._production = production
        self._known: dict[str, tuple[ApiVersion, ActiveVersion]] = {}

    def adopt(self, definitions: Iterable[ApiVersion]) -> None:
        """Take the versions that routes are of. Raises ConfigurationError for two definitions of one
        id and for settings that do not fit what the code says."""
        known: dict[str, tuple[ApiVersion, ActiveVersion]] = {}
        problems = []
        for definition in definitions:
            before = known.get(definition.id) or self._known.get(definition.id)
            if before is not None and before[0] == definition:
                known[definition.id] = before
            elif definition.id in known:
                problems.append(
                    f"version {definition.id!r} is defined twice, differently; define it once and use that"
                )
            else:
                try:
                    known[definition.id] = definition, self._in_force(definition)
                except ValueError as fault:
                    problems.append(f"WATCHWORD_VERSIONS__{definition.id.upper()}__…: {fault}")
        if problems:
            raise ConfigurationError(sorted(set(problems)))
        self._known = known

    def get(self, version_id: str) -> ActiveVersion | None:
        known = self._known.get(version_id)
        return None if known is None else known[1]

    def served_guide(self, version_id: str) -> ActiveVersion | None:
        """The version where its guide is ours to serve: it was announced to end, and has no other."""
        known = self._known.get(version_id)
        if known is None or self._guides_at is None:
            return None
        active = known[1]
        return active if active.definition.guide is None and active.definition.announced else None

    def count(self, version_id: str, scope: Mapping[str, Any], would_refuse: str | None) -> None:
        """Note one call; where the parts have not started, there is nowhere to note it."""
        ledger = self._ledger()
        if ledger is None:
            return
        caller = scope.get(SCOPE_KEY)
        identity = whoever_accepted(caller.best) if isinstance(caller, Caller) else Anonymous()
        ledger.note(version_id, identity=identity, network=self._network(scope), would_refuse=would_refuse)

    def warnings(self) -> list[str]:
        """What an operator should know although the service starts."""
        known = ", ".join(sorted(self._known)) or "none"
        warnings = [
            f"WATCHWORD_VERSIONS__{name.upper()}: no route is of that version; known versions: {known}"
            for name in sorted(self._settings.keys() - self._known.keys())
        ]
        for name, (_, active) in sorted(self._known.items()):
            window = active.definition.window
            if window is not None and window < WINDOW:
                warnings.append(f"version {name} ends only {window.days} days after its deprecation")
            if active.observed and self._production:
                warnings.append(
                    f"version {name} is observed in production: @require_auth is not enforced on its routes"
                )
        return warnings

    def _in_force(self, definition: ApiVersion) -> ActiveVersion:
        """Raises ValueError."""
        said = self._settings.get(definition.id)
        if said is not None:
            definition = definition.overridden(
                deprecated_at=said.deprecated_at, sunset_at=said.sunset_at, guide=said.guide
            )
        guide = definition.guide
        if guide is None and self._guides_at is not None:
            guide = self._guides_at + definition.id
        if guide is not None and guide.startswith("/"):
            guide = self._base_url + guide
        return ActiveVersion.of(definition, guide)
