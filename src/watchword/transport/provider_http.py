"""One shared HTTP client for each provider: deadlines, size caps, no redirects, no cookies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import httpx2

from watchword.auth.ports import HttpAnswer
from watchword.errors import ProviderResponseInvalid, ProviderUnavailable
from watchword.transport.connection_faults import connection_fault
from watchword.transport.tls import public_context

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 5.0
"""For one call from the first byte sent to the last received, however slowly they drip."""

_USER_AGENT: Final = "watchword"
_BROKEN_OFF: Final = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
"""A connection that ended early, as kept ones do: a GET is asked once more at once, inside its deadline."""
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
        self._client = httpx2.AsyncClient(
            verify=ssl_context or public_context(),
            mounts=_DIRECT,
            follow_redirects=False,
            timeout=httpx2.Timeout(read_seconds, connect=connect_seconds),
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=10),
            headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def get(self, url: str, *, max_bytes: int, bearer: str | None = None) -> HttpAnswer:
        headers = {"accept": "application/json"}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        return await self._send("GET", url, headers, None, max_bytes)

    async def post_form(
        self, url: str, form: Mapping[str, str], *, max_bytes: int, authorization: str | None = None
    ) -> HttpAnswer:
        headers = {"accept": "application/json"}
        if authorization is not None:
            headers["authorization"] = authorization
        return await self._send("POST", url, headers, form, max_bytes)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
        max_bytes: int,
    ) -> HttpAnswer:
        try:
            async with asyncio.timeout(self._total_seconds):
                try:
                    return await self._ask(method, url, headers, form, max_bytes)
                except _BROKEN_OFF:
                    if method != "GET":
                        raise
                    return await self._ask(method, url, headers, form, max_bytes)
        except TimeoutError:
            waited = f"no complete answer in {self._total_seconds:g} s"
            raise ProviderUnavailable(f"{_shown(url)}: {waited}") from None
        except httpx2.TimeoutException as error:
            raise ProviderUnavailable(f"{_shown(url)}: {type(error).__name__}") from None
        except (httpx2.NetworkError, OSError) as error:
            raise connection_fault(_shown(url), error) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ProviderUnavailable(f"{_shown(url)}: {type(error).__name__}") from None

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
        max_bytes: int,
    ) -> HttpAnswer:
        async with self._client.stream(method, url, headers=dict(headers), data=form) as response:
            _refuse_encoding(response)
            body = await _read(response, max_bytes)
            return HttpAnswer(response.status_code, dict(response.headers), body)


def _refuse_encoding(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProviderResponseInvalid(f"{_shown(str(response.url))}: a content encoding nobody asked for")


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise ProviderResponseInvalid(f"{_shown(str(response.url))}: more than {max_bytes} bytes")
    return bytes(body)


def _shown(url: str) -> str:
    """The address without its query, for the log."""
    return url.partition("?")[0]
