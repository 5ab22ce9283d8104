"""What a route's author said about it, written on the endpoint and read through every wrapper."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from watchword.protocol.access import Requirement

Protection = Literal["protected", "public", "unclassified"]

ATTRIBUTE = "__watchword__"
_DEEPEST_WRAPPING = 100


@dataclass(frozen=True, slots=True)
class Marks:
    """``requirements`` must all be met; ``public`` says that having none is deliberate."""

    requirements: tuple[Requirement, ...] = ()
    public: bool = False

    def __or__(self, other: Marks) -> Marks:
        more = tuple(asked for asked in other.requirements if asked not in self.requirements)
        return Marks(self.requirements + more, self.public or other.public)

    @property
    def protection(self) -> Protection:
        if self.requirements:
            return "protected"
        return "public" if self.public else "unclassified"


class _Edition:
    """Counts marks, so that a mark set after routes were resolved is noticed."""

    count = 0


def edition() -> int:
    """Changes whenever any mark is set."""
    return _Edition.count


def marks_of(endpoint: object) -> Marks:
    """Every mark along the chain of decorators, partials and bound methods."""
    found = Marks()
    for layer in _layers(endpoint):
        mark = getattr(layer, ATTRIBUTE, None)
        if isinstance(mark, Marks):
            found |= mark
    return found


def put_mark(target: Any, marks: Marks) -> None:
    """Write ``marks`` on the object itself; on the function where it is a bound method."""
    _Edition.count += 1
    setattr(target.__func__ if inspect.ismethod(target) else target, ATTRIBUTE, marks)


def unwrapped(endpoint: object) -> Any:
    """The innermost thing that was decorated, partially applied or bound."""
    *_, innermost = _layers(endpoint)
    return innermost


def _layers(endpoint: object) -> Iterator[Any]:
    layer: Any = endpoint
    for _ in range(_DEEPEST_WRAPPING):
        yield layer
        if isinstance(layer, functools.partial):
            layer = layer.func
        elif inspect.ismethod(layer):
            layer = layer.__func__
        elif not inspect.isclass(layer) and hasattr(layer, "__wrapped__"):
            layer = layer.__wrapped__
        else:
            return
