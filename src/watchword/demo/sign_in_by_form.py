"""Sign-in at a development provider by its plain HTML form, as a browser would do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from watchword.demo.http_client import Client, StepFailed


@dataclass(frozen=True, slots=True)
class SignInAnswer:
    provider: str
    status: int


def sign_in(client: Client, *, person: str) -> SignInAnswer:
    """Start at our sign-in page, press a person's button, finish at our callback.

    Raises StepFailed where the pages are not a development provider's.
    """
    href = _first_link(client.request("GET", "/auth/login").text, "/auth/login/")
    begun = client.request("GET", href, with_cookies=True)
    if begun.status != 303 or begun.location is None:
        raise StepFailed(f"GET {href} -> {begun.status}: the sign-in does not begin")
    page = client.request("GET", begun.location)
    form = _Form.read(page.text, person)
    posted = client.request("POST", urljoin(begun.location, form.action), form=form.fields)
    if posted.status not in (302, 303) or posted.location is None:
        raise StepFailed(f"the provider answered {posted.status} to the pressed button")
    path = posted.location.removeprefix(client.base_url)
    finished = client.request("GET", path, with_cookies=True)
    return SignInAnswer(href.removeprefix("/auth/login/").partition("?")[0], finished.status)


def _first_link(html: str, prefix: str) -> str:
    reader = _Links(prefix)
    reader.feed(html)
    if reader.found is None:
        raise StepFailed("the sign-in page offers no provider")
    return reader.found


class _Links(HTMLParser):
    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix
        self.found: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        if tag == "a" and self.found is None and href.startswith(self._prefix):
            self.found = href


@dataclass(slots=True)
class _Form:
    """The form of a page and the button whose text names the person."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, html: str, person: str) -> _Form:
        reader = _FormReader(person)
        reader.feed(html)
        if not reader.pressed:
            raise StepFailed(f"the provider's page has no button for {person}; is it a development provider?")
        return reader.form


class _FormReader(HTMLParser):
    def __init__(self, person: str) -> None:
        super().__init__()
        self.form = _Form()
        self.pressed = False
        self._person = person
        self._button: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form.action = given.get("action", "")
        elif tag == "input" and given.get("type") == "hidden":
            self.form.fields[given.get("name", "")] = given.get("value", "")
        elif tag == "button":
            self._button = given.get("name", ""), given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._button is not None and self._person in data and not self.pressed:
            self.form.fields[self._button[0]] = self._button[1]
            self.pressed = True
