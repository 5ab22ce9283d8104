"""Where each secret was written down, and nothing of what it is."""

from __future__ import annotations

from typing import Final

from watchword.compliance.report import Table
from watchword.config.auth import Settings
from watchword.config.deployment import named_secrets

_ORIGINS: Final = {
    "environment": "environment variable",
    "literal": "written in a file or in code",
}


def unsafe_secrets(settings: Settings) -> list[str]:
    """The settings whose secret is written where it should not be, or in a file that others can read."""
    return [
        name
        for name, secret in named_secrets(settings)
        if secret.origin == "literal" or secret.exposed_file is not None
    ]


def secrets_table(settings: Settings) -> Table | None:
    """Of a reference only the scheme is told. None where no secret is set."""
    columns = (("setting", "Setting"), ("origin", "Written in"), ("readable", "Readable by others"))
    rows = tuple(
        (name, _origin(settings, name, secret.origin), "yes" if secret.exposed_file else "no")
        for name, secret in named_secrets(settings)
    )
    return Table("secrets", "Where secrets are written", columns, rows) if rows else None


def _origin(settings: Settings, name: str, origin: str) -> str:
    if origin != "reference":
        return _ORIGINS[origin]
    found = settings.references.get(name)
    return "reference" if found is None else f"reference ({found.reference.scheme}:)"
