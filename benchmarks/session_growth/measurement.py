"""Everything in turn: load, measure, stop."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.session_growth.blocks import Block, Turn, drive
from benchmarks.session_growth.cleaning import CleaningPair, through_cleanup
from benchmarks.session_growth.cluster import Cluster, running_cluster
from benchmarks.session_growth.manager import Refreshing, refreshing
from benchmarks.session_growth.pgbench import Pgbench
from benchmarks.session_growth.plan import SESSIONS_EACH, Plan
from benchmarks.session_growth.population import add_expired, fill_postgresql, fill_sqlite
from benchmarks.session_growth.sign_ins import callback_milliseconds
from benchmarks.session_growth.two_statements import two_statements

Tell = Callable[[str], None]
_SIZE: Final = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN"
_SESSIONS: Final = "('ww_sessions')"
_ALL: Final = "('ww_sessions', 'ww_users', 'ww_identities')"


@dataclass(slots=True)
class Found:
    """``rounds`` have a block of each contender; the growths have, for each size, a block of each round;
    ``bytes_each`` is on disk, for a session alone and with its account."""

    rounds: list[Mapping[str, Block]] = field(default_factory=list)
    growth: dict[int, list[Block]] = field(default_factory=dict)
    sqlite_growth: dict[int, list[Block]] = field(default_factory=dict)
    sqlite_refresh: list[Block] = field(default_factory=list)
    cleaning: list[CleaningPair] = field(default_factory=list)
    bytes_each: dict[str, float] = field(default_factory=dict)
    sign_ins: list[float] = field(default_factory=list)


async def measure(plan: Plan, tell: Tell) -> Found:
    """Raises CannotMeasure, and what a database that fails raises."""
    found = Found()
    with running_cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            opened: dict[int, Refreshing] = {}
            for size in plan.sizes if {"growth", "cleanup"} & set(plan.parts) else plan.sizes[:1]:
                tell(f"loading {size:,} sessions into PostgreSQL")
                url = cluster.create(_name(size))
                fill_postgresql(cluster, _name(size), size)
                opened[size] = await stack.enter_async_context(refreshing(url, size))
            await _on_postgresql(cluster, opened, plan, found, tell)
        if "sqlite" in plan.parts:
            await _on_sqlite(Path(folder), plan, found, tell)
        if "sign-in" in plan.parts:
            tell(f"{plan.sign_ins} sign-ins")
            found.sign_ins = await callback_milliseconds(cluster.create("sign_ins"), plan.sign_ins)
    return found


async def _on_postgresql(
    cluster: Cluster, opened: Mapping[int, Refreshing], plan: Plan, found: Found, tell: Tell
) -> None:
    smallest, largest = min(opened), max(opened)
    for kind, tables in (("session", _SESSIONS), ("session and account", _ALL)):
        size = int(cluster.sql(f"{_SIZE} {tables}", database=_name(largest)))
        found.bytes_each[kind] = size / largest
    if "rates" in plan.parts:
        await _rates(cluster, opened[smallest], smallest, plan, found, tell)
    if "growth" in plan.parts:
        tell("growth on PostgreSQL")
        found.growth = await grown(opened, plan)
    if "cleanup" in plan.parts:
        tell(f"loading {plan.expired:,} expired sessions")
        database = _name(largest)
        add_expired(cluster, database, first=largest + 1, sessions=plan.expired, people=largest)
        tell("refreshes without and with the cleanup")
        numbers = random.Random(2).sample(range(1, largest + 1), plan.refreshes_in_a_block)
        found.cleaning = await through_cleanup(opened[largest], numbers, plan)


async def _rates(
    cluster: Cluster, product: Refreshing, size: int, plan: Plan, found: Found, tell: Tell
) -> None:
    """Each round has a block of each contender, and begins with another of them."""
    bare, rotated, carried, refreshed, other = groups(size, plan.clients, 5)
    await product.hand_out([number for group in (*carried, *refreshed) for number in group])
    program = Pgbench(cluster, _name(size), bare)
    async with two_statements(cluster, _name(size), plan.clients) as design:
        contenders: dict[str, Callable[[], Awaitable[Block]]] = {
            "pgbench": lambda: asyncio.to_thread(program.run, plan.seconds),
            "rotation": lambda: _block(
                plan, lambda client, place: product.rotate(_of(rotated[client], place))
            ),
            "manager": lambda: _block(
                plan, lambda client, place: product.carry_on(_of(carried[client], place))
            ),
            "refresh": lambda: _block(
                plan, lambda client, place: product.refresh(_of(refreshed[client], place))
            ),
            "two statements": lambda: _block(
                plan, lambda client, place: design.rotate(client, _of(other[client], place))
            ),
        }
        names = list(contenders)
        for number in range(plan.pairs):
            tell(f"rates: round {number + 1} of {plan.pairs}")
            order = names[number % len(names) :] + names[: number % len(names)]
            found.rounds.append({name: await contenders[name]() for name in order})


async def grown(opened: Mapping[int, Refreshing], plan: Plan) -> dict[int, list[Block]]:
    """The rotation alone, of any session, in databases of every size in turn; the first round, in which
    nothing is warm, does not count."""
    blocks: dict[int, list[Block]] = {size: [] for size in opened}
    for number in range(plan.pairs + 1):
        for size in sorted(opened, reverse=number % 2 == 0):
            blocks[size].append(await _any_of(opened[size], plan))
    return {size: found[1:] for size, found in blocks.items()}


async def _on_sqlite(folder: Path, plan: Plan, found: Found, tell: Tell) -> None:
    async with AsyncExitStack() as stack:
        opened: dict[int, Refreshing] = {}
        for size in plan.sizes:
            tell(f"loading {size:,} sessions into SQLite")
            file = folder / f"{_name(size)}.db"
            await asyncio.to_thread(fill_sqlite, file, size)
            opened[size] = await stack.enter_async_context(refreshing(f"sqlite:///{file}", size))
        found.bytes_each["SQLite, session and account"] = file.stat().st_size / size
        smallest = min(opened)
        (refreshed,) = groups(smallest, plan.clients, 1)
        await opened[smallest].hand_out([number for group in refreshed for number in group])
        tell("growth on SQLite")
        found.sqlite_growth = await grown(opened, plan)
        found.sqlite_refresh = [
            await _block(plan, lambda client, place: opened[smallest].refresh(_of(refreshed[client], place)))
            for _ in range(plan.pairs)
        ]


def groups(size: int, clients: int, kinds: int) -> list[list[list[int]]]:
    """Sessions to rotate: for each kind of rotation and each client its own, anywhere among all."""
    each = min(SESSIONS_EACH, size // (clients * kinds))
    drawn = iter(random.Random(1).sample(range(1, size + 1), kinds * clients * each))
    return [[[next(drawn) for _ in range(each)] for _ in range(clients)] for _ in range(kinds)]


async def _any_of(product: Refreshing, plan: Plan) -> Block:
    return await _block(plan, lambda client, place: product.rotate_any())


async def _block(plan: Plan, turn: Turn) -> Block:
    return await drive(turn, clients=plan.clients, seconds=plan.seconds)


def _of(group: Sequence[int], place: int) -> int:
    """One after another, over and over."""
    return group[place % len(group)]


def _name(size: int) -> str:
    return f"sessions_{size}"
