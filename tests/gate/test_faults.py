"""X-18: a fault at any step of the chain, one after the other, and the endpoint never runs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import watchword
from tests.gate.chain import Chain, running_chain
from tests.gate.own_service import ACCESS_COOKIE

SOURCES = str(Path(watchword.__file__).parent)
SECRET = "canary-of-a-fault"


GATE = {
    *("auth_middleware", "caller", "gate", "marks", "route_table", "own_routes"),
    *("dispatch", "admission", "decorators"),
}
"""Modules whose own frames a fault may break: then the server answers 500 for them."""

AFTERWARDS = frozenset({"_was_read", "_forget"})
"""Callbacks of finished tasks: they belong to no request, and what they raise reaches nobody."""

Asked = tuple[str, str, dict[str, str]]


@contextmanager
def at_each_function(act: Callable[[str], None]) -> Iterator[None]:
    """``act`` whenever a function of ours is called or goes on, with its module and name."""

    def tracer(frame: FrameType, event: str, _arg: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(SOURCES) and not _is_afterwards(frame):
            act(f"{Path(code.co_filename).stem}.{code.co_qualname}")

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        yield
    finally:
        sys.settrace(before)


def _is_afterwards(frame: FrameType) -> bool:
    caller = frame.f_back.f_code.co_name if frame.f_back else ""
    return not AFTERWARDS.isdisjoint((frame.f_code.co_name, caller))


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as made:
        yield made


def by_seen_token(chain: Chain) -> Asked:
    return "GET", "/live", {"authorization": f"Bearer {chain.token}"}


def by_new_token(chain: Chain) -> Asked:
    return "GET", "/live", {"authorization": f"Bearer {chain.new_token()}"}


def by_cookie(chain: Chain) -> Asked:
    cookie = f"{ACCESS_COOKIE}={chain.new_token()}"
    return "POST", "/change", {"cookie": cookie, "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    ("asking", "fewest_steps"), [(by_seen_token, 50), (by_new_token, 80), (by_cookie, 70)]
)
async def test_x_18_a_fault_at_any_step_is_never_a_200(
    chain: Chain, asking: Callable[[Chain], Asked], fewest_steps: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Every function on the way from the first byte to the endpoint fails once: 503, the endpoint does
    not run, and what the fault says is told to nobody; then everything works as before."""
    steps: dict[str, None] = {}
    await chain.ask(*asking(chain))

    def note(step: str) -> None:
        if not chain.ran:
            steps[step] = None

    await chain.later()
    asked = asking(chain)
    with at_each_function(note):
        assert (await chain.ask(*asked)).status_code == 200
    assert len(steps) >= fewest_steps
    for broken in steps:
        reached: list[str] = []

        def fail(step: str, broken: str = broken, reached: list[str] = reached) -> None:
            if step == broken and not reached:
                reached.append(step)
                raise RuntimeError(SECRET)

        for _ in range(3):  # the first may be served by a reading of the round before
            await chain.later()
            asked = asking(chain)
            with at_each_function(fail):
                answer = await chain.ask(*asked)
            if reached:
                break
        allowed = {503, 500} if broken.partition(".")[0] in GATE else {503}
        assert reached, broken
        assert (answer.status_code in allowed, chain.ran) == (True, []), broken
        assert SECRET not in answer.text
    assert SECRET not in "".join(each.getMessage() for each in caplog.records if each.name == "watchword")
    await chain.later()
    assert (await chain.ask(*asking(chain))).status_code == 200
