"""A browser as the tests need one: every cookie kept by its rules, no redirect followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from starlette.testclient import TestClient


@dataclass
class Browser:
    """Sends its cookies itself, so that a test sees and changes every one of them."""

    client: TestClient
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    def get(self, target: str, **headers: str) -> httpx2.Response:
        return self.request("GET", target, headers=headers)

    def post(self, target: str, *, site: str | None = "same-origin", **options: Any) -> httpx2.Response:
        """A POST with the ``Sec-Fetch-Site`` a browser would send; ``site=None`` leaves it out."""
        headers = dict(options.pop("headers", {}))
        if site is not None:
            headers["sec-fetch-site"] = site
        return self.request("POST", target, headers=headers, **options)

    def request(self, method: str, target: str, **options: Any) -> httpx2.Response:
        headers = {name.replace("_", "-"): value for name, value in options.pop("headers", {}).items()}
        if self.cookies and "cookie" not in headers:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = self.client.request(method, target, headers=headers, follow_redirects=False, **options)
        self.client.cookies.clear()
        self.set_cookies = response.headers.get_list("set-cookie")
        for header in self.set_cookies:
            self._keep(header)
        return response

    @property
    def access(self) -> str:
        return self.cookies[self._named("ww_access")]

    @property
    def refresh(self) -> str:
        return self.cookies[self._named("ww_refresh")]

    @property
    def signed_in(self) -> bool:
        return any(name.endswith("ww_access") for name in self.cookies)

    @property
    def attempts(self) -> dict[str, str]:
        return {name: value for name, value in self.cookies.items() if "ww_attempt_" in name}

    def _named(self, end: str) -> str:
        return next(name for name in self.cookies if name.endswith(end))

    def _keep(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


def query_of(location: str) -> dict[str, str]:
    """The query of an address as a dictionary."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def local_part(location: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(location)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def changed_query(target: str, **changes: str | None) -> str:
    """The target with parameters set or, for None, taken out."""
    query: dict[str, str | None] = {**query_of(target), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{target.partition('?')[0]}?{urlencode(kept)}"
