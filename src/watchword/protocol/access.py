"""What a route asks of its caller, decided without waiting (RFC 6750 §3.1, RFC 9470 §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watchword.errors import (
    AuthenticationRequired,
    InsufficientScope,
    StepUpRequired,
    TokenInvalid,
    WatchwordError,
)
from watchword.protocol.max_age import check_max_age_seconds, is_recent
from watchword.protocol.principal import Anonymous, Identity, Principal
from watchword.protocol.roles import ROLE_PATTERN
from watchword.protocol.scope import is_scope_name

_ALPHABETS = {
    "roles": "1 to 64 letters, digits and _ . : / -",
    "scopes": "1 to 128 printable ASCII characters without blank, quote and backslash (RFC 6749 §3.3)",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a protected route asks: any of ``roles``, all of ``scopes``, a sign-in that is recent
    enough (``max_age_seconds``), and with ``live`` a fresh look at the session."""

    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    live: bool = False
    max_age_seconds: int | None = None

    def __post_init__(self) -> None:
        check_max_age_seconds(self.max_age_seconds)


def requirement(
    roles: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    *,
    live: bool = False,
    max_age_seconds: int | None = None,
) -> Requirement:
    """Build a requirement. Raises ValueError for an empty list, which could mean nobody or anybody, and
    for a name that no caller can have; TypeError for what is no list of names or no whole number."""
    return Requirement(
        roles=_names("roles", roles, _is_role_name),
        scopes=_names("scopes", scopes, is_scope_name),
        live=live,
        max_age_seconds=max_age_seconds,
    )


def decide(asked: Requirement, identity: Identity, *, now_seconds: int) -> Principal | WatchwordError:
    """The principal when it may pass, otherwise the error that answers for it."""
    if isinstance(identity, Principal):
        return _refusal(asked, identity, now_seconds) or identity
    if isinstance(identity, Anonymous):
        return AuthenticationRequired("no credential was presented")
    error = identity.error
    return error if isinstance(error, WatchwordError) else TokenInvalid(type(error).__name__)


def _refusal(asked: Requirement, caller: Principal, now_seconds: int) -> WatchwordError | None:
    if (asked.live or asked.max_age_seconds is not None) and caller.session_id is None:
        return TokenInvalid("this route needs a caller with a session")
    if asked.roles and not (asked.roles & caller.roles):
        return InsufficientScope(f"needs one of the roles {sorted(asked.roles)}")
    if not asked.scopes <= caller.scopes:
        return InsufficientScope(f"needs the scopes {sorted(asked.scopes)}", scopes=sorted(asked.scopes))
    if asked.max_age_seconds is None:
        return None
    return _step_up(caller, asked.max_age_seconds, now_seconds)


def _step_up(caller: Principal, max_age_seconds: int, now_seconds: int) -> StepUpRequired | None:
    asserted = caller.auth_time_asserted
    if is_recent(
        caller.auth_time, asserted=asserted, max_age_seconds=max_age_seconds, now_seconds=now_seconds
    ):
        return None
    cause = "the sign-in is too old" if asserted else "the provider did not say when the person signed in"
    return StepUpRequired(cause, max_age_seconds=max_age_seconds)


def _names(what: str, given: Iterable[str] | None, is_name: Callable[[str], bool]) -> frozenset[str]:
    if given is None:
        return frozenset()
    if isinstance(given, str | bytes):
        raise TypeError(f"{what} takes a list of names, not one string: {what}=[{given!r}]")
    names = frozenset(given)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{what}=[] would let nobody or anybody in; name at least one, or leave {what} out")
    if impossible := sorted(name for name in names if not is_name(name)):
        raise ValueError(f"no caller can have the {what} {impossible}: {_ALPHABETS[what]}")
    return names


def _is_role_name(name: str) -> bool:
    return ROLE_PATTERN.fullmatch(name) is not None
