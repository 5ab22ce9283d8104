"""What ``auth`` keeps, in SQL: the only place that asks the tables."""

from __future__ import annotations

from watchword.storage.database import SqlDatabase, open_database
from watchword.storage.engines import DatabaseLimits

__all__ = ["DatabaseLimits", "SqlDatabase", "open_database"]
