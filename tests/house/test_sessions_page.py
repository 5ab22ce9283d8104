"""``docs/sessions.md`` says how long sessions last and how many there are as the code does."""

from __future__ import annotations

import pytest

from tests.house.test_outage_page import ROW, defined, read
from tests.house.tree import ROOT
from watchword.config.auth import Settings
from watchword.protocol.recheck import RETRY_SECONDS

PAGE = (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")


def rows() -> list[tuple[str, str, str]]:
    section = PAGE.partition("## How long a session lasts")[2].partition("\n## ")[0]
    return [found for found in ROW.findall(section) if not found[0].startswith(("knob", "---"))]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_asvs_7_1_1_7_1_2_7_1_3_each_number_is_the_one_in_the_code(row: tuple[str, str, str]) -> None:
    """A changed default is a changed page."""
    knob, value, source = row
    assert read(value) == defined(source), knob


def test_the_table_is_found() -> None:
    """An empty one would hold everything."""
    assert len(rows()) == 12


def test_the_text_says_the_same_numbers() -> None:
    """Where a setting is named with its default, and where defaults are added up."""
    text, settings = " ".join(PAGE.split()), Settings()
    recheck, grace = settings.provider_recheck_seconds, settings.provider_grace_seconds
    for said in (
        f"`WATCHWORD_MAX_SESSIONS_PER_USER` ({settings.max_sessions_per_user})",
        f"`WATCHWORD_PROVIDER_RECHECK_SECONDS` ({recheck})",
        f"`WATCHWORD_PROVIDER_GRACE_SECONDS` ({grace})",
        f"at most {recheck} + {grace} + {settings.access_token_seconds} seconds",
        f"`WATCHWORD_SESSION_LIMIT_POLICY={settings.session_limit_policy}`",
    ):
        assert said in text, said
    assert RETRY_SECONDS == 30
    assert "asked again at the next refresh after half a minute" in text
