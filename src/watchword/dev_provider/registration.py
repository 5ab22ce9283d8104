"""How a standalone development provider is known: its one client, and the mark in its metadata."""

from __future__ import annotations

from typing import Final

CLIENT_ID: Final = "watchword-dev"
CLIENT_SECRET: Final = "development-only-secret"  # noqa: S105 -- public by intent, loopback only
MARK: Final = "watchword_development_provider"
