"""``docs/security/leak.md`` as something to follow: a section's settings, commands and answers, in order."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.flows.commands import command
from tests.flows.conftest import Service
from tests.house.test_docs import titles
from tests.house.tree import ROOT

PAGE: Final = "docs/security/leak.md"
ANYTHING: Final = "…"
_BLOCK = re.compile(r"^```(sh|ini|json|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class Runbook:
    """One section. ``step`` goes on to the next block that is no answer; whatever answer the page shows
    behind it has to come. ``replicas`` are where ``curl`` asks: each of them, and all alike."""

    section: str
    replicas: list[Service]
    patch: pytest.MonkeyPatch
    values: dict[str, str]
    exit_code: int = 0
    said: str = ""
    _blocks: Iterator[tuple[str, str]] = field(init=False)
    _ahead: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        text = (ROOT / PAGE).read_text(encoding="utf-8")
        own = re.split(r"^## ", text, flags=re.MULTILINE)[1:][titles(text).index(self.section)]
        self._blocks = iter(_BLOCK.findall(own))
        self._ahead = next(self._blocks, None)

    def step(self, *, exit_code: int = 0) -> None:
        assert self._ahead is not None, "the section has no further step"
        kind, block = self._ahead
        self._ahead = next(self._blocks, None)
        if kind == "ini":
            self._set(block)
            return
        assert kind == "sh", f"an answer without a command: {block}"
        for line in block.splitlines():
            self._run(line)
        assert self.exit_code == exit_code, self.said
        if self._ahead is not None and self._ahead[0] in ("json", "text"):
            self._compare(*self._ahead)
            self._ahead = next(self._blocks, None)

    @property
    def finished(self) -> bool:
        return self._ahead is None

    def _set(self, block: str) -> None:
        """These settings, and of the secret keys no others."""
        self.patch.delenv("WATCHWORD_SECRET_KEY_PREVIOUS", raising=False)
        for line in block.splitlines():
            name, _, value = line.partition("=")
            self.patch.setenv(name, self.values[value])

    def _run(self, line: str) -> None:
        for name, value in self.values.items():
            self.patch.setenv(name, value)
        words = [self._expanded(word) for word in shlex.split(line)]
        match words[0]:
            case "watchword":
                result = command(*words[1:])
                self.exit_code, self.said = result.exit_code, result.stdout or result.output
            case "curl":
                self.exit_code, self.said = 0, self._asked(words)
            case _:
                done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
                self.exit_code, self.said = done.returncode, done.stdout

    def _asked(self, words: list[str]) -> str:
        """The status, the same at each replica."""
        headers = dict(word.split(": ", 1) for word in words if ": " in word)
        path = words[-1].removeprefix(self.values["BASE_URL"])
        answers = {each.client.get(path, headers=headers).status_code for each in self.replicas}
        assert len(answers) == 1, answers
        return f"{answers.pop()}\n"

    def _expanded(self, word: str) -> str:
        return re.sub(r"\$([A-Z_]+)", lambda name: self.values[name[1]], word)

    def _compare(self, kind: str, expected: str) -> None:
        if kind == "json":
            assert _fits(json.loads(self.said), json.loads(expected)), self.said
            return
        lines = [" ".join(line.split()) for line in self.said.splitlines()]
        for line in expected.splitlines():
            wanted = re.escape(" ".join(line.split())).replace(re.escape(ANYTHING), ".+")
            assert any(re.fullmatch(wanted, each) for each in lines), self.said


def _fits(said: Any, shown: Any) -> bool:
    """Equal, where the page leaves nothing open."""
    if shown == ANYTHING:
        return bool(said)
    if isinstance(shown, dict):
        return said.keys() == shown.keys() and all(_fits(said[name], shown[name]) for name in shown)
    if isinstance(shown, list):
        return len(said) == len(shown) and all(map(_fits, said, shown))
    return bool(said == shown)
