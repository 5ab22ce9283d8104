"""ASVS 16.1.1: what is logged and what goes on the audit trail is a list, and the list is true."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.house.log_lists import PAGE, written
from tests.house.test_docs import blocks
from tests.house.test_guides import run
from tests.house.tree import files, short
from watchword.auth.audit_events import AUDIT_NAMES
from watchword.auth.log_events import LOG_EVENTS, LOG_NAMES
from watchword.auth.logs import tell
from watchword.errors import error_classes

LOGS = "docs/operations/logs.md"
HELPER = "src/watchword/auth/logs.py"
FILTERS = ("vault/aws_logs.py", "models/quiet.py", "transport/wire_logs.py")
"""What keeps libraries from writing values."""


def source(*left_out: str) -> Iterator[tuple[str, ast.Module]]:
    for path in files(".py", under="src/watchword"):
        if not short(path).endswith(left_out or ("-",)):
            yield short(path), ast.parse(path.read_text(encoding="utf-8"))


def told() -> Iterator[tuple[str, str, set[str]]]:
    """Where each line of the log is written, its event, and its fields."""
    for path, tree in source(HELPER):
        for call in calls(tree):
            fields = {each.arg or "**" for each in call.keywords}
            if "error" in fields:
                fields = fields - {"error"} | {"cause", "code"}
            for event in constants(call.args[0]):
                yield path, event, fields


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Of the helper, where it is the one of that name."""
    nodes = list(ast.walk(tree))
    if any(isinstance(each, ast.ImportFrom) and each.module == "watchword.auth.logs" for each in nodes):
        for each in nodes:
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "tell":
                yield each


def constants(given: ast.expr) -> list[str]:
    """An event is written out, or is one of two."""
    if isinstance(given, ast.IfExp):
        return [*constants(given.body), *constants(given.orelse)]
    assert isinstance(given, ast.Constant), ast.unparse(given)
    assert isinstance(given.value, str)
    return [given.value]


def test_every_line_of_the_log_is_on_the_list_with_its_fields() -> None:
    """And everything on the list is written somewhere."""
    assert tuple(LOG_EVENTS) == LOG_NAMES
    seen = set()
    for path, event, fields in told():
        assert set(LOG_EVENTS[event].fields) == fields, (path, event)  # type: ignore[index]
        seen.add(event)
    assert seen == set(LOG_NAMES)


def test_an_outage_begins_and_ends_where_it_is_noticed() -> None:
    """An alert on a name means one thing: each is written by one file, what is over by the one that said
    so before."""
    places = defaultdict[str, set[str]](set)
    for path, event, _ in told():
        places[event].add(path)
    several = {event for event, found in places.items() if len(found) > 1}
    assert several == {"userinfo_unread"}  # the userinfo of GitHub is asked for elsewhere
    for event in places:
        if event.endswith("_away"):
            assert places[event] == places[event.removesuffix("away") + "back"], event


def test_there_is_one_way_to_write_to_the_log() -> None:
    """So that codes, fields and what may not be in a line are decided once."""
    for path, tree in source(HELPER, *FILTERS):
        called = {ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
        assert "logging.getLogger" not in called, path
        assert not [each for each in called if re.fullmatch(r"_?log(ger)?\.\w+", each)], path


def test_every_event_of_the_trail_is_written_somewhere() -> None:
    """The checker of types sees to it that nothing else is."""
    texts = {
        node.value
        for path, tree in source("auth/audit_events.py", "auth/log_events.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(AUDIT_NAMES) <= texts


def test_the_page_has_the_lists_of_the_code() -> None:
    """``python -m tests.house.log_lists`` writes them."""
    text = PAGE.read_text(encoding="utf-8")
    assert written(text) == text
    assert [name for name in (*LOG_NAMES, *AUDIT_NAMES) if f"| `{name}` |" not in text] == []


def test_what_the_page_looks_for_can_be_found() -> None:
    """Events and codes in its examples are those there are."""
    text = "\n".join(blocks(LOGS, "sh"))
    codes = {each.code for each in error_classes()}
    assert set(re.findall(r'\.code == "(\w+)"', text)) <= codes
    assert set(re.findall(r'\.event == "(\w+)"', text)) <= set(LOG_NAMES)
    assert set(re.findall(r"--event (\w+)", text)) <= set(AUDIT_NAMES)
    (example,) = blocks(LOGS, "json")
    line = json.loads(example)
    assert set(line) == {
        "timestamp",
        "level",
        "logger",
        "message",
        "event",
        *LOG_EVENTS["request_refused"].fields,
    }


def test_the_handler_of_the_page_writes_json(tmp_path: Path) -> None:
    """As it stands there."""
    logger = logging.getLogger("watchword")
    before = logger.handlers[:], logger.level, logger.propagate
    try:
        (block,) = blocks(LOGS, "python")
        handler = run(tmp_path, block)["handler"]
        stream = io.StringIO()
        handler.setStream(stream)
        tell("cache_back", "it is back")
        assert json.loads(stream.getvalue())["event"] == "cache_back"
        assert not logger.propagate
    finally:
        logger.handlers, logger.level, logger.propagate = before
