"""The whole report of one deployment."""

from __future__ import annotations

from importlib.metadata import version

from watchword.compliance.accessibility import accessibility
from watchword.compliance.deployment import Deployment
from watchword.compliance.distributions import OURS
from watchword.compliance.legal import legal
from watchword.compliance.privacy import privacy
from watchword.compliance.report import Report
from watchword.compliance.security import security


def report(here: Deployment) -> Report:
    """Of what was read; nothing more is asked of anybody."""
    kind = here.settings.database_url.partition("+")[0]
    return Report(
        made_at=here.now,
        version=version(OURS),
        service=here.settings.base_url,
        environment=here.settings.environment,
        database="PostgreSQL" if kind == "postgresql" else "SQLite",
        database_state=here.database_state,
        database_says=here.says,
        checkpoints=(privacy(here), security(here), legal(here), accessibility(here)),
    )
