"""Which secrets of the settings are read again while the service runs, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from watchword.auth.client_proof import ClientProofs, client_proofs
from watchword.auth.database_login import DatabaseLogins, database_login, login_reader
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.secret_reader import SecretReader
from watchword.auth.secret_watch import SecretWatch
from watchword.auth.watched_secret import Source, T, WatchedSecret
from watchword.config.auth import Settings
from watchword.config.database_url import normalise_database_url, sqlite_path
from watchword.config.resolver import Resolver

DATABASE_URL: Final = "WATCHWORD_DATABASE_URL"


class RunningSecrets:
    """``proofs`` are our credentials at each provider, ``logins`` those at the database where they are
    behind a reference. What no process changes while it runs is only watched, and told."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._references = settings.references
        self._reader = SecretReader(Resolver())
        self._clock = clock
        self.proofs: dict[str, ClientProofs] = {
            provider_id: client_proofs(provider_id, provider, clock, self._source)
            for provider_id, provider in settings.providers.items()
        }
        self.logins = self._logins(settings.database_url)
        replaced: list[WatchedSecret[Any]] = [*self.proofs.values()]
        if self.logins is not None:
            replaced.append(self.logins)
        watched = [*replaced, *self._fixed({each.setting for each in replaced})]
        self.watch = SecretWatch(watched, self._reader)

    def _source(self, setting: str, parse: Callable[[str], T]) -> Source[T] | None:
        found = self._references.get(setting)
        return None if found is None else Source(found.reference, parse, self._reader)

    def _logins(self, address: str) -> DatabaseLogins | None:
        url = normalise_database_url(address)
        source = self._source(DATABASE_URL, login_reader(url))
        if source is None or sqlite_path(url) is not None:
            return None
        return WatchedSecret(DATABASE_URL, database_login(url), self._clock, source=source)

    def _fixed(self, replaced: set[str]) -> Iterator[WatchedSecret[str]]:
        for setting, value in self._references.items():
            if setting not in replaced:
                source = self._source(setting, str)
                tell = partial(_tell, setting)
                yield WatchedSecret(setting, str(value), self._clock, source=source, on_change=tell)


def _tell(setting: str, _value: str) -> None:
    message = "%s has changed, which counts from the next start of this process"
    tell("secret_changed_for_later", message, setting, setting=setting)
