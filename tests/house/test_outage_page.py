"""``docs/operations/outage.md`` says the numbers that the code has, all of them, and no others."""

from __future__ import annotations

import dataclasses
import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final, NamedTuple

import annotated_types
import pytest
from pydantic import BaseModel

from tests.house.tree import ROOT
from watchword.auth import provider_watch
from watchword.errors import WatchwordError
from watchword.protocol.breaker import BreakerPolicy
from watchword.transport import bulkhead, retry_budget

ROW = re.compile(r"^\| (?P<knob>[^|]+?) \| (?P<value>[^|]+?) \| (?P<source>[^|]+?) \|$", re.MULTILINE)
HEAD = re.compile(r"^\| [^|]+ \| (?:value|calls) \|", re.MULTILINE)
UNITS: Final[Mapping[str, float]] = {
    "": 1,
    "%": 0.01,
    "ms": 0.001,
    "s": 1,
    "min": 60,
    "h": 3600,
    "d": 86_400,
}
VALUE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?: (\S+))?")
WITH_UNIT = re.compile(r"\b([0-9]+(?:\.[0-9]+)?) (%|ms|s|min|h|d|seconds?|minutes?|hours?|days?)(?![\w-])")
GOAL = "at most 15 s after the provider is back"
"""A goal of the benchmark, not a setting of the code."""

COMPUTED: Final[Mapping[str, Callable[[], float]]] = {
    "the bounds of the crowd": lambda: bulkhead.IN_FLIGHT + bulkhead.QUEUED,
    "failures in a row": lambda: BreakerPolicy().failures_in_a_row,
    "the floor of the budget": lambda: retry_budget.FLOOR,
    "the shortest interval between looks": lambda: looks(),
    "the shortest such time": lambda: probes(),
    "looks and probes": lambda: looks() + probes(),
}


class Row(NamedTuple):
    """One line of a table with numbers."""

    knob: str
    value: str
    source: str


def at_most_a_minute(seconds: float, jitter_share: float) -> int:
    """How often something happens whose shortest interval is this."""
    return math.ceil(60 / (seconds * (1 - jitter_share)))


def looks() -> int:
    return at_most_a_minute(provider_watch.LOOK_SECONDS, provider_watch.JITTER_SHARE)


def probes() -> int:
    return at_most_a_minute(BreakerPolicy().max_open_seconds, BreakerPolicy().jitter_share)


def page() -> str:
    return (ROOT / "docs" / "operations" / "outage.md").read_text(encoding="utf-8")


def tables() -> Iterator[str]:
    """The tables that have numbers."""
    for block in page().split("\n\n"):
        if HEAD.match(block.strip("\n")):
            yield block


def rows() -> list[Row]:
    lines = [line for table in tables() for line in table.strip("\n").splitlines()[2:]]
    found = [ROW.fullmatch(line) for line in lines]
    assert all(found), "a row that cannot be read"
    return [Row(*each.groups()) for each in found if each is not None]


def read(value: str) -> float:
    """A number with its unit, in the unit the code uses."""
    found = VALUE.fullmatch(value)
    assert found is not None, value
    return float(found[1]) * UNITS[found[2] or ""]


def defined(source: str) -> float:
    """What the code says: a constant, the default of a field, a bound of a setting, or how long an error
    asks people to wait."""
    if source in COMPUTED:
        return COMPUTED[source]()
    parts = source.strip("`").split(".")
    found: Any = importlib.import_module("watchword")
    for place, name in enumerate(parts):
        if isinstance(found, ModuleType):
            dotted = ".".join(("watchword", *parts[: place + 1]))
            found = getattr(found, name) if hasattr(found, name) else importlib.import_module(dotted)
        else:
            found = member(found, name)
    if isinstance(found, type) and issubclass(found, WatchwordError):
        found = found().retry_after_seconds
    if hasattr(found, "default") and hasattr(found, "metadata"):
        found = found.default
    assert isinstance(found, int | float), f"{source} is no number"
    return found


def member(found: Any, name: str) -> Any:
    """A field of a dataclass or of settings, or a bound of one."""
    if isinstance(found, type) and issubclass(found, BaseModel):
        return found.model_fields[name]
    if isinstance(found, type) and dataclasses.is_dataclass(found):
        return {each.name: each for each in dataclasses.fields(found)}[name]
    assert name == "le", name
    (bound,) = [each.le for each in found.metadata if isinstance(each, annotated_types.Le)]
    return bound


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.source.strip("`"))
def test_a_number_of_the_page_is_the_codes(row: Row) -> None:
    """Change one and not the other, and this fails."""
    assert read(row.value) == pytest.approx(defined(row.source)), row.knob


def test_every_knob_is_on_the_page() -> None:
    """Nobody adds a number that changes an outage without saying so: every public one of the modules that
    the page names is there, and the whole policy of the breaker."""
    told = {row.source.strip("`") for row in rows()} - COMPUTED.keys()
    modules = {source.rpartition(".")[0] for source in told if source.rpartition(".")[2].isupper()}
    named = {f"{module}.{name}" for module in modules for name in numbers_of(module)}
    policy = {f"protocol.breaker.BreakerPolicy.{each.name}" for each in dataclasses.fields(BreakerPolicy)}
    assert len(modules) >= 12
    assert named | policy <= told


def numbers_of(module: str) -> list[str]:
    """The public numbers that a module defines itself."""
    source = (ROOT / "src" / "watchword" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z][A-Z_]*): Final = [0-9]", source, re.MULTILINE)


def test_the_text_around_has_no_numbers_of_its_own() -> None:
    """A duration or share in a sentence is one of the tables', word for word."""
    text = page().replace(GOAL, "")
    for table in tables():
        text = text.replace(table, "")
    assert not [found[0] for found in WITH_UNIT.finditer(text)]


def test_the_goal_is_the_benchmarks() -> None:
    """What people are promised is what is measured."""
    from benchmarks.through_outage.plan import MAX_RECOVERY_SECONDS

    assert GOAL in " ".join(page().split())
    assert f"at most {MAX_RECOVERY_SECONDS:g} s" in GOAL


def test_a_wrong_number_would_be_noticed() -> None:
    """The test itself: units count, and a table cannot lose its rows unseen."""
    assert read("500 ms") == 0.5
    assert read("7 d") == defined("`auth.provider_metadata.STALE_SECONDS`")
    assert read("8 d") != defined("`auth.provider_metadata.STALE_SECONDS`")
    assert len(rows()) >= 50
    assert len({row.source for row in rows()}) == len(rows())
