"""How the pages become a site: ``make docs``.

The source is the whole repository, so that a link which works on a Git host works on the site too. The
navigation is what docs/index.md lists, section by section: nothing is listed twice.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

from sphinx.application import Sphinx

ROOT: Final = Path(__file__).parents[1]
_PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_SECTION: Final = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)
_LISTED: Final = re.compile(r"^- \[([^\]]+)\]\(([^)#]+)\.md\)", re.MULTILINE)
_DECISIONS: Final = "\n```{toctree}\n:glob:\n:maxdepth: 1\n\n0*\n```\n"
_WAY_IN: Final = """\
<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={to}">
<title>watchword</title>
<h1><a href="{to}">watchword</a></h1>
</html>
"""

project = "watchword"
author = "the watchword contributors"
release = _PROJECT["version"]
language = "en"

extensions = ["myst_parser"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
include_patterns = ["*.md", "docs/*.md", "docs/**/*.md"]
exclude_patterns = [
    ".*",
    "benchmarks",
    "build",
    "dist",
    "examples",
    "node_modules",
    "requirements",
    "scripts",
    "src",
    "tests",
]
nitpicky = True

myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "mailto"]
linkcheck_ignore = [r"https?://(127\.0\.0\.1|localhost|[^/]*\.example(\.(com|org|net))?|your\.api)\b"]

html_theme = "furo"
html_title = f"watchword {release}"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False


def navigation(index: str) -> str:
    """The toctrees of an index: one a section, with the pages that its list links to."""
    trees = []
    for caption, text in _SECTION.findall(index):
        entries = [f"{title.replace('`', '')} <{_document(page)}>" for title, page in _LISTED.findall(text)]
        options = [":hidden:", f":caption: {caption}"]
        trees.append("\n".join(["```{toctree}", *options, "", *entries, "```"]))
    return "\n\n" + "\n\n".join(trees) + "\n"


def _document(page: str) -> str:
    """A page as Sphinx names it, from the root of the source."""
    return "/" + page.removeprefix("../") if page.startswith("../") else f"/docs/{page}"


def _add_navigation(_: Sphinx, name: str, source: list[str]) -> None:
    if name == root_doc:
        source[0] += navigation(source[0])
    elif name == "docs/adr/README":
        source[0] += _DECISIONS


def _add_way_in(app: Sphinx, failure: Exception | None) -> None:
    """The root of the site leads to its first page."""
    if failure is None and app.builder.name == "html":
        page = _WAY_IN.format(language=language, to=f"{root_doc}.html")
        (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _add_way_in)
