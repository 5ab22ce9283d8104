"""How an item stands whose evidence is in a database that could not be read."""

from __future__ import annotations

from watchword.compliance.deployment import Deployment
from watchword.compliance.report import Item


def unread(item_id: str, claim: str, here: Deployment, *, judge: str | None = None) -> Item:
    """Open, with the reason."""
    return Item(item_id, claim, f"the database could not be read: {here.says}", "deployment", "open", judge)
