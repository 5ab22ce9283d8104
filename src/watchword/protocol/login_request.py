"""What a link to our sign-in page asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from watchword.errors import InvalidRequest
from watchword.protocol.max_age import read_max_age
from watchword.protocol.return_to import safe_return_to


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """Where a sign-in ends, None for the default page, and how recent it has to be, in seconds."""

    return_to: str | None = None
    max_age_seconds: int | None = None

    @property
    def query(self) -> str:
        """The same wishes for the next link, question mark included; empty for none."""
        wishes = {"return_to": self.return_to, "max_age": self.max_age_seconds}
        said = {name: value for name, value in wishes.items() if value is not None}
        return "?" + urlencode(said) if said else ""


PLAIN_LOGIN = LoginRequest()
"""Any sign-in, ending at the default page."""


def read_login_request(params: Sequence[tuple[str, str]], *, default_return_to: str) -> LoginRequest:
    """Read a query. A ``return_to`` that may not be returned to is the default page, the last of
    several counts; other names are ignored.

    Raises InvalidRequest for a ``max_age`` that is no number of seconds, or is there twice: whoever
    wants a recent sign-in must not get any other.
    """
    return_to = [value for name, value in params if name == "return_to"]
    max_age = [value for name, value in params if name == "max_age"]
    if len(max_age) > 1:
        raise InvalidRequest("max_age is there more than once")
    try:
        age = read_max_age(max_age[0]) if max_age else None
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    safe = safe_return_to(return_to[-1] if return_to else None, default=default_return_to)
    return LoginRequest(None if safe == default_return_to else safe, age)
