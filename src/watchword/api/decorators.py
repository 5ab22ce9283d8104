"""``@require_auth`` and ``@public``: what the author of a route says about it.

The mark is what the gate reads when the app starts. The decorated endpoint also guards itself: on
a path the gate does not know it decides on its own, and it never runs for a caller nobody checked.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, overload

from watchword.api.admission import admit, admit_from_thread, guard_caller
from watchword.api.marks import Marks, marks_of, put_mark, unwrapped
from watchword.api.verbs import answers_405, handlers_by_verb
from watchword.auth.caller import Caller
from watchword.protocol.access import Requirement, requirement

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class _NoDependency:
    """What FastAPI asks the parameters of a dependency for is told what to write instead."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: Any) -> Any:
        raise TypeError(
            "require_auth is a decorator and no dependency: write @require_auth(…) below the route's "
            "decorator, or dependencies=[Security(current_principal, scopes=[…])]"
        )


_Decorated = Annotated[Any, _NoDependency()]


@overload
def require_auth(endpoint: Endpoint, /) -> Endpoint: ...


@overload
def require_auth(
    *,
    roles: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    live: bool = False,
    max_age_seconds: int | None = None,
) -> Callable[[Endpoint], Endpoint]: ...


def require_auth(
    endpoint: _Decorated = None,
    /,
    *,
    roles: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    live: bool = False,
    max_age_seconds: int | None = None,
) -> Any:
    """Let only signed-in callers in: with any of ``roles``, all of ``scopes``, a sign-in at most
    ``max_age_seconds`` old (RFC 9470), and with ``live`` a session that the database still holds.

    Goes below the route's decorator, bare or called, on functions of every kind, methods and
    class-based endpoints; several on one endpoint must all be met. A function that was decorated
    is protected in every route that uses it. Raises TypeError for what cannot be decorated and
    ValueError for an empty list of names or an endpoint marked ``@public``.
    """
    asked = requirement(roles, scopes, live=live, max_age_seconds=max_age_seconds)

    def protect(endpoint: _Decorated, /) -> Any:
        return _protect(endpoint, asked)

    return protect if endpoint is None else protect(endpoint)


def public(endpoint: Endpoint, /) -> Endpoint:
    """Mark an endpoint, mounted app or route as deliberately open; nothing is checked.

    Raises ValueError for a protected endpoint, TypeError for what cannot carry a mark.
    """
    marks = _marks_to_extend(endpoint, "public")
    if marks.requirements:
        raise ValueError(f"{_name(endpoint)} has @require_auth; it cannot be @public too")
    try:
        put_mark(endpoint, marks | Marks(public=True))
    except AttributeError:
        raise TypeError(f"{_name(endpoint)} cannot carry a mark; wrap it in a function") from None
    return endpoint


def _protect(endpoint: Any, asked: Requirement) -> Any:
    marks = _marks_to_extend(endpoint, "require_auth")
    if marks.public:
        raise ValueError(f"{_name(endpoint)} is @public; it cannot have @require_auth too")
    decision = _Decision(asked)
    marks |= Marks((asked,), guards=frozenset({decision}))
    if inspect.isclass(endpoint):
        _guard_class(endpoint, decision)
        put_mark(endpoint, marks)
        return endpoint
    guard = _guarded(endpoint, decision)
    put_mark(guard, marks)
    _mark_original(endpoint, marks)
    return guard


@dataclass(frozen=True, slots=True, eq=False)
class _Decision:
    """What one decoration decides. Where its route is observed the gate says so by this object, which
    nothing else has: a guarded helper of such a route still refuses."""

    asked: Requirement

    def is_made(self, caller: Caller) -> bool:
        return self.asked in caller.passed or self in caller.observed


def _marks_to_extend(endpoint: Any, decorator: str) -> Marks:
    if isinstance(endpoint, staticmethod | classmethod):
        raise TypeError(f"put @{decorator} below @{type(endpoint).__name__}, next to the function")
    if not callable(endpoint):
        hint = 'roles and scopes are named: require_auth(roles=["admin"])'
        raise TypeError(f"{decorator} decorates an endpoint, not {endpoint!r}; {hint}")
    return marks_of(endpoint)


def _mark_original(endpoint: Any, marks: Marks) -> None:
    """A route that was made before the guard, with the decorators in the wrong order, holds the
    undecorated endpoint: it is known as protected by its own mark."""
    try:
        put_mark(endpoint, marks)
    except AttributeError:
        return


def _guarded(endpoint: Any, decision: _Decision) -> Any:
    guard = _waiting_guard(endpoint, decision) if _is_async(endpoint) else _plain_guard(endpoint, decision)
    if isinstance(endpoint, functools.partial):
        guard.__name__ = guard.__qualname__ = _name(endpoint)
    elif not inspect.isroutine(endpoint):
        return _GuardedInstance(endpoint, guard)
    return guard


def _waiting_guard(endpoint: Any, decision: _Decision) -> Any:
    @functools.wraps(endpoint)
    async def guard(*args: Any, **kwargs: Any) -> Any:
        caller = guard_caller(endpoint)
        if not decision.is_made(caller):
            await _decide(caller, decision)
        answer = endpoint(*args, **kwargs)
        return await answer if inspect.isawaitable(answer) else answer

    return guard


def _plain_guard(endpoint: Any, decision: _Decision) -> Any:
    """For ``def`` endpoints in their worker thread and for generator endpoints, whose guard must
    decide before the first item is asked for."""

    @functools.wraps(endpoint)
    def guard(*args: Any, **kwargs: Any) -> Any:
        caller = guard_caller(endpoint)
        if not decision.is_made(caller):
            refusal = admit_from_thread(caller, decision.asked)
            if refusal is not None:
                raise refusal.with_traceback(None)
        return endpoint(*args, **kwargs)

    return guard


async def _decide(caller: Caller, decision: _Decision) -> None:
    if (refusal := await admit(caller, decision.asked)) is not None:
        raise refusal.with_traceback(None)


class _GuardedInstance:
    """A callable object stays one: Starlette takes functions for request handlers, objects for
    ASGI apps."""

    def __init__(self, endpoint: Any, guard: Any) -> None:
        functools.update_wrapper(self, endpoint)
        self._guard = guard

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._guard(*args, **kwargs)


def _guard_class(endpoint: Any, decision: _Decision) -> None:
    """Endpoint classes are awaited (Starlette's endpoints) or their instances are called."""
    if hasattr(endpoint, "__await__"):
        endpoint.__await__ = _guarded_await(endpoint.__await__, decision)
    elif any("__call__" in vars(base) for base in endpoint.__mro__):
        endpoint.__call__ = _guarded(endpoint.__call__, decision)
    else:
        raise TypeError(f"{_name(endpoint)} is neither awaited nor called; decorate its methods")


def _guarded_await(original: Callable[[Any], Generator[Any, None, None]], decision: _Decision) -> Any:
    @functools.wraps(original)
    def guard(self: Any) -> Generator[Any, None, None]:
        caller = guard_caller(type(self))
        if not decision.is_made(caller) and _serves(self):
            yield from _decide(caller, decision).__await__()
        return (yield from original(self))

    return guard


def _serves(endpoint: Any) -> bool:
    """False where the endpoint itself will answer 405."""
    verbs = handlers_by_verb(type(endpoint))
    return verbs is None or endpoint.scope["method"] in verbs or not answers_405(type(endpoint))


def _is_async(endpoint: Any) -> bool:
    innermost = unwrapped(endpoint)
    if not inspect.isroutine(innermost):
        innermost = unwrapped(type(innermost).__call__)
    return inspect.iscoroutinefunction(innermost)


def _name(endpoint: Any) -> str:
    innermost = unwrapped(endpoint)
    return str(getattr(innermost, "__name__", type(innermost).__name__))
