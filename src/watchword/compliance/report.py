"""A report: four checkpoints, each with what is claimed, what shows it, and who must judge it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

FORMAT: Final = "watchword-compliance-report/1"
"""Grows by one when a field goes or changes its meaning; new fields may come at any time."""

State = Literal["met", "attention", "open"]
"""``met``: what is claimed holds, as far as the evidence says. ``attention``: something here should be
changed or looked into. ``open``: nothing shows it, or somebody has to judge it who has not yet."""
STATES: Final[tuple[State, ...]] = get_args(State)
How = Literal["code", "deployment"]
"""``code``: the same wherever this version runs, shown by its tests. ``deployment``: read here and now."""
DatabaseState = Literal["read", "away", "migration_needed"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is claimed. ``tests`` are below ``tests/`` of the source distribution's repository;
    ``judge`` is None where nobody further has to."""

    id: str
    claim: str
    evidence: str
    how: How
    state: State
    judge: str | None = None
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows behind an item. ``columns`` are names for programs and headings for people."""

    id: str
    caption: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]

    def as_json(self) -> Mapping[str, Any]:
        names = [name for name, _ in self.columns]
        rows = [dict(zip(names, row, strict=True)) for row in self.rows]
        return {"id": self.id, "caption": self.caption, "rows": rows}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One of the four."""

    id: str
    title: str
    judge: str
    items: tuple[Item, ...]
    tables: tuple[Table, ...] = ()

    @property
    def states(self) -> Mapping[State, int]:
        """How many items stand how."""
        counted = Counter(item.state for item in self.items)
        return {state: counted[state] for state in STATES}

    def as_json(self) -> Mapping[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "judge": self.judge,
            "states": self.states,
            "items": [_item(each) for each in self.items],
            "tables": [each.as_json() for each in self.tables],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Of one deployment at one moment. ``database_says`` is why the database could not be read, None where
    it could."""

    made_at: datetime
    version: str
    service: str
    environment: str
    database: str
    database_state: DatabaseState
    database_says: str | None
    checkpoints: Sequence[Checkpoint]

    def not_met(self) -> Iterator[Item]:
        """What somebody has to do something about, attention first."""
        items = [item for checkpoint in self.checkpoints for item in checkpoint.items]
        for state in STATES[1:]:
            yield from (item for item in items if item.state == state)

    def as_json(self) -> Mapping[str, Any]:
        return {
            "format": FORMAT,
            "made_at": self.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "watchword": self.version,
            "service": self.service,
            "environment": self.environment,
            "database": {
                "kind": self.database,
                "state": self.database_state,
                "says": self.database_says,
            },
            "checkpoints": [each.as_json() for each in self.checkpoints],
        }


def _item(item: Item) -> Mapping[str, Any]:
    return {
        "id": item.id,
        "claim": item.claim,
        "evidence": item.evidence,
        "how": item.how,
        "state": item.state,
        "judge": item.judge,
        "tests": list(item.tests),
    }
