"""A virtual person: signs in, calls the API, refreshes, signs out, and now and then tries what is over."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.soak.chaos.balancer import Balancer, Heard
from tests.soak.chaos.model import (
    Access,
    Answer,
    Bar,
    Circumstances,
    Session,
    Verdict,
    judge_sign_in,
    same_successor,
)
from tests.soak.chaos.processes import ACCESS_SECONDS
from tests.soak.chaos.record import Kind, Record, Sample
from tests.soak.chaos.sign_in import sign_in

THINK_SECONDS: Final = 2.5
PATIENCE_SECONDS: Final = 2.0
"""Before the same is tried again, as ``Retry-After`` asks of clients."""
DRAWER: Final = 12
WEIGHTS: Final = {
    "call": 800,
    "look": 30,
    "refresh": 80,
    "again": 12,
    "twice": 10,
    "probe": 40,
    "replay": 6,
    "sign_out": 22,
}


@dataclass(slots=True)
class Person:
    """``session`` is the one they are in, ``drawer`` are those that are over. ``bar``: an operator
    disabled the account; ``seen`` is told of every access token."""

    username: str
    balancer: Balancer
    record: Record
    what: Circumstances
    draw: random.Random
    seen: Callable[[str], None]
    session: Session | None = None
    drawer: deque[Session] = field(default_factory=lambda: deque(maxlen=DRAWER))
    bar: Bar | None = None
    busy: bool = False

    async def live(self, until: Callable[[], bool]) -> None:
        """Act, think, act; until it is over."""
        actions: dict[str, Callable[[Session], Awaitable[None]]] = {
            name: getattr(self, name) for name in WEIGHTS
        }
        await asyncio.sleep(self.draw.uniform(0, THINK_SECONDS))
        while not until():
            self.busy = True
            if self.session is None:
                await self.sign_in()
            else:
                (name,) = self.draw.choices(list(WEIGHTS), list(WEIGHTS.values()))
                await actions[name](self.session)
            self.busy = False
            await asyncio.sleep(min(self.draw.expovariate(1 / THINK_SECONDS), 4 * THINK_SECONDS))

    async def visit(self) -> None:
        """Sign in with another browser, and forget it."""
        done = await sign_in(self.balancer, self.username)
        answer = Answer(done.sent, done.received, done.status)
        self._note("sign_in", answer, judge_sign_in(answer, self.bar, self.what), 1, why=done.why)

    async def sign_in(self) -> None:
        """A fresh session, where it can be had."""
        done = await sign_in(self.balancer, self.username)
        answer = Answer(done.sent, done.received, done.status)
        verdict = judge_sign_in(answer, self.bar, self.what)
        self._note("sign_in", answer, verdict, 1, why=done.why)
        if done.status == 303 and done.access:
            self.session = self._session(done.access, done.refresh, answer)

    def _session(self, access: str, refresh: str, answer: Answer) -> Session:
        self.seen(access)
        name = payload_of(access)["sid"]
        token = Access(access, answer.sent, answer.received, ACCESS_SECONDS)
        return Session(name, [refresh], [token])

    async def call(self, session: Session) -> None:
        """The API, signed in: what has to be there always. Whoever is told that a token has expired gets
        another one and goes on."""
        verdict = await self._use(session, session.access[-1], "/api/thing", "api")
        if verdict is Verdict.RIGHT and self.record.samples[-1].status == 401 and self.session is session:
            await self.refresh(session)

    async def look(self, session: Session) -> None:
        """What is read from the database at each request."""
        await self._use(session, session.access[-1], "/auth/me", "me")

    async def _use(self, session: Session, access: Access, path: str, kind: Kind) -> Verdict:
        bearer = {"authorization": f"Bearer {access.text}"}
        heard = await self.balancer.ask("GET", path, headers=bearer)
        answer = _answer(heard)
        verdict = session.judge_access(access, answer, self.what)
        if answer.status == 200 and not _is_theirs(heard, access):
            verdict = Verdict.WRONG_ACCEPTANCE
        self._note(kind, answer, verdict, heard.tried, session, why=_why(heard), path=path)
        if verdict is Verdict.WRONG_REFUSAL and kind == "api":
            self.record.signed_out["refused"] += 1
            self._put_away(session)
        return verdict

    async def refresh(self, session: Session) -> None:
        """With the token they hold, again and again until there is an answer, as clients are told to."""
        for _ in range(60):
            answer, _ = await self._present(session, session.tokens[-1], "refresh")
            if answer.status in (200, 400, 401) or session is not self.session:
                return
            await asyncio.sleep(PATIENCE_SECONDS)

    async def again(self, session: Session) -> None:
        """The token before, as somebody whose answer was lost."""
        await self.refresh(session)
        if self.session is session and session.unsure_since is None and len(session.tokens) > 1:
            await asyncio.sleep(self.draw.uniform(0, 4))
            await self._present(session, session.tokens[-2], "refresh")

    async def twice(self, session: Session) -> None:
        """Two tabs at once."""
        token = session.tokens[-1]
        heard = await asyncio.gather(*(self._ask_refresh(token) for _ in range(2)))
        answers = sorted((_answer(each) for each in heard), key=lambda each: each.received)
        if not same_successor(answers):
            self._note("refresh", answers[-1], Verdict.WRONG_ACCEPTANCE, 1, session, why="two successors")
        for each in sorted(heard, key=lambda each: each.received):
            self._judge_refresh(session, token, each, "refresh")

    async def replay(self, session: Session) -> None:
        """A token that was replaced long ago, as a thief would: the session has to end."""
        if len(session.tokens) < 3:
            return
        for _ in range(60):
            answer, _ = await self._present(session, session.tokens[0], "probe")
            if answer.status in (200, 400, 401):
                break
            await asyncio.sleep(PATIENCE_SECONDS)
        self._put_away(session)

    async def sign_out(self, session: Session) -> None:
        """Until it is done."""
        for _ in range(60):
            bearer = {"authorization": f"Bearer {session.access[-1].text}"}
            heard = await self.balancer.ask("POST", "/auth/logout", headers=bearer)
            answer = _answer(heard)
            verdict = session.judge_logout(answer)
            self._note("logout", answer, verdict, heard.tried, session, why=_why(heard))
            if verdict is not Verdict.UNAVAILABLE:
                break
            await asyncio.sleep(PATIENCE_SECONDS)
        self._put_away(session)

    async def probe(self, session: Session) -> None:
        """Something of a session that is over, most often of the latest."""
        if not self.drawer:
            return
        old = self.drawer[-1] if self.draw.random() < 0.6 else self.draw.choice(self.drawer)
        if self.draw.random() < 0.6:
            await self._use(old, self.draw.choice(old.access[-3:]), "/api/thing", "probe")
        else:
            await self._present(old, self.draw.choice(old.tokens[-3:]), "probe")

    async def _present(self, session: Session, token: str, kind: Kind) -> tuple[Answer, Verdict]:
        return self._judge_refresh(session, token, await self._ask_refresh(token), kind)

    async def _ask_refresh(self, token: str) -> Heard:
        return await self.balancer.ask("POST", "/auth/refresh", json={"refresh_token": token})

    def _judge_refresh(
        self, session: Session, token: str, heard: Heard, kind: Kind
    ) -> tuple[Answer, Verdict]:
        answer = _answer(heard)
        verdict = session.judge_refresh(token, answer, self.what)
        self._note(kind, answer, verdict, heard.tried, session, why=_why(heard))
        if answer.status == 200 and heard.answer is not None:
            text = heard.answer.json()["access_token"]
            self.seen(text)
            life = float(heard.answer.json()["expires_in"])
            session.access.append(Access(text, answer.sent, answer.received, life))
        elif answer.status in (400, 401) and session is self.session:
            self.record.signed_out[str(verdict)] += 1
            self._put_away(session)
        return answer, verdict

    def _put_away(self, session: Session) -> None:
        if self.session is session:
            self.session = None
            self.drawer.append(session)

    def _note(
        self,
        kind: Kind,
        answer: Answer,
        verdict: Verdict,
        tried: int,
        session: Session | None = None,
        **details: Any,
    ) -> None:
        sample = Sample(kind, answer.sent, answer.received, answer.status, verdict, tried)
        about = {} if session is None else story(session)
        self.record.note(sample, who=self.username, replica=answer.replica, **about, **details)


def story(session: Session) -> dict[str, Any]:
    """What led to a verdict, without a token."""
    return {
        "session": session.name,
        "generation": len(session.tokens),
        "replaced": [[round(at, 3) for at in each] for each in session.replaced[-2:]],
        "unsure_since": session.unsure_since,
        "ended": [session.ended_from, session.ended_by, session.why],
    }


def payload_of(access: str) -> dict[str, Any]:
    """What an access token says, unchecked."""
    part = access.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return told


def _answer(heard: Heard) -> Answer:
    token = ""
    if heard.answer is not None and heard.status == 200:
        told = heard.answer.json()
        token = told.get("refresh_token", "") if isinstance(told, dict) else ""
    return Answer(heard.sent, heard.received, heard.status, token, heard.replica)


def _is_theirs(heard: Heard, access: Access) -> bool:
    """Whether the caller was taken for whom the token is of."""
    assert heard.answer is not None
    told = heard.answer.json()
    return bool(told.get("of", told.get("user_id")) == payload_of(access.text)["sub"])


def _why(heard: Heard) -> str:
    """What a refusal says of itself."""
    return "" if heard.answer is None or heard.status == 200 else heard.answer.text[:300]
