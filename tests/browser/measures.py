"""What is measured of a page in Chromium, each as one look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, Route
from starlette.requests import Request
from tests.pages.registry import VIEWS, View

from watchword.api.pages import stylesheet

ORIGIN: Final = "http://pages.test"
_PAGES: Final = {f"{ORIGIN}/{view.name}": view for view in VIEWS}
_STYLE: Final = f"{ORIGIN}/auth/assets/watchword.css"
_NOT_CONTROLS: Final = {"RootWebArea", "alert", "option"}

CONTROLS: Final = "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0']"

FOCUS: Final = """controls => {
  const one = document.activeElement;
  const colour = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = rgb => {
    const [r, g, b] = rgb.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = one.parentElement;
  while (behind.parentElement && colour(getComputedStyle(behind).backgroundColor)[3] === 0)
    behind = behind.parentElement;
  const style = getComputedStyle(one);
  const [first, second] = [style.outlineColor, getComputedStyle(behind).backgroundColor]
    .map(text => luminance(colour(text).slice(0, 3))).sort((a, b) => b - a);
  const box = one.getBoundingClientRect();
  const lines = [...one.getClientRects()][0];
  const x = lines.left + lines.width / 2, y = Math.max(lines.top, 0) + Math.min(lines.height, 40) / 2;
  const top = document.elementFromPoint(x, y);
  return {
    index: [...document.querySelectorAll(controls)].indexOf(one),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    contrast: (first + 0.05) / (second + 0.05),
    seen: top !== null && (one === top || one.contains(top)),
    top: box.top + scrollY,
    inline: style.display === "inline",
    size: Math.min(box.width, box.height),
  };
}"""
"""The focused element: its place among the controls, its ring and the contrast of that with what is
behind it, whether anything hides it (2.4.7, 2.4.11, 1.4.11)."""

OVERFLOW: Final = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth;
  const cut = [...document.querySelectorAll("body *")].filter(each => {
    const style = getComputedStyle(each);
    const hidden = ["hidden", "clip"];
    return (hidden.includes(style.overflowX) || hidden.includes(style.overflowY)) &&
      (each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight);
  });
  return wide || cut.length > 0 ? `${document.documentElement.scrollWidth} of ${innerWidth}` : "";
}"""
"""What would have to be scrolled sideways, or is cut off."""

SPACED: Final = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important } p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
}"""
"""Text spacing as WCAG 1.4.12 asks for it."""

ENLARGED: Final = "() => { document.documentElement.style.fontSize = '200%'; }"

MOVING: Final = """() => [...document.querySelectorAll("*")].filter(each => {
  const style = getComputedStyle(each);
  return style.animationName !== "none" || style.transitionDuration.split(", ").some(t => parseFloat(t) > 0)
    || style.scrollBehavior === "smooth";
}).length"""

UNBORDERED: Final = """() => [...document.querySelectorAll("button, .button")].filter(each => {
  const style = getComputedStyle(each);
  return style.borderTopStyle === "none" || parseFloat(style.borderTopWidth) < 1
    || style.borderTopColor === style.backgroundColor;
}).length"""
"""Buttons that are not told from text where colours are the person's own."""

MARKUP: Final = """() => ({
  lang: document.documentElement.lang,
  direction: document.documentElement.dir,
  title: document.title,
  headings: [...document.querySelectorAll("h1, h2, h3, h4")].map(each => Number(each.tagName[1])),
  scripts: [...document.querySelectorAll("*")].filter(each => each.tagName === "SCRIPT"
    || [...each.attributes].some(one => one.name.startsWith("on")
      || /^\\s*javascript:/i.test(one.value))).length,
  unhelped: [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter(each => !each.autocomplete).length,
  plain: [...document.querySelectorAll("p a, dd a")].filter(each => !each.matches(".button")
    && getComputedStyle(each).textDecorationLine !== "underline").length,
})"""
"""Language, headings, and what must not be: scripts, fields that a browser cannot fill in (1.3.5), links
in text that only their colour tells (1.4.1)."""


AXE: Final = """async rules => (await axe.run(document, rules)).violations
  .map(each => `${each.id}: ${each.nodes[0].html}`)"""
"""What axe has to say, by rule and place."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A page as Chromium tells it to assistive technology, in order."""

    nodes: list[dict[str, Any]]

    @property
    def controls(self) -> tuple[str, ...]:
        return tuple(
            f"{_role(each)} {_name(each)}"
            for each in self.nodes
            if _property(each, "focusable") and _role(each) not in _NOT_CONTROLS
        )

    def named(self, role: str) -> list[str]:
        return [_name(each) for each in self.nodes if _role(each) == role]

    def live(self, role: str) -> list[str]:
        return [str(_property(each, "live")) for each in self.nodes if _role(each) == role]

    @property
    def focused(self) -> list[str]:
        return [
            _role(each) for each in self.nodes if _property(each, "focused") and _role(each) != "RootWebArea"
        ]


@asynccontextmanager
async def showing(browser: Browser, *, axe: bool = False, **options: Any) -> AsyncIterator[Page]:
    """A page of a context that finds every view of the registry at ``ORIGIN``, and nothing else. ``axe``
    waits in it, put there past the page's policy as a debugger would."""
    context: BrowserContext = await browser.new_context(**options)
    context.set_default_timeout(10_000)
    try:
        await context.route("**/*", _fulfil)
        if axe:
            await context.add_init_script(Axe().axe_script)
        yield await context.new_page()
    finally:
        await context.close()


async def opened(page: Page, view: View) -> None:
    """A browser gives the focus to an error once it first paints the page."""
    await page.goto(f"{ORIGIN}/{view.name}")
    if view.alert:
        await page.locator("[role=alert]:focus").wait_for()


async def heard(page: Page) -> Heard:
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    nodes = {each["nodeId"]: each for each in tree["nodes"]}
    return Heard([each for each in _in_order(nodes, tree["nodes"][0]) if not each["ignored"]])


def _in_order(nodes: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As they are read out: the answer holds each level of the tree after the one above."""
    yield node
    for child in node.get("childIds", ()):
        if child in nodes:
            yield from _in_order(nodes, nodes[child])


async def _fulfil(route: Route) -> None:
    view = _PAGES.get(route.request.url)
    if view is not None:
        response = view.make()
    elif route.request.url == _STYLE:
        response = await stylesheet(Request({"type": "http"}))
    else:
        await route.abort()
        return
    body = bytes(response.body)
    await route.fulfill(status=response.status_code, headers=dict(response.headers), body=body)


def _role(node: dict[str, Any]) -> str:
    return str(node.get("role", {}).get("value", ""))


def _name(node: dict[str, Any]) -> str:
    return str(node.get("name", {}).get("value", ""))


def _property(node: dict[str, Any], name: str) -> object:
    values = (each["value"].get("value") for each in node.get("properties", ()) if each["name"] == name)
    return next(values, None)
