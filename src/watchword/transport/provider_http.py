"""One shared HTTP client for each provider: deadlines, bounded crowds, size caps, no redirects or cookies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx2

from watchword.auth.ports import HttpAnswer
from watchword.auth.spans import note, span
from watchword.errors import (
    ProviderCrowded,
    ProviderPersonUnreadable,
    ProviderResponseInvalid,
    ProviderUnavailable,
)
from watchword.protocol.media_type import is_json
from watchword.transport.bulkhead import IN_FLIGHT, Bulkhead
from watchword.transport.connection_faults import connection_fault, in_words
from watchword.transport.retries import Retries
from watchword.transport.tls import public_context
from watchword.transport.wire_logs import unlogged_headers

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 5.0
"""For one call from the first byte sent to the last received, however slowly they drip."""

_USER_AGENT: Final = "watchword"
_BROKEN_OFF: Final = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
"""A connection that ended early, as kept ones do: the first attempt of a GET is sent once more at once, which
is no retry: nothing has said yet that the provider fails."""
_DIRECT: Final = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
"""Addresses of this machine, which no proxy of the environment gets to see."""


class HttpxProviderHttp:
    """The ``ProviderHttp`` port over one pooled client and one TLS context; bounds in seconds."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._total_seconds = total_seconds
        self._fair_seconds = min(read_seconds, total_seconds / 2)
        self._bulkhead = Bulkhead()
        self._retries = Retries()
        self._client = httpx2.AsyncClient(
            verify=ssl_context or public_context(),
            mounts=_DIRECT,
            follow_redirects=False,
            timeout=httpx2.Timeout(read_seconds, connect=connect_seconds),
            limits=httpx2.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=10),
            headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def get(self, url: str, *, max_bytes: int, bearer: str | None = None) -> HttpAnswer:
        headers = {"accept": "application/json"}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        return await self._send(_Asked("GET", url, headers, None, max_bytes))

    async def post_form(
        self, url: str, form: Mapping[str, str], *, max_bytes: int, authorization: str | None = None
    ) -> HttpAnswer:
        headers = {"accept": "application/json"}
        if authorization is not None:
            headers["authorization"] = authorization
        return await self._send(_Asked("POST", url, headers, form, max_bytes))

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, asked: _Asked) -> HttpAnswer:
        host = urlsplit(asked.url).hostname or ""
        where = {"http.request.method": asked.method, "server.address": host, "url.full": _shown(asked.url)}
        with span(asked.method, where, client=True):
            answer = await self._in_time(asked)
            note("http.response.status_code", answer.status)
            return answer

    async def _in_time(self, asked: _Asked) -> HttpAnswer:
        at_once = asked.method == "GET"

        async def attempt() -> HttpAnswer:
            nonlocal at_once
            again, at_once = at_once, False
            with _faults_told(asked.url):
                try:
                    return await self._ask(asked)
                except _BROKEN_OFF:
                    if not again:
                        raise
                    return await self._ask(asked)

        ends_at, placed_at = _now() + self._total_seconds, None
        try:
            async with asyncio.timeout_at(ends_at), self._bulkhead.place(_shown(asked.url)):
                placed_at = _now()
                self._retries.note_request()
                if asked.method != "GET":
                    return await attempt()
                return await self._retries.ask(attempt, ends_at=ends_at)
        except TimeoutError:
            where, total = _shown(asked.url), f"{self._total_seconds:g} s"
            if placed_at is None or ends_at - placed_at < self._fair_seconds:
                raise ProviderCrowded(f"{where}: no place for it soon enough to answer in {total}") from None
            raise ProviderUnavailable(f"{where}: no complete answer in {total}") from None

    async def _ask(self, asked: _Asked) -> HttpAnswer:
        sent = self._client.stream(asked.method, asked.url, headers=dict(asked.headers), data=asked.form)
        with unlogged_headers():
            async with sent as response:
                _refuse_encoding(response)
                body = await _read(response, asked.max_bytes)
                return HttpAnswer(response.status_code, dict(response.headers), body)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request to a provider, as it is sent each time it is sent."""

    method: Literal["GET", "POST"]
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] | None = field(repr=False)
    max_bytes: int


@contextmanager
def _faults_told(url: str) -> Iterator[None]:
    """What the HTTP client raises, as our errors."""
    try:
        yield
    except (httpx2.NetworkError, OSError) as error:
        raise connection_fault(_shown(url), error) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderUnavailable(f"{_shown(url)}: {in_words(error)}") from None


def _now() -> float:
    return asyncio.get_running_loop().time()


def _refuse_encoding(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProviderResponseInvalid(f"{_shown(str(response.url))}: a content encoding nobody asked for")


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    """Of an error that goes on and on the status is enough, which says what to make of it."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            if response.status_code >= 400:
                return b""
            in_json = is_json(response.headers.get("content-type", ""))
            kind = ProviderPersonUnreadable if in_json else ProviderResponseInvalid
            raise kind(f"{_shown(str(response.url))}: more than {max_bytes} bytes")
    return bytes(body)


def _shown(url: str) -> str:
    """The address without its query, for the log."""
    return url.partition("?")[0]
