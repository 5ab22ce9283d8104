"""How recent a sign-in has to be (OpenID Connect Core §3.1.2.1, RFC 9470)."""

from __future__ import annotations

import re

LONGEST_MAX_AGE_SECONDS = 31_536_000
"""A year, so that every age is a number all parties can read."""

_DIGITS = re.compile(r"[0-9]{1,8}")


def read_max_age(text: str) -> int:
    """A parameter's seconds: ASCII digits from 0 to a year. Raises ValueError for anything else."""
    if not _DIGITS.fullmatch(text) or int(text) > LONGEST_MAX_AGE_SECONDS:
        raise ValueError(f"max_age is not a number of seconds from 0 to {LONGEST_MAX_AGE_SECONDS}")
    return int(text)


def check_max_age_seconds(given: object) -> None:
    """For an age written in code. Raises TypeError for anything but a whole number, ValueError for
    one that no request could ask for."""
    if given is None:
        return
    if type(given) is not int:
        raise TypeError(f"max_age_seconds is a whole number of seconds, not {given!r}")
    if not 0 <= given <= LONGEST_MAX_AGE_SECONDS:
        raise ValueError(f"max_age_seconds must not be negative or above {LONGEST_MAX_AGE_SECONDS}")


def is_recent(auth_time: int | None, *, asserted: bool, max_age_seconds: int, now_seconds: int) -> bool:
    """Whether a sign-in at ``auth_time`` (seconds since 1970) is at most ``max_age_seconds`` old.

    Never for a time that the provider did not assert: it may have let the person in without asking,
    by a session of its own that is days old.
    """
    return asserted and auth_time is not None and now_seconds - auth_time <= max_age_seconds
