"""``docs/flow.md`` names files; the names stay true."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_the_flow_names_exists() -> None:
    """A renamed file is renamed on the page as well, and the page names enough to be of use."""
    named = set(
        re.findall(r"`([a-z_]+(?:/[a-z_0-9]+)*\.py)`", (ROOT / "docs/flow.md").read_text(encoding="utf-8"))
    )
    assert len(named) >= 25
    missing = sorted(name for name in named if not (ROOT / "src/watchword" / name).is_file())
    assert not missing
