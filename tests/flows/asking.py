"""Calls as the service makes them, with secrets that must not come back in any error."""

from __future__ import annotations

from watchword.auth.ports import HttpAnswer
from watchword.transport.provider_http import HttpxProviderHttp

CAP = 64 * 1024


async def ask(http: HttpxProviderHttp, url: str, *, posting: bool = False) -> HttpAnswer:
    if posting:
        return await http.post_form(
            url, {"code": "secret-code"}, max_bytes=CAP, authorization="Basic secret-basic"
        )
    return await http.get(url, max_bytes=CAP, bearer="secret-bearer")
