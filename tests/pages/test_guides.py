"""The pages of the documentation about words and accessibility say what is so."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.house.test_docs import blocks
from tests.house.tree import ROOT

GUIDE = "docs/translating.md"
LEVEL_A = """1.1.1 1.2.1 1.2.2 1.2.3 1.3.1 1.3.2 1.3.3 1.4.1 1.4.2 2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1
    2.4.2 2.4.3 2.4.4 2.5.1 2.5.2 2.5.3 2.5.4 3.1.1 3.2.1 3.2.2 3.2.6 3.3.1 3.3.2 3.3.7 4.1.2"""
LEVEL_AA = """1.2.4 1.2.5 1.3.4 1.3.5 1.4.3 1.4.4 1.4.5 1.4.10 1.4.11 1.4.12 1.4.13 2.4.5 2.4.6 2.4.7 2.4.11
    2.5.7 2.5.8 3.1.2 3.2.3 3.2.4 3.3.3 3.3.4 3.3.8 4.1.3"""


def test_the_guide_to_words_and_templates_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its app, with its catalogue and its template, as they are printed."""
    monkeypatch.chdir(tmp_path)
    words, pages = Path("locale/en/LC_MESSAGES"), Path("pages")
    words.mkdir(parents=True)
    pages.mkdir()
    words.joinpath("watchword.po").write_text(*blocks(GUIDE, "po"))
    pages.joinpath("signed_out.html").write_text(*blocks(GUIDE, "html"))
    tmp_path.joinpath("example.py").write_text(*blocks(GUIDE, "python"))
    client = TestClient(runpy.run_path("example.py")["app"])
    html = {"accept": "text/html"}
    assert "Back to the shop" in client.get("/auth/signed-out", headers=html).text
    assert "Call 0800 0000" in client.get("/auth/nowhere", headers=html).text


def test_every_criterion_is_spoken_of_once() -> None:
    """All of WCAG 2.2, A and AA, with its level."""
    page = (ROOT / "docs/accessibility.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\.\d\.\d+) [^|]+ \| (A+) \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    asked = [(each, "A") for each in LEVEL_A.split()] + [(each, "AA") for each in LEVEL_AA.split()]
    assert sorted(rows) == sorted(asked)
