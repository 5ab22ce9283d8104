"""What is wrong with a built site: ``python -m tests.house.site build/docs``."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


@dataclass
class Page:
    """What one page holds that can be wrong."""

    language: str | None = None
    title: str = ""
    headings: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    mute_images: int = 0


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "html":
            self.page.language = given.get("lang")
        elif tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        elif tag == "img" and "alt" not in given:
            self.page.mute_images += 1
        elif tag == "title" or (tag.startswith("h") and tag[1:].isdigit()):
            self._inside = tag
            self.page.headings += [tag] * (tag != "title")
        self.page.loaded += [given[name] for kind, name in LOADING if kind == tag and name in given]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.page.title += data.strip()


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    return reader.page


def problems(folder: Path) -> list[str]:
    """Every page without language, title or a single main heading; every link and anchor that leads nowhere;
    everything that would be fetched from elsewhere."""
    pages = {path: read(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    if not pages:
        return [f"{folder} holds no page"]
    return [
        f"{path.relative_to(folder)}: {problem}"
        for path, page in pages.items()
        for problem in (*_in_itself(page), *_headings(path, page), *_leading_nowhere(path, pages, folder))
    ]


def _in_itself(page: Page) -> Iterator[str]:
    if not page.language:
        yield "has no lang"
    if not page.title:
        yield "has no title"
    if page.mute_images:
        yield f"{page.mute_images} images have no alt"
    yield from (f"loads {each}" for each in page.loaded if urlsplit(each).netloc)


def _headings(path: Path, page: Page) -> Iterator[str]:
    """One that names the page, and no level left out; a search has none until it has found something."""
    if page.headings.count("h1") != 1 and path.name != "search.html":
        yield f"has {page.headings.count('h1')} main headings"
    levels = [int(each[1:]) for each in page.headings]
    yield from (
        f"skips from h{above} to h{below}" for above, below in itertools.pairwise(levels) if below > above + 1
    )


def _leading_nowhere(path: Path, pages: dict[Path, Page], folder: Path) -> Iterator[str]:
    for link in pages[path].links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file() or folder not in target.parents:
            yield f"{link} leads nowhere"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"{link} has no such anchor"


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]).resolve())
    sys.stderr.write("".join(f"{each}\n" for each in found))
    sys.exit(bool(found))
