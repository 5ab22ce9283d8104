"""The pages about providers: one for each preset, and settings that start when they are pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.test_docs import blocks
from tests.house.tree import ROOT
from watchword.config.auth import Settings
from watchword.config.presets import PRESETS

PAGES = sorted((ROOT / "docs/providers").glob("[a-z]*.md"))


def test_every_preset_has_a_page_and_a_row() -> None:
    """In the overview with the defaults it has."""
    overview = (ROOT / "docs/providers/README.md").read_text(encoding="utf-8")
    assert {page.stem for page in PAGES} == set(PRESETS)
    for name, preset in PRESETS.items():
        (row,) = (line for line in overview.splitlines() if f"({name}.md) | `{name}` |" in line)
        assert f"| `{preset.logout}` |" in row
        assert row.endswith(f"| {'yes' if preset.asserts_auth_time else 'no'} |")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_settings_of_a_page_start(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block, with a secret where the page says one is."""
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("from-the-provider")
    for block in blocks(f"docs/providers/{page.name}", "bash"):
        for line in block.splitlines():
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, f"file:{secret}" if name.endswith("CLIENT_SECRET") else value)
        provider = Settings().providers["main"]
        assert provider.preset == page.stem
        assert provider.issuer.startswith("https://")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_people_look_for(page: Path) -> None:
    """The redirect URI to paste, roles, re-check, sign-out, limits, and what it was checked against."""
    text = page.read_text(encoding="utf-8")
    assert "`https://app.example.com/auth/callback/main`" in text
    for word in ("**Checked against:**", "**Roles:**", "**Re-check:**", "**Sign-out:**", "**Limits:**"):
        assert word in text
    assert ("Never run against" in text) == (page.stem != "oidc")
