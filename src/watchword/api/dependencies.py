"""The caller as an argument: FastAPI dependencies, and the same for plain Starlette endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

from watchword.api.admission import NotInstalledHere
from watchword.auth.caller import Caller, caller_of
from watchword.errors import NotInstalled
from watchword.protocol.access import Requirement, decide
from watchword.protocol.principal import Principal

_ANYBODY = Requirement()


def principal_of(connection: HTTPConnection) -> Principal:
    """The caller of a request or handshake, on any route; re-read where the route says ``live``.

    Raises AuthenticationRequired for nobody, the credential's own error where it was refused,
    NotInstalled where no middleware looked.
    """
    return _admitted(_caller(connection), _ANYBODY)


def optional_principal_of(connection: HTTPConnection) -> Principal | None:
    """The caller, None for nobody and for a credential that is refused. Raises NotInstalled."""
    identity = _caller(connection).best
    return identity if isinstance(identity, Principal) else None


async def current_principal(connection: HTTPConnection, security_scopes: SecurityScopes) -> Principal:
    """FastAPI dependency: the caller, who has every scope of the ``Security(…)`` around it.

    ``Annotated[Principal, Security(current_principal, scopes=["orders:read"])]`` as a parameter, or
    ``dependencies=[Security(current_principal, scopes=[…])]`` on a route or router. The gate reads it
    at start-up, so that 401 and 403 come before the body is parsed. Raises what ``principal_of``
    does, and InsufficientScope.
    """
    caller = _caller(connection)
    if not security_scopes.scopes or current_principal in caller.observed:
        return _admitted(caller, _ANYBODY)
    return _admitted(caller, Requirement(scopes=frozenset(security_scopes.scopes)))


async def optional_principal(connection: HTTPConnection) -> Principal | None:
    """FastAPI dependency: the caller, or None for nobody and for a credential that is refused."""
    return optional_principal_of(connection)


def _caller(connection: HTTPConnection) -> Caller:
    try:
        return caller_of(connection.scope)
    except NotInstalled as error:
        raise NotInstalledHere(error.detail) from None


def _admitted(caller: Caller, asked: Requirement) -> Principal:
    outcome = decide(asked, caller.best, now_seconds=caller.authenticator.now_seconds())
    if isinstance(outcome, Principal):
        return outcome
    raise outcome.with_traceback(None)


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
"""The caller. A route with it is protected: without a caller it answers 401, whatever else it says."""

OptionalPrincipal = Annotated[Principal | None, Depends(optional_principal)]
"""The caller or None, for public routes that greet those who are signed in."""
