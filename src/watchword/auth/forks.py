"""Processes that fork after something was opened (``gunicorn --preload``, ``multiprocessing``).

Two processes on one socket read each other's answers, and threads do not survive a fork at all. What
owns such things begins anew in the child, before anything else runs there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner", bound=object)

_begins_anew: Final[WeakKeyDictionary[Any, Callable[[Any], object]]] = WeakKeyDictionary()
_of_the_parent: Final[list[object]] = []


def in_child(owner: Owner, begin_anew: Callable[[Owner], object]) -> None:
    """Call ``begin_anew(owner)`` in every process forked from this one, while ``owner`` lives.

    What it returns is what the child must not use, and is kept for good: to close it there, or to
    collect it, could end a conversation of the parent.
    """
    _begins_anew[owner] = begin_anew


def _begin_anew() -> None:
    for owner, begin_anew in tuple(_begins_anew.items()):
        _of_the_parent.append(begin_anew(owner))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
