"""One SQL database: every store over one engine."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from watchword.auth.account_ports import AccountStore, ClientTokenStore
from watchword.auth.admin_ports import AdminStore
from watchword.auth.audit_ports import AuditLog
from watchword.auth.caller_ports import CallerStore
from watchword.auth.cleanup_ports import CleanupStore
from watchword.auth.code_ports import CodeStore
from watchword.auth.database_login import DatabaseLogins
from watchword.auth.grant_ports import GrantStore
from watchword.auth.key_ports import KeyLedger, KeyStore
from watchword.auth.logout_ports import ProviderLogoutStore
from watchword.auth.ports import Announcements, RevocationLog, SessionStore, SingleUseStore
from watchword.auth.privacy_ports import PrivacyStore
from watchword.auth.sealing import Sealer
from watchword.auth.session_count_ports import SessionCountStore
from watchword.auth.terms_ports import TermsStore
from watchword.auth.tombstones import Tombstones
from watchword.auth.version_ports import VersionUsageStore
from watchword.config.database_url import normalise_database_url
from watchword.models import User
from watchword.storage.account_store import SqlAccountStore
from watchword.storage.admin import SqlAdminStore
from watchword.storage.announcements import PostgresqlAnnouncements
from watchword.storage.audit import SqlAuditLog
from watchword.storage.authorization_codes import SqlCodeStore
from watchword.storage.callers import SqlCallerStore
from watchword.storage.cleanup import SqlCleanupStore
from watchword.storage.client_tokens import SqlClientTokenStore
from watchword.storage.engines import DatabaseLimits, make_engine, sqlite_file
from watchword.storage.key_ledger import SqlKeyLedger
from watchword.storage.privacy import SqlPrivacyStore
from watchword.storage.provider_grants import SqlGrantStore
from watchword.storage.provider_logouts import SqlProviderLogoutStore
from watchword.storage.revocations import SqlRevocationLog
from watchword.storage.rotation_postgresql import PostgresqlRotation
from watchword.storage.rotation_sqlite import SqliteRotation
from watchword.storage.session_counts import SqlSessionCountStore
from watchword.storage.sessions import Rotator, SqlSessionStore
from watchword.storage.signing_keys import SqlKeyStore
from watchword.storage.single_use import SqlSingleUseStore
from watchword.storage.terms import SqlTermsStore
from watchword.storage.tombstones import TombstoneRows
from watchword.storage.transactions import Transactions
from watchword.storage.version_usage import SqlVersionUsageStore

LONGEST_ACCESS_TOKEN_SECONDS = 3600
LEFT_TO_OTHERS = 2
"""Connections of the pool that rotations do not hold, however many come at once."""


class SqlDatabase:
    """``Database`` over SQLite or PostgreSQL. For a service's own tables ``transactions`` runs work
    on ``engine`` with the bounds and errors of the stores; prefer it to the bare engine, whose
    SQLite connections must not be cancelled in mid transaction."""

    sessions: SessionStore
    accounts: AccountStore
    admin: AdminStore
    callers: CallerStore
    client_tokens: ClientTokenStore
    provider_logouts: ProviderLogoutStore
    grants: GrantStore
    codes: CodeStore
    keys: KeyStore
    key_ledger: KeyLedger
    single_use: SingleUseStore
    revocations: RevocationLog
    audit: AuditLog
    version_usage: VersionUsageStore
    session_counts: SessionCountStore
    terms: TermsStore
    cleanup: CleanupStore
    privacy: PrivacyStore
    announcements: Announcements | None

    def __init__(
        self,
        url: str,
        engine: AsyncEngine,
        rotator: Rotator,
        *,
        tokens_live: timedelta,
        tombstones: Tombstones | None = None,
        announcements: PostgresqlAnnouncements | None = None,
    ) -> None:
        self.url = url
        self.engine = engine
        self.transactions = Transactions(engine)
        self.announcements = self._announcements = announcements
        self._rotator = rotator
        buried = TombstoneRows(tombstones)
        self.sessions = SqlSessionStore(
            self.transactions, rotator, tokens_live=tokens_live, tombstones=buried
        )
        self.accounts = SqlAccountStore(self.transactions)
        self.admin = SqlAdminStore(self.transactions)
        self.callers = SqlCallerStore(self.transactions, buried)
        self.client_tokens = SqlClientTokenStore(self.transactions)
        self.provider_logouts = SqlProviderLogoutStore(self.transactions)
        self.grants = SqlGrantStore(self.transactions, tokens_live=tokens_live)
        self.codes = SqlCodeStore(self.transactions, tokens_live=tokens_live, tombstones=buried)
        self.keys = SqlKeyStore(self.transactions)
        self.key_ledger = SqlKeyLedger(self.transactions)
        self.single_use = SqlSingleUseStore(self.transactions)
        self.revocations = SqlRevocationLog(self.transactions)
        self.audit = SqlAuditLog(self.transactions)
        self.version_usage = SqlVersionUsageStore(self.transactions)
        self.session_counts = SqlSessionCountStore(self.transactions)
        self.terms = SqlTermsStore(self.transactions)
        self.privacy = SqlPrivacyStore(self.transactions, buried)
        self.cleanup = SqlCleanupStore(self.transactions, postgresql=engine.dialect.name == "postgresql")

    async def ping(self) -> None:
        """Raises DatabaseUnavailable, also when the tables are missing."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(select(User.id).limit(1))

        await self.transactions.read("reach the database", work)

    async def close(self) -> None:
        if self._announcements is not None:
            await self._announcements.close()
        await self.transactions.settled()
        await self._rotator.close()
        await self.engine.dispose()


def open_database(
    url: str,
    *,
    limits: DatabaseLimits | None = None,
    longest_access_token_seconds: int = LONGEST_ACCESS_TOKEN_SECONDS,
    logins: DatabaseLogins | None = None,
    sealer: Sealer | None = None,
) -> SqlDatabase:
    """The stores of one database; nothing is connected, and no file made, before the first use.

    ``longest_access_token_seconds``, leeway included, is how long a change of roles stays in the
    revocation feed; ``logins`` are user and password where they may be changed while we run; ``sealer``
    opens what knows erased people again, without which nobody new is admitted once there is one. Raises
    ConfigurationError for an address that cannot be used.
    """
    normal = normalise_database_url(url)
    bounds = limits or DatabaseLimits()
    tombstones = None if sealer is None else Tombstones(sealer)
    engine, file = make_engine(normal, bounds, logins), sqlite_file(normal)
    tokens_live = timedelta(seconds=longest_access_token_seconds)
    if file is not None:
        return SqlDatabase(
            normal, engine, SqliteRotation(file, bounds), tokens_live=tokens_live, tombstones=tombstones
        )
    announcements = PostgresqlAnnouncements(make_engine(normal, bounds, logins))
    connections = bounds.pool_size + bounds.pool_overflow
    rotation = PostgresqlRotation(engine, most_held=max(0, connections - LEFT_TO_OTHERS))
    return SqlDatabase(
        normal,
        engine,
        rotation,
        tokens_live=tokens_live,
        tombstones=tombstones,
        announcements=announcements,
    )
