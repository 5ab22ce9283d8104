"""Identifiers of rows in addresses and queries, exactly as we write them."""

from __future__ import annotations

from uuid import UUID


def exact_id(text: str) -> UUID | None:
    """The identifier; None for what is none and for every other spelling of one, so that each thing has one
    address only."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
