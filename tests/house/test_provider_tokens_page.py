"""The settings of the page about providers' own access tokens start when they are pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.test_docs import blocks
from tests.house.tree import ROOT
from watchword.config.auth import Settings
from watchword.config.presets import PRESETS

PAGE = "docs/provider-tokens.md"


def test_the_settings_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a secret where the page says one is."""
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("from-the-provider")
    (block,) = blocks(PAGE, "bash")
    for line in block.splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, f"file:{secret}" if name.endswith("CLIENT_SECRET") else value)
    assert Settings().providers["main"].accept_access_tokens


def test_every_preset_is_on_the_page() -> None:
    """With the shape of its tokens, or that it has none to accept."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    shapes, _, opaque = text.partition("| `google`, `github` | opaque")
    for name, preset in PRESETS.items():
        assert (f"| `{name}` |" in shapes) == (preset.access_tokens is not None)
        assert preset.access_tokens is not None or name in ("google", "github")
    assert opaque
