"""What a version adds to calls of its routes: headers on every answer, 410 after its end, a count.

The wrapper stands outside of the gate's: a version that ended answers 410 to everybody, before
anyone is asked to sign in for something that is gone, and before a body is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.api.admission import would_refuse
from watchword.api.problems import answer
from watchword.api.version_policy import ActiveVersion, Versions
from watchword.auth.caller import caller_of
from watchword.errors import NotInstalled, VersionSunset, WatchwordError
from watchword.protocol.access import Requirement
from watchword.protocol.deprecation import merged_links

CALL_KEY: Final = "watchword.version"
"""Where the VersionCall of a request lies on its ASGI scope."""
_ANSWER_KEY: Final = "watchword.answer"

_WITH_HEADERS: Final = ("http.response.start", "websocket.accept", "websocket.http.response.start")
_SIGNED_IN: Final = Requirement()


@dataclass(frozen=True, slots=True)
class VersionedApp:
    """What an app knows of its versions. Routes may be served by several apps of a process, each
    with settings and a ledger of its own."""

    versions: Versions
    now_seconds: Callable[[], int]


@dataclass(slots=True, eq=False)
class VersionCall:
    """One call of a version. ``would_refuse`` is the code of the first refusal that observing held
    back; ``count`` is called once, when the answer begins or never comes, and not for a 405."""

    version: ActiveVersion
    count: Callable[[str | None], None] | None
    would_refuse: str | None = None

    def hold_back(self, refusal: WatchwordError | None) -> None:
        if self.would_refuse is None and refusal is not None:
            self.would_refuse = refusal.code

    def answered(self, status: int | None) -> None:
        count, self.count = self.count, None
        if count is not None and status != 405:
            count(self.would_refuse)


class Answer:
    """One request's way out of an app."""

    __slots__ = ("_send", "app", "call")

    def __init__(self, send: Send, app: VersionedApp) -> None:
        self._send = send
        self.app = app
        self.call: VersionCall | None = None

    async def send(self, message: Message) -> None:
        if self.call is not None and message["type"] in _WITH_HEADERS:
            self.call.answered(message.get("status"))
            headers = _with_version(message.get("headers") or (), self.call.version)
            message = {**message, "headers": headers}
        await self._send(message)


class VersionHeaders:
    """The outermost frame of an app that has versions: answers that are made outside of the routes,
    as 405 and 500 are, pass here."""

    def __init__(self, app: ASGIApp, serving: VersionedApp) -> None:
        self.app = app
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        outgoing = scope[_ANSWER_KEY] = Answer(send, self._serving)
        try:
            await self.app(scope, receive, outgoing.send)
        finally:
            if outgoing.call is not None:
                outgoing.call.answered(None)


class VersionedDispatch:
    """Stands where something of a version dispatches; ``inner`` is what stood there before."""

    __slots__ = ("_by_verb", "_path", "_serving", "_version_id", "inner")

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    def follow(
        self, path: str, version_id: str | None, by_verb: Mapping[str, str | None], serving: VersionedApp
    ) -> None:
        """``by_verb`` has the methods of a class that say for themselves what they are of. ``serving``
        answers for calls that came past the frame of their app."""
        self._path = path
        self._version_id = version_id
        self._by_verb = by_verb
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        version_id = self._by_verb.get(scope.get("method", ""), self._version_id)
        if version_id is None or CALL_KEY in scope:
            await self.inner(scope, receive, send)
            return
        outgoing = scope.get(_ANSWER_KEY)
        if isinstance(outgoing, Answer):
            await self._serve(version_id, outgoing, scope, receive, send)
        else:
            await VersionHeaders(self, self._serving)(scope, receive, send)

    async def _serve(
        self, version_id: str, outgoing: Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        app = outgoing.app
        version = app.versions.get(version_id)
        if version is None:
            await self.inner(scope, receive, send)
            return
        preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
        scope[CALL_KEY] = outgoing.call = _call(version, app.versions, scope, counted=not preflight)
        if preflight or not version.has_ended(app.now_seconds()):
            await self.inner(scope, receive, send)
        else:
            ended = VersionSunset(f"version {version.id} has ended", guide=version.guide)
            await answer(ended, scope, receive, send, route=self._path)


def _call(version: ActiveVersion, versions: Versions, scope: Scope, *, counted: bool) -> VersionCall:
    def count(refused: str | None) -> None:
        versions.count(version.id, scope, refused)

    call = VersionCall(version, count if counted else None)
    if version.observed:
        call.hold_back(_refusal_of_strangers(scope))
    return call


def _refusal_of_strangers(scope: Scope) -> WatchwordError | None:
    """What every requirement asks first: somebody who is signed in."""
    try:
        return would_refuse(caller_of(scope), _SIGNED_IN)
    except NotInstalled as error:
        return error


def _with_version(
    headers: Iterable[tuple[bytes, bytes]], version: ActiveVersion
) -> list[tuple[bytes, bytes]]:
    """Ours in the place of the app's own dates; its links stay, beside ours."""
    ours = dict(version.headers)
    kept, links = [], []
    for name, value in headers:
        lower = name.lower()
        if lower == b"link" and version.links:
            links.append(value.decode("latin-1"))
        elif lower not in ours:
            kept.append((name, value))
    if version.links:
        ours[b"link"] = merged_links(links, version.links).encode("latin-1")
    return [*kept, *ours.items()]
