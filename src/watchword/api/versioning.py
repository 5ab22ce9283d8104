"""``version``: what the author of an API says about one version of it, and about its end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeVar

from watchword.api.marks import Marks, marks_of, put_mark, unwrapped
from watchword.protocol.api_version import ApiVersion, Mode, read_moment

Target = TypeVar("Target")
Moment = datetime | date | str


class Version:
    """One version of an API. Call it, or decorate with it, on everything that is of this version:
    endpoints of every kind, routes, routers, mounts and mounted apps."""

    __slots__ = ("definition",)

    def __init__(self, definition: ApiVersion) -> None:
        self.definition = definition

    def __call__(self, target: Target, /) -> Target:
        """Mark ``target`` and give it back. Raises TypeError for what cannot carry a mark, ValueError
        for what is of another version already."""
        _mark(target, self.definition)
        return target

    def __repr__(self) -> str:
        return f"version({self.definition.id!r})"


def version(
    id: str,
    /,
    *,
    deprecated_at: Moment | None = None,
    sunset_at: Moment | None = None,
    guide: str | None = None,
    mode: Mode = "enforce",
    successor: str | None = None,
) -> Version:
    """Define a version once, then mark with it what is of that version.

    Times are aware datetimes, dates (their first second in UTC), or either as ISO 8601 text. From
    ``deprecated_at`` on, which may lie ahead, answers say so (RFC 9745); from ``sunset_at`` on,
    180 days later unless given, they are 410 (RFC 8594). ``guide`` is an https address or a path of
    this service; without it watchword serves one. ``successor`` is the id of the version that the
    guide leads to. ``mode="observe"`` counts whom ``@require_auth`` would refuse and refuses
    nobody. ``WATCHWORD_VERSIONS__<ID>__…`` count more than what is said here.

    Raises ValueError for anything that cannot be meant.
    """
    return Version(
        ApiVersion(
            id,
            deprecated_at=_read("deprecated_at", deprecated_at),
            sunset_at=_read("sunset_at", sunset_at),
            guide=guide,
            mode=mode,
            successor=successor,
        )
    )


def _read(name: str, given: Moment | None) -> datetime | None:
    if given is None:
        return None
    try:
        return read_moment(given)
    except ValueError as fault:
        raise ValueError(f"{name} {fault}") from None


def _mark(target: Any, definition: ApiVersion) -> None:
    if isinstance(target, staticmethod | classmethod):
        raise TypeError(f"put the version below @{type(target).__name__}, next to the function")
    if not callable(target):
        raise TypeError(f"a version marks endpoints, routes, routers, mounts and apps, not {target!r}")
    marks = marks_of(target)
    other = next((each for each in marks.versions if each != definition), None)
    if other is not None:
        raise ValueError(f"{_name(target)} is of version {other.id!r} already")
    try:
        put_mark(target, marks | Marks(versions=(definition,)))
    except AttributeError:
        raise TypeError(f"{_name(target)} cannot carry a mark; wrap it in a function") from None


def _name(target: Any) -> str:
    innermost = unwrapped(target)
    return str(getattr(innermost, "__name__", type(innermost).__name__))
