"""Reading parameters and writing answers (RFC 6749 §3.1, §3.2, Appendix B)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from watchword.errors import InvalidRequest, RequestTooLarge

MAX_FORM_BYTES = 64 * 1024
MAX_PARAMETERS = 100
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Decoded parameters; those without a value count as absent (RFC 6749 §3.1)."""

    values: Mapping[str, str]
    repeated: frozenset[str]

    def get(self, name: str) -> str | None:
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class OAuthError:
    """An error answer (RFC 6749 §5.2); ``challenge`` becomes ``WWW-Authenticate``."""

    error: str
    description: str
    status: int = 400
    challenge: str | None = None


def parse_parameters(raw: bytes) -> Parameters:
    """Decode a query or form body. Raises InvalidRequest when it is no UTF-8 form encoding."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise InvalidRequest("the parameters are not form-urlencoded UTF-8, or too many") from None
    names = [name for name, _ in pairs]
    return Parameters(dict(pairs), frozenset(name for name in names if names.count(name) > 1))


async def read_form(request: Request) -> Parameters:
    """The parameters of a form body. Raises InvalidRequest or RequestTooLarge."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise InvalidRequest("the body must be application/x-www-form-urlencoded")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM_BYTES:
                raise RequestTooLarge(f"the body is larger than {MAX_FORM_BYTES} bytes")
    except ClientDisconnect:
        raise InvalidRequest("the client left before the body was complete") from None
    return parse_parameters(bytes(body))


async def read_request(request: Request) -> Parameters:
    """Query parameters of a GET, form parameters of a POST. Raises InvalidRequest."""
    if request.method == "POST":
        return await read_form(request)
    return parse_parameters(request.scope["query_string"])


def with_parameters(uri: str, parameters: Mapping[str, str]) -> str:
    """``uri`` with parameters added to its query, what is there kept (RFC 6749 §4.1.2)."""
    if not parameters:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"


def see_other(location: str) -> Response:
    """303, which turns a POST into a GET and never repeats a body (RFC 9700 §4.12)."""
    return Response(status_code=303, headers={"Location": location, **NO_STORE})


def json_answer(content: Any, *, status: int = 200, headers: Mapping[str, str] = NO_STORE) -> Response:
    return JSONResponse(content, status_code=status, headers=dict(headers))


def error_answer(fault: OAuthError) -> Response:
    headers = dict(NO_STORE)
    if fault.challenge:
        headers["WWW-Authenticate"] = fault.challenge
    body = {"error": fault.error, "error_description": fault.description}
    return json_answer(body, status=fault.status, headers=headers)
