"""The wrapper that stands where a route dispatches: it answers 401, 403 and 503, or lets through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from watchword.api.admission import admit, judge, would_refuse
from watchword.api.marks import Marks
from watchword.api.problems import answer
from watchword.api.route_table import Leaf
from watchword.api.verbs import answers_405
from watchword.api.version_dispatch import CALL_KEY, VersionCall
from watchword.auth.caller import Caller, caller_of
from watchword.errors import NotInstalled, RouteUnclassified, WatchwordError
from watchword.protocol.access import Requirement

Demands = tuple[Requirement, ...] | None
"""All of these must be met; None refuses everybody."""

_ANYBODY = Requirement()
_FRAMEWORKS = ("starlette.routing", "fastapi.routing")


class GatedDispatch:
    """Replaces a route's own dispatch and decides before the body is read.

    A method that the route does not serve goes through, to be answered with 405 (so a CORS
    preflight is never asked to sign in). ``deny`` also refuses a route without any mark.
    """

    __slots__ = (
        *("_asked", "_asked_by_context", "_asked_by_verb", "_deny", "_guards", "_guards_by_verb"),
        *("_observable", "_path", "_served", "inner"),
    )

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner
        self._deny = False

    def follow(self, leaves: Sequence[Leaf], *, deny: bool) -> None:
        """Take over what the route's marks ask. One leaf for each parent the route has: the
        strictest of them counts, and one installation that denies is enough."""
        self._deny = self._deny or deny
        self._path = leaves[0].path
        self._served = _served(leaves[0])
        self._asked_by_verb = {
            verb: self._demands(each.marks_by_verb[verb] for each in leaves if each.marks_by_verb)
            for verb in leaves[0].marks_by_verb or ()
        }
        self._asked = self._demands(each.marks for each in leaves)
        self._asked_by_context = self._by_context(leaves)
        self._guards = _guards(each.marks for each in leaves)
        self._guards_by_verb = {
            verb: _guards(each.marks_by_verb[verb] for each in leaves if each.marks_by_verb)
            for verb in self._asked_by_verb
        }
        self._observable = frozenset(
            each.id for leaf in leaves for each in leaf.every_mark.versions if each.mode == "observe"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope)
        if refusal is None:
            await self.inner(scope, receive, send)
        else:
            await answer(refusal, scope, receive, send, route=self._path)

    async def _refusal(self, scope: Scope) -> WatchwordError | None:
        demands = self._demands_of(scope)
        if demands is None:
            return RouteUnclassified("the route has neither @require_auth nor @public")
        if not demands:
            return None
        try:
            caller = caller_of(scope)
        except NotInstalled as error:
            return error
        if self._observable and self._observe(scope, caller, demands):
            return None
        for asked in demands:
            refusal = await admit(caller, asked) if asked.live else judge(caller, asked)
            if refusal is not None:
                return refusal
        return None

    def _observe(self, scope: Scope, caller: Caller, demands: tuple[Requirement, ...]) -> bool:
        """Whether this is a call of an observed version that this route is of: then what would
        refuse it is noted, and nothing refuses it."""
        call = scope.get(CALL_KEY)
        if not isinstance(call, VersionCall) or call.version.id not in self._observable:
            return False
        caller.observed |= self._guards_by_verb.get(scope.get("method", ""), self._guards)
        for asked in demands:
            call.hold_back(would_refuse(caller, asked))
        return True

    def _demands_of(self, scope: Scope) -> Demands:
        method = scope.get("method", "")
        if self._served is not None and scope["type"] == "http" and method not in self._served:
            return ()
        if self._asked_by_context:
            context = (scope.get("fastapi") or {}).get("effective_route_context")
            return self._asked_by_context.get(id(context), self._asked)
        return self._asked_by_verb.get(method, self._asked)

    def _by_context(self, leaves: Sequence[Leaf]) -> dict[int, Demands]:
        """What each inclusion of a FastAPI route asks, where they differ by their dependencies. The
        table that knows the leaves keeps the contexts alive, so that no other takes the place of one."""
        together: dict[int, list[Leaf]] = {}
        for leaf in leaves:
            together.setdefault(id(leaf.context), []).append(leaf)
        asked = {each: self._demands(leaf.marks for leaf in same) for each, same in together.items()}
        return asked if len(set(asked.values())) > 1 else {}

    def _demands(self, all_marks: Iterable[Marks]) -> Demands:
        """Live requirements first, so that one re-read serves them all; that there be a caller is part
        of every other."""
        asked: dict[Requirement, None] = {}
        for marks in all_marks:
            if self._deny and marks.protection == "unclassified":
                return None
            asked.update(dict.fromkeys(marks.requirements))
        if len(asked) > 1:
            asked.pop(_ANYBODY, None)
        return tuple(sorted(asked, key=lambda each: not each.live))


def _guards(all_marks: Iterable[Marks]) -> frozenset[object]:
    return frozenset[object]().union(*(marks.guards for marks in all_marks))


def _served(leaf: Leaf) -> frozenset[str] | None:
    """The methods that reach the endpoint, because others are answered with 405 on the way; None
    where code that is not the framework's decides that."""
    handle = getattr(type(leaf.target), "handle", None)
    if getattr(handle, "__module__", None) not in _FRAMEWORKS:
        return None
    if leaf.marks_by_verb is None or not answers_405(leaf.target.endpoint):
        return leaf.methods
    handled = frozenset(leaf.marks_by_verb)
    return handled if leaf.methods is None else handled & leaf.methods
