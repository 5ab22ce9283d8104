"""What a client is told about a body that does not fit."""

from __future__ import annotations

import json
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

_MAX_NAME_CHARS = 80


async def answer_invalid(_: Request, error: Exception) -> Response:
    """FastAPI's 422 document without the values that were sent: NaN and lone surrogates cannot be
    sent back, and nobody needs to read their own megabyte again."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    document = {"detail": [_described(fault) for fault in faults]}
    return Response(json.dumps(document), status_code=422, media_type="application/json")


def _described(fault: dict[str, Any]) -> dict[str, Any]:
    where = [each if isinstance(each, int) else str(each)[:_MAX_NAME_CHARS] for each in fault["loc"]]
    return {"type": fault["type"], "loc": where, "msg": fault["msg"]}
