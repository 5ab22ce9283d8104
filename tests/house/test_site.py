"""The pages make a site: ``scripts/docs`` builds it, every warning an error. Here is what costs little."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.site import problems
from tests.house.tree import ROOT, files, short

LISTED = re.compile(r"^- \[[^\]]+\]\(([^)#]+\.md)\)", re.MULTILINE)
GOOD = '<html lang="en"><title>A page</title><h1 id="top">A page</h1><a href="{}">on</a></html>'


def listed() -> list[str]:
    """The pages of docs/index.md, from the root."""
    found = LISTED.findall((ROOT / "docs/index.md").read_text(encoding="utf-8"))
    return [each.removeprefix("../") if each.startswith("../") else f"docs/{each}" for each in found]


def test_every_page_is_listed_once() -> None:
    """In docs/index.md, which is the navigation of the site; decisions are listed by themselves."""
    pages = {short(each) for each in (*files(".md", under="docs"), *ROOT.glob("*.md"))}
    decisions = {each for each in pages if each.startswith("docs/adr/0")}
    assert sorted(listed()) == sorted(pages - decisions - {"docs/index.md"})


def test_a_list_is_a_navigation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By section, in its order; pages beside docs/ too."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from importlib import import_module

    tree = import_module("conf").navigation("# a\n\n## Start\n\n- [`b` c](../README.md): d\n- [e](f/g.md)\n")
    assert tree.strip().splitlines() == [
        "```{toctree}",
        ":hidden:",
        ":caption: Start",
        "",
        "b c </README>",
        "e </docs/f/g>",
        "```",
    ]


def test_a_good_page_passes(tmp_path: Path) -> None:
    """Links to itself, with and without an anchor."""
    for number, target in enumerate(("#top", "0.html#top", "https://example.com/")):
        (tmp_path / f"{number}.html").write_text(GOOD.format(target))
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (GOOD.replace(' lang="en"', ""), "has no lang"),
        (GOOD.replace("A page</title>", "</title>"), "has no title"),
        (GOOD.replace("h1", "h2"), "has 0 main headings"),
        (GOOD + "<h3>b</h3>", "skips from h1 to h3"),
        (GOOD + '<img src="a.png">', "1 images have no alt"),
        (GOOD + '<script src="https://cdn.example/a.js"></script>', "loads https://cdn.example/a.js"),
        (GOOD.format("other.html"), "other.html leads nowhere"),
        (GOOD.format("#bottom"), "#bottom has no such anchor"),
        (GOOD.format("../../etc/passwd"), "../../etc/passwd leads nowhere"),
    ],
)
def test_a_bad_page_is_seen(tmp_path: Path, page: str, said: str) -> None:
    """Each fault by its name."""
    (tmp_path / "a.html").write_text(page.replace("{}", "#top"))
    assert problems(tmp_path) == [f"a.html: {said}"]


def test_no_page_is_no_site(tmp_path: Path) -> None:
    """A build that wrote nothing does not pass."""
    assert problems(tmp_path)
