"""The parts that look after accounts: for their owners and for administrators."""

from __future__ import annotations

from watchword.auth.account_manager import AccountManager
from watchword.auth.admin import AdminManager
from watchword.auth.ports import Clock, Database
from watchword.auth.privacy_manager import PrivacyManager
from watchword.auth.revocation import RevocationFeed
from watchword.config.auth import Settings


def account_manager(
    settings: Settings, database: Database, clock: Clock, feed: RevocationFeed
) -> AccountManager:
    """What people do with their own sessions."""
    return AccountManager(
        database.accounts,
        clock=clock,
        tokens_live_seconds=settings.longest_access_token_seconds,
        by="user",
        on_ended=feed.note_session,
    )


def privacy_manager(
    settings: Settings, database: Database, clock: Clock, feed: RevocationFeed
) -> PrivacyManager:
    """What people do with their own data."""
    return PrivacyManager(
        database.privacy,
        database.terms,
        database.audit,
        clock=clock,
        service=settings.base_url,
        tokens_live_seconds=settings.longest_access_token_seconds,
        by="user",
        on_ended=feed.note_session,
    )


def admin_manager(settings: Settings, database: Database, clock: Clock, feed: RevocationFeed) -> AdminManager:
    """What administrators see and do."""
    return AdminManager(
        database.admin,
        database.accounts,
        database.audit,
        database.session_counts,
        clock=clock,
        tokens_live_seconds=settings.longest_access_token_seconds,
        on_ended=feed.note_session,
    )
