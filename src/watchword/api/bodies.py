"""Request bodies, read as far as they may be long."""

from __future__ import annotations

from starlette.requests import Request

from watchword.errors import RequestTooLarge


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Raises RequestTooLarge as soon as there is more."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise RequestTooLarge(f"the body is larger than {max_bytes} bytes")
    return bytes(body)
