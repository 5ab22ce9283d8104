"""Where the migrations are and how Alembic is told, without an ini file."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

VERSION_TABLE = "ww_alembic_version"
_FOLDER = Path(__file__).parent


def config(**attributes: Any) -> Config:
    """Alembic's settings in code; ``attributes`` reach ``env.py``."""
    made = Config(output_buffer=io.StringIO())
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes.update(attributes)
    return made


@cache
def head() -> str:
    """The newest revision of this version of watchword."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    assert newest is not None, "the package holds its migrations"  # noqa: S101
    return newest


def revisions() -> list[str]:
    """Every revision of this version of watchword, oldest first."""
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def known(revision: str) -> bool:
    """Whether this version of watchword has ``revision``, written out in full."""
    return revision in revisions()


def sql(dialect: str, *, after: str | None = None, until: str = "head") -> str:
    """The migrations from ``after``, or from nothing, up to ``until`` as SQL for ``postgresql`` or
    ``sqlite``."""
    offline = config(dialect=dialect)
    command.upgrade(offline, until if after is None else f"{after}:{until}", sql=True)
    buffer = offline.output_buffer
    assert isinstance(buffer, io.StringIO)  # noqa: S101
    return "\n".join(line.rstrip() for line in buffer.getvalue().strip().splitlines()) + "\n"
