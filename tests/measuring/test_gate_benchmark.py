"""``benchmarks/gate.py``: what it makes of its measurements, and that it still runs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from threading import Thread

import pytest

from benchmarks import gate
from benchmarks.against_peers.client import LoadClient, UnexpectedAnswer
from benchmarks.against_peers.measurement import Measured, Plan
from benchmarks.against_peers.report import BEGIN, END, Conditions, Run, targets
from benchmarks.against_peers.servers import CannotMeasure, Server
from benchmarks.against_peers.spread import Block, Pair, Spread, spread
from benchmarks.against_peers.subjects import SUBJECTS
from benchmarks.pages import put_between

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def pair(bare_microseconds: float, guarded_microseconds: float) -> Pair:
    """A thousand requests on each route by a server that does nothing else."""
    return Pair(
        *(Block(1000, us / 1e3, us / 1e3, 0.0, 0.001) for us in (bare_microseconds, guarded_microseconds))
    )


def run_of(**guarded_microseconds: float) -> Run:
    """A run in which the bare route cost 100 µs."""
    found: dict[str, Measured] = {}
    for name, us in guarded_microseconds.items():
        pairs = [pair(100, us)]
        found[name] = {"one": pairs, "first": pairs, "many": pairs, "load": pairs}
    conditions = Conditions("2026-01-01", "a machine", 2, 0.0, "h11")
    return Run(conditions, Plan(), {name: {} for name in found}, found)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5.0], Spread(5, 5, 5)),
        ([4.0, 1.0, 3.0, 2.0, 5.0], Spread(3, 2, 4)),
        ([1.0, 2.0], Spread(1.5, 1.25, 1.75)),
        ([1.0, 2.0, 3.0, 4.0, 900.0], Spread(3, 2, 4)),
    ],
)
def test_a_spread_is_median_and_quartiles(values: list[float], expected: Spread) -> None:
    """In whatever order, and an outlier moves neither."""
    assert spread(values) == expected


def test_nothing_measured_has_no_spread() -> None:
    """An empty phase is an error, not a zero."""
    with pytest.raises(ValueError, match="nothing"):
        spread([])


def test_a_pair_gives_one_difference_and_its_ratios() -> None:
    """CPU per request guarded minus bare; requests per second, and per second of CPU, guarded over bare."""
    found = Pair(Block(2000, 1.0, 0.5, 0.0, 0.1), Block(1000, 1.0, 0.75, 0.2, 0.1))
    assert found.added_microseconds == pytest.approx(500)
    assert found.rate_ratio == pytest.approx(0.5)
    assert found.cpu_ratio == pytest.approx(1 / 3)
    assert found.guarded.starved == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ours", "verdicts"), [(120, ["PASS", "PASS"]), (150, ["PASS", "MISS"]), (151, ["MISS", "MISS"])]
)
def test_targets_are_told_as_they_are(ours: float, verdicts: list[str]) -> None:
    """A miss at most half of PyJWT's, 0.80 of the bare route under load; the best peer is named."""
    lines = list(targets(run_of(watchword=ours, pyjwt=200, authx=180)))
    assert [line[2:6] for line in lines] == verdicts
    assert "best peer: authx with 0.56" in lines[1]


def test_targets_need_what_they_compare() -> None:
    """Without PyJWT there is no share of it, without watchword nothing to judge."""
    assert len(list(targets(run_of(watchword=110)))) == 1
    assert not list(targets(run_of(pyjwt=200)))


def test_a_page_gets_the_newest_results_where_it_wants_them() -> None:
    """What stands between the marks is replaced, all else stays; a page without marks is refused."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert put_between(page, "new", begin=BEGIN, end=END) == page.replace("old", "new")
    with pytest.raises(ValueError, match="no place"):
        put_between(page.replace(END, ""), "new", begin=BEGIN, end=END)


@contextmanager
def answering(*segments: bytes) -> Iterator[int]:
    """A server that answers every request on one connection with these, sent apart."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while connection.recv(1024) and segments:
                for segment in segments:
                    connection.sendall(segment)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize("cut", [1, 20, 40, len(ANSWER) - 1, len(ANSWER)])
def test_the_client_reads_answers_that_come_in_parts(cut: int) -> None:
    """And stops where the requests end."""
    with (
        answering(*filter(None, (ANSWER[:cut], ANSWER[cut:]))) as port,
        LoadClient(port, 1, expected_body=b"hi") as client,
    ):
        assert client.drive(repeat(b"x", 3), at_most_seconds=10).requests == 3


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.replace(b"200", b"500"),
        ANSWER.replace(b"hi", b"ho"),
        ANSWER.replace(b"Content-Length", b"Content-Longth"),
        b"",
    ],
)
def test_the_client_refuses_every_other_answer(answer: bytes) -> None:
    """A refusal, another body, no length, a closed connection: none of them counts as a request."""
    with (
        answering(*filter(None, [answer])) as port,
        LoadClient(port, 1, expected_body=b"hi") as client,
        pytest.raises(UnexpectedAnswer),
    ):
        client.drive(repeat(b"x", 3), at_most_seconds=10)


def test_the_benchmark_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """watchword's own server starts, refuses strangers, and passes through every phase."""
    kept = tmp_path / "gate.json"
    smallest = ["--quick", "--rounds", "1", "--tokens", "20", "--subjects", "watchword"]
    assert gate.main([*smallest, "--json", str(kept)]) == 0
    assert "| watchword | ES256, revocation" in capsys.readouterr().out
    phases = json.loads(kept.read_text())["subjects"]["watchword"]["phases"]
    assert {name: len(pairs) for name, pairs in phases.items()} == dict.fromkeys(
        ("one", "first", "many", "load"), 1
    )
    assert phases["first"][0]["guarded"]["requests"] == 20


@pytest.fixture
def silent_process() -> Iterator[subprocess.Popen[str]]:
    """It says nothing, and ends with its input."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def test_a_guard_that_lets_in_strangers_is_not_measured(silent_process: subprocess.Popen[str]) -> None:
    """A route that nobody guards would win every comparison."""
    server = Server(SUBJECTS["pyjwt"], silent_process)
    with answering(ANSWER) as server.port:
        server.credentials = ["Authorization: Bearer " + "x" * 60]
        with pytest.raises(UnexpectedAnswer, match="pyjwt answered 200 to a stranger"):
            server.refuse_strangers()


def test_a_server_that_ends_is_an_error(silent_process: subprocess.Popen[str]) -> None:
    """Not an endless wait, and not a figure."""
    server = Server(SUBJECTS["pyjwt"], silent_process)
    server.stop()
    assert silent_process.returncode == 0
    with pytest.raises((CannotMeasure, ValueError)):
        server.cpu_seconds()


def test_an_unknown_subject_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen starts nothing."""
    with pytest.raises(SystemExit) as ended:
        gate.main(["--subjects", "watchwrod"])
    assert ended.value.code == 2
    assert "unknown: watchwrod" in capsys.readouterr().err
