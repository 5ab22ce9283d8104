"""What a route's author said about it, written on the endpoint and read through every wrapper."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from watchword.protocol.access import Requirement
from watchword.protocol.api_version import ApiVersion

Protection = Literal["protected", "public", "unclassified", "observed"]

ATTRIBUTE = "__watchword__"
_DEEPEST_WRAPPING = 100


@dataclass(frozen=True, slots=True)
class Marks:
    """``requirements`` must all be met; ``public`` says that having none is deliberate. ``guards``
    are the decorations the requirements come from, ``versions`` what the route is said to be of:
    at most one where nobody made a mistake."""

    requirements: tuple[Requirement, ...] = ()
    public: bool = False
    versions: tuple[ApiVersion, ...] = ()
    guards: frozenset[object] = frozenset()

    def __or__(self, other: Marks) -> Marks:
        if self is UNMARKED or other is UNMARKED:
            return other if self is UNMARKED else self
        return Marks(
            _together(self.requirements, other.requirements),
            self.public or other.public,
            _together(self.versions, other.versions),
            self.guards | other.guards,
        )

    @property
    def version(self) -> ApiVersion | None:
        return self.versions[0] if self.versions else None

    @property
    def version_id(self) -> str | None:
        return self.versions[0].id if self.versions else None

    @property
    def protection(self) -> Protection:
        """A route of an observed version is ``observed`` wherever its author said what it will be."""
        if not self.requirements and not self.public:
            return "unclassified"
        if self.version is not None and self.version.mode == "observe":
            return "observed"
        return "protected" if self.requirements else "public"


UNMARKED: Final = Marks()

_Each = TypeVar("_Each")


def _together(first: tuple[_Each, ...], second: tuple[_Each, ...]) -> tuple[_Each, ...]:
    return first + tuple(each for each in second if each not in first)


class _Edition:
    """Counts marks, so that a mark set after routes were resolved is noticed."""

    count = 0


def edition() -> int:
    """Changes whenever any mark is set."""
    return _Edition.count


def marks_of(endpoint: object) -> Marks:
    """Every mark along the chain of decorators, partials and bound methods; of an object that is
    called, also those of the method that answers."""
    layers = list(_layers(endpoint))
    innermost = layers[-1]
    if callable(innermost) and not inspect.isroutine(innermost):
        layers += _layers(type(innermost).__call__)
    marks = (getattr(layer, ATTRIBUTE, None) for layer in layers)
    return functools.reduce(operator.or_, (each for each in marks if isinstance(each, Marks)), UNMARKED)


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
