"""A small HTTP client that shows what a browser hides: every redirect and every cookie."""

from __future__ import annotations

import http.client
import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

_TIMEOUT_SECONDS = 15.0


class StepFailed(Exception):
    """A step did not hold; the text says how. ``unsaid`` until somebody was told."""

    def __init__(self, text: str, *, unsaid: bool = True) -> None:
        super().__init__(text)
        self.unsaid = unsaid


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    location: str | None
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def member(self, name: str) -> str:
        """A text member of the JSON object. Raises StepFailed where there is none."""
        try:
            read = json_module.loads(self.text)
        except ValueError:
            raise StepFailed(f"the answer with status {self.status} is not JSON") from None
        value = read.get(name) if isinstance(read, dict) else None
        if not isinstance(value, str):
            raise StepFailed(f"the answer with status {self.status} holds no {name}")
        return value


class Client:
    """Keeps the cookies of one service and follows nothing by itself.

    ``base_url`` is what the service is called, ``served_at`` the ``host:port`` it really answers at.
    """

    def __init__(self, base_url: str, served_at: str) -> None:
        self.base_url = base_url
        self._name = urlsplit(base_url).netloc
        self._served_at = served_at
        self._cookies: dict[tuple[str, str], str] = {}

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: dict[str, str] | None = None,
        json: Any = None,
        form: dict[str, str] | None = None,
        with_cookies: bool = False,
    ) -> Answer:
        """One request to a path of the service, or to any other address."""
        address = urlsplit(target if "://" in target else self.base_url + target)
        sent = {"host": address.netloc, **(headers or {})}
        body: bytes | None = None
        if json is not None:
            body, sent["content-type"] = json_module.dumps(json).encode(), "application/json"
        elif form is not None:
            body, sent["content-type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if with_cookies:
            sent["cookie"] = "; ".join(
                f"{name}={value}" for (host, name), value in self._cookies.items() if host == address.netloc
            )
        return self._send(method, address, sent, body)

    def session_cookies(self) -> tuple[str, str]:
        """The access and the refresh token as the browser keeps them."""
        kept = {name.removeprefix("__Host-"): value for (_, name), value in self._cookies.items()}
        try:
            return kept["ww_access"], kept["ww_refresh"]
        except KeyError as missing:
            raise StepFailed(f"the service set no cookie {missing}") from None

    def _send(self, method: str, address: SplitResult, headers: dict[str, str], body: bytes | None) -> Answer:
        connection = self._connection(address)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise StepFailed(f"{method} {address.path}: no answer ({type(error).__name__})") from None
        finally:
            connection.close()
        for header in response.headers.get_all("set-cookie") or []:
            for name, morsel in SimpleCookie(header).items():
                self._cookies[address.netloc, name] = morsel.value
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers.get("location"), text, headers)

    def _connection(self, address: SplitResult) -> http.client.HTTPConnection:
        if address.netloc == self._name:
            return http.client.HTTPConnection(self._served_at, timeout=_TIMEOUT_SECONDS)
        scheme = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        return scheme(address.netloc, timeout=_TIMEOUT_SECONDS)
