"""Resolving references: each secret is asked for once, all at the same time, and never for long."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from watchword.config.references import Failure, Reference, SecretSource, SecretValue
from watchword.config.secret_sources import BUILT_IN, MAX_BYTES, make_source
from watchword.errors import SecretUnavailable
from watchword.protocol.strict_json import MalformedJson, loads_object

SECONDS_FOR_FEW: Final = 5.0
SECONDS_FOR_MANY: Final = 10.0
"""What one resolution takes at most, with up to WORKERS secrets and with more."""
WORKERS: Final = 16

_AT_HAND: Final = "env"
"""The one scheme that nobody can keep waiting: a file may be a pipe, or on a disk that hangs."""

Whole = tuple[str, str]
"""The scheme and name of a secret."""
Answer = SecretValue | Failure


@dataclass(slots=True)
class _Round:
    """One reading of some secrets: those nobody has begun with, those somebody has, and what came."""

    waiting: list[Whole]
    previous: bool
    begun: set[Whole] = field(default_factory=set)
    answered: queue.SimpleQueue[tuple[Whole, Answer]] = field(default_factory=queue.SimpleQueue)


class Resolver:
    """Keeps the places it has asked, so that asking again is cheap. Synchronous, safe to share between
    threads; it never raises. A secret that hangs costs one thread, however often it is asked for."""

    def __init__(
        self,
        make: Callable[[str], SecretSource] = make_source,
        *,
        seconds: float | None = None,
    ) -> None:
        self._make = make
        self._seconds = seconds
        self._sources: dict[str, SecretSource] = {}
        self._making = threading.Lock()
        self._counting = threading.Lock()
        self._hanging: set[Whole] = set()

    def resolve(
        self, references: Iterable[Reference], *, previous: bool = False
    ) -> Mapping[Reference, Answer]:
        """A value or a failure for each reference. ``previous`` also asks for the version before, which
        costs one more request a secret."""
        wanted = list(dict.fromkeys(references))
        wholes = self._read_all(list(dict.fromkeys((each.scheme, each.name) for each in wanted)), previous)
        return {each: _part(each, wholes[each.scheme, each.name]) for each in wanted}

    def _read_all(self, names: Sequence[Whole], previous: bool) -> Mapping[Whole, Answer]:
        near = [each for each in names if each[0] == _AT_HAND]
        far = [each for each in names if each[0] != _AT_HAND]
        read = {each: self._read(each, previous) for each in near}
        return {**read, **self._read_together(far, previous)} if far else read

    def _read_together(self, names: Sequence[Whole], previous: bool) -> Mapping[Whole, Answer]:
        """In threads that nobody waits for longer than the time there is, not even the process's end."""
        seconds = self._seconds or (SECONDS_FOR_FEW if len(names) <= WORKERS else SECONDS_FOR_MANY)
        with self._counting:
            round_ = _Round([each for each in names if each not in self._hanging], previous)
        asked = len(round_.waiting)
        for _ in range(min(WORKERS, asked)):
            threading.Thread(target=self._work, args=(round_,), name="watchword-secrets", daemon=True).start()
        read: dict[Whole, Answer] = {}
        end = time.monotonic() + seconds
        while len(read) < asked:
            try:
                name, answer = round_.answered.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            read[name] = answer
        self._give_up(round_)
        late = Failure(
            f"it did not answer within {seconds:g} seconds; check that it can be reached from here"
        )
        return {each: read.get(each, late) for each in names}

    def _work(self, round_: _Round) -> None:
        while True:
            with self._counting:
                if not round_.waiting:
                    return
                name = round_.waiting.pop(0)
                round_.begun.add(name)
            answer = self._read(name, round_.previous)
            with self._counting:
                round_.begun.discard(name)
                self._hanging.discard(name)
            round_.answered.put((name, answer))

    def _give_up(self, round_: _Round) -> None:
        """What is being read still is not begun with again until that has ended."""
        with self._counting:
            round_.waiting.clear()
            self._hanging |= round_.begun

    def _read(self, whole: Whole, previous: bool) -> Answer:
        scheme, name = whole
        try:
            return self._source(scheme).read(name, previous=previous)
        except SecretUnavailable as error:
            return Failure(error.detail)
        except Exception as error:
            return Failure(f"what reads {scheme}: failed with {type(error).__name__}")

    def _source(self, scheme: str) -> SecretSource:
        with self._making:
            if scheme not in self._sources:
                self._sources[scheme] = self._make(scheme)
            return self._sources[scheme]


def _part(reference: Reference, whole: Answer) -> Answer:
    """What the reference means of a whole secret: all of it, or the text at its key."""
    if isinstance(whole, Failure):
        return whole
    if reference.scheme in BUILT_IN:
        return whole
    try:
        current = _text(whole.current, reference.key)
    except ValueError as fault:
        return Failure(str(fault))
    previous = None
    if whole.previous is not None:
        try:
            previous = _text(whole.previous, reference.key)
        except ValueError:
            previous = None
    return SecretValue(current, previous, whole.version, whole.exposed_file)


def _text(whole: Any, key: str | None) -> str:
    """Raises ValueError with the cause."""
    if not isinstance(whole, str):
        raise ValueError("it holds bytes; keep it as text")
    if len(whole.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ValueError("it is larger than a secret can be")
    text = whole.rstrip("\r\n") if key is None else _member(whole, key)
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _member(whole: str, key: str) -> str:
    if not key:
        raise ValueError("it names no key after the #")
    try:
        members = loads_object(whole.encode("utf-8", "surrogatepass"), max_bytes=MAX_BYTES)
    except MalformedJson as fault:
        raise ValueError(f"it is no JSON object with keys ({fault}); refer to it without #") from None
    if key not in members:
        raise ValueError(f"it has no key {key!r}; add it, or mend the reference")
    if not isinstance(members[key], str):
        raise ValueError(f"it has no text at {key!r}; write the value in quotes")
    return str(members[key])
