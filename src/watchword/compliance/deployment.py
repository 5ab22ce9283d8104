"""What is read of a deployment, here and now: settings, database, keys, packages. Nothing is changed, and
no provider is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from watchword.api.pages.rendering import pages_of
from watchword.auth.holdings_ports import Accepted, Overdue, People
from watchword.auth.key_ports import StoredKey
from watchword.auth.ports import Clock
from watchword.compliance.distributions import Installed, installed
from watchword.compliance.report import DatabaseState
from watchword.composition_keys import open_bare_store
from watchword.config.auth import Settings
from watchword.config.deployment import worker_count
from watchword.config.terms import read_terms
from watchword.doctor.examination import examine
from watchword.doctor.finding import Finding
from watchword.doctor.key_checks import stored_keys
from watchword.errors import DatabaseUnavailable
from watchword.migrations.runner import MigrationStatus, status
from watchword.protocol.retention import edges
from watchword.protocol.terms import Terms
from watchword.storage.database import open_database
from watchword.storage.holdings import SqlHoldingsStore

AWAY: Final = "it did not answer"
"""Also of a database that is too busy or too large to count in time."""
DORMANT_DAYS: Final = 365
"""From when an account that nobody signs in to is told of."""
SLACK_SECONDS: Final = 3900
"""How late a cleanup may be before that is told, beside twice its interval: callers of versions are looked
at once an hour."""
RARE_SECONDS: Final = 86_400
"""A longer interval between cleanups needs attention, and excuses nothing that is kept for it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the database says. ``not_accepted`` is None where there are no terms; ``ring_unread`` is why
    the signing keys could not be read, None where they could."""

    people: People
    overdue: Sequence[Overdue]
    accepted: Sequence[Accepted]
    not_accepted: int | None
    keys: tuple[StoredKey, ...]
    ring_unread: str | None


@dataclass(frozen=True, slots=True)
class OwnPages:
    """What is in the folder of templates that was named: those that stand in for ours, and others; with
    them the languages in which pages are shown. ``named`` is False where no such folder was, of which a
    folder of translations says nothing."""

    named: bool
    overridden: tuple[str, ...]
    others: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """``held`` is None where the database could not be read, and ``says`` then why."""

    settings: Settings
    now: datetime
    findings: Sequence[Finding]
    migration: MigrationStatus | None
    held: Held | None
    says: str | None
    terms: Terms | None
    packages: tuple[Installed, ...]
    pages: OwnPages

    @property
    def database_state(self) -> DatabaseState:
        if self.held is not None:
            return "read"
        unmigrated = self.migration is not None and not self.migration.up_to_date
        return "migration_needed" if unmigrated else "away"


async def read_deployment(
    settings: Settings,
    clock: Clock,
    *,
    templates: Path | None = None,
    translations: Path | None = None,
) -> Deployment:
    """Raises ConfigurationError for folders and terms that cannot be used. A database that is away, or not
    migrated, is told of."""
    terms, pages = read_terms(settings.terms), own_pages(templates, translations)
    migration, held, says = None, None, None
    try:
        migration = await status(settings.database_url)
        if migration.up_to_date:
            held = await _held(settings, clock.now(), terms)
        else:
            stands = migration.current or "no revision"
            says = f"it is at {stands}, this version needs {migration.head}"
    except DatabaseUnavailable:
        says = AWAY
    return Deployment(
        settings=settings,
        now=clock.now(),
        findings=await examine(settings, clock, workers=worker_count(), offline=True),
        migration=migration,
        held=held,
        says=says,
        terms=terms,
        packages=installed(),
        pages=pages,
    )


def own_pages(templates: Path | None, translations: Path | None) -> OwnPages:
    """Raises ConfigurationError naming every file that cannot be used."""
    languages = pages_of(templates, translations).catalogues.languages
    if templates is None:
        return OwnPages(False, (), (), languages)
    ours = Path(__file__).parents[1] / "api" / "pages" / "templates"
    names = sorted(path.relative_to(templates).as_posix() for path in templates.rglob("*.html"))
    return OwnPages(
        True,
        tuple(name for name in names if (ours / name).is_file()),
        tuple(name for name in names if not (ours / name).is_file()),
        languages,
    )


async def _held(settings: Settings, now: datetime, terms: Terms | None) -> Held:
    interval_seconds = min(settings.cleanup_interval_seconds, RARE_SECONDS)
    slack = timedelta(seconds=SLACK_SECONDS + 2 * interval_seconds)
    at = edges(
        now - slack,
        tokens_live_seconds=settings.longest_access_token_seconds,
        retention_days=settings.privacy.retention_days,
    )
    database = open_database(settings.database_url)
    try:
        holdings = SqlHoldingsStore(database.transactions)
        keys, unread = await stored_keys(open_bare_store(settings, database), database.key_ledger)
        return Held(
            people=await holdings.people(dormant_before=now - timedelta(days=DORMANT_DAYS)),
            overdue=await holdings.overdue(at),
            accepted=await holdings.accepted(),
            not_accepted=None if terms is None else await holdings.not_accepted(terms),
            keys=keys,
            ring_unread=unread[0].text if unread else None,
        )
    finally:
        await database.close()
