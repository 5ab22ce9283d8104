"""The caller as an argument: FastAPI dependencies, and the same for plain Starlette endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from watchword.api.admission import NotInstalledHere
from watchword.auth.caller import identity_of
from watchword.errors import AuthenticationRequired, NotInstalled, TokenInvalid, WatchwordError
from watchword.protocol.principal import Identity, Principal, Rejected


def principal_of(connection: HTTPConnection) -> Principal:
    """The caller of a request or handshake, on any route; re-read where the route says ``live``.

    Raises AuthenticationRequired for nobody, the credential's own error where it was refused,
    NotInstalled where no middleware looked.
    """
    identity = _identity(connection)
    if isinstance(identity, Principal):
        return identity
    if isinstance(identity, Rejected):
        error = identity.error
        raise error if isinstance(error, WatchwordError) else TokenInvalid(type(error).__name__)
    raise AuthenticationRequired("the endpoint asked for its caller, and there is none")


def optional_principal_of(connection: HTTPConnection) -> Principal | None:
    """The caller, None for nobody and for a credential that is refused. Raises NotInstalled."""
    identity = _identity(connection)
    return identity if isinstance(identity, Principal) else None


def _identity(connection: HTTPConnection) -> Identity:
    try:
        return identity_of(connection.scope)
    except NotInstalled as error:
        raise NotInstalledHere(error.detail) from None


async def _principal(connection: HTTPConnection) -> Principal:
    return principal_of(connection)


async def _optional_principal(connection: HTTPConnection) -> Principal | None:
    return optional_principal_of(connection)


CurrentPrincipal = Annotated[Principal, Depends(_principal)]
"""The caller; without one the request is refused with 401, also on a route without a mark."""

OptionalPrincipal = Annotated[Principal | None, Depends(_optional_principal)]
"""The caller or None, for public routes that greet those who are signed in."""
