"""Promises of resolving: bounded, together, whatever a place does; and places that others add."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from watchword import Settings
from watchword.config.references import Failure, Reference, SecretSource, SecretValue
from watchword.config.resolver import Resolver
from watchword.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.servers.aws import Aws
    from tests.servers.key_value import KeyValueServer

pytest_plugins = ["tests.servers.moto", "tests.servers.key_value"]

CANARY = "canary-5b1f9c"
CURRENT, BEFORE = f"{CANARY}-2", f"{CANARY}-1"


class Shelf:
    """A place with these secrets; another name is a defect of it."""

    def __init__(self, held: Mapping[str, str], gate: threading.Event | None = None) -> None:
        self._held = held
        self._gate = gate

    def read(self, name: str, *, previous: bool) -> SecretValue:
        if self._gate is not None and name == "slow":
            self._gate.wait(10)
        return SecretValue(self._held[name])


def test_a_place_that_hangs_holds_nobody_up() -> None:
    """What the others answer counts; the rest is a failure when the time is over."""
    gate = threading.Event()
    resolver = Resolver(lambda _: Shelf({"quick": "x", "slow": "y"}, gate), seconds=0.2)
    quick, slow = Reference("shelf", "quick"), Reference("shelf", "slow")
    answers = resolver.resolve([slow, quick])
    gate.set()
    assert answers[quick] == SecretValue("x")
    assert answers[slow] == Failure(
        "it did not answer within 0.2 seconds; check that it can be reached from here"
    )


def test_a_secret_that_hangs_costs_one_thread() -> None:
    """However often it is asked for, until it has answered; from then on it is asked again."""
    gate, calls = threading.Event(), queue.SimpleQueue[str]()

    class Stuck:
        def read(self, name: str, *, previous: bool) -> SecretValue:
            calls.put(name)
            gate.wait(10)
            return SecretValue("x")

    resolver, stuck = Resolver(lambda _: Stuck(), seconds=0.05), Reference("shelf", "stuck")
    for _ in range(5):
        assert isinstance(resolver.resolve([stuck])[stuck], Failure)
    assert calls.qsize() == 1
    gate.set()
    for each in threading.enumerate():
        if each.name == "watchword-secrets":
            each.join(5)
    assert resolver.resolve([stuck])[stuck] == SecretValue("x")


def test_a_file_that_hangs_is_a_failure(tmp_path: Path) -> None:
    """A pipe that nobody writes to, as a disk of the network that is gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reference = Reference("file", str(pipe))
    answers = Resolver(seconds=0.05).resolve([reference])
    os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
    assert isinstance(answers[reference], Failure)


def test_a_hung_vault_stops_the_start_with_its_name(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts and says nothing."""
    key_value.keep("app", {"key": CANARY})
    gate = key_value.hang()
    reference = Reference("vault", "secret/app", "key")
    answers = Resolver(seconds=0.2).resolve([reference])
    gate.set()
    assert isinstance(answers[reference], Failure)


def test_more_secrets_than_threads_are_all_read() -> None:
    """Each once, and every reference gets its own."""
    held = {str(number): f"v{number}" for number in range(40)}
    references = [Reference("shelf", name) for name in held]
    answers = Resolver(lambda _: Shelf(held)).resolve(references * 2)
    assert answers == {each: SecretValue(held[each.name]) for each in references}


def test_a_place_with_a_defect_is_a_failure_without_its_words() -> None:
    """Whatever it raises; nothing of its message is repeated."""

    def defect(_: str) -> SecretSource:
        raise RuntimeError(CANARY)

    reference = Reference("shelf", CANARY)
    assert Resolver(defect).resolve([reference]) == {
        reference: Failure("what reads shelf: failed with RuntimeError")
    }
    assert Resolver(lambda _: Shelf({})).resolve([reference]) == {
        reference: Failure("what reads shelf: failed with KeyError")
    }


def test_the_version_before_comes_where_it_is_asked_for(aws: Aws, key_value: KeyValueServer) -> None:
    """From AWS the stage ``AWSPREVIOUS``, from Vault the version one lower; unless there is none."""
    for value in (BEFORE, CURRENT):
        aws.keep("rolled", f'{{"it": "{value}"}}')
        key_value.keep("rolled", {"it": value})
    aws.keep("new", CURRENT)
    rolled = [Reference("aws-sm", "rolled", "it"), Reference("vault", "secret/rolled", "it")]
    new = Reference("aws-sm", "new")
    resolver = Resolver()
    both = resolver.resolve([*rolled, new], previous=True)
    for each in rolled:
        answer = both[each]
        assert isinstance(answer, SecretValue)
        assert (answer.current, answer.previous) == (CURRENT, BEFORE)
        assert answer.version
        assert CANARY not in repr(answer)
    answer = both[new]
    assert isinstance(answer, SecretValue)
    assert answer.previous is None
    plain = resolver.resolve(rolled)[rolled[0]]
    assert isinstance(plain, SecretValue)
    assert plain.previous is None


def distribution(folder: Path, name: str, scheme: str, body: str) -> None:
    """An installed package that adds a scheme."""
    (folder / f"{name}.py").write_text(body)
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[watchword.secret_sources]\n{scheme} = {name}:Place\n")


PLACE = """
from watchword.config.references import SecretValue

class Place:
    def read(self, name, *, previous):
        return SecretValue('{"key": "from ' + name + '"}')
"""


def test_another_distribution_adds_a_scheme(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its entry point, keys included."""
    distribution(tmp_path, "ww_test_place", "ww-test", PLACE)
    assert Settings(audience="ww-test:there#key").audience == "ww-test:there#key"
    monkeypatch.syspath_prepend(tmp_path)
    assert Settings(audience="ww-test:there#key").audience == "from there"


def test_a_scheme_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Claimed twice, or not importable; what is built in cannot be taken over."""
    monkeypatch.setenv("NAME", "ours")
    distribution(tmp_path, "ww_test_one", "ww-twice", PLACE)
    distribution(tmp_path, "ww_test_two", "ww-twice", PLACE)
    distribution(tmp_path, "ww_test_broken", "ww-broken", "import ww_test_missing")
    distribution(tmp_path, "ww_test_env", "env", PLACE)
    monkeypatch.syspath_prepend(tmp_path)
    for reference, cause in {
        "ww-twice:x": "both say they read",
        "ww-broken:x": "ModuleNotFoundError",
    }.items():
        with pytest.raises(ConfigurationError, match=cause):
            Settings(audience=reference)
    assert Settings(audience="env:NAME").audience == "ours"
