"""The client every development provider knows, and how its metadata tells what it is."""

from __future__ import annotations

CLIENT_ID = "watchword-dev"
CLIENT_SECRET = "development-only-secret"  # noqa: S105 -- public by intent, loopback only

MARK = "watchword_development_provider"
"""Metadata member that is true, so that nobody mistakes this for a real provider."""
