"""Keeping codes out of logs that are not ours."""

from __future__ import annotations

from starlette.types import Scope


def forget_query(scope: Scope) -> None:
    """Empty the query of a request whose parameters were read.

    Servers write their access log from the scope when the answer begins, and a code or state has
    no place in any log (RFC 9700 §4.3.1).
    """
    scope["query_string"] = b""
