"""What is wrong with the code on a page, and with the names it mentions."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from tests.house.reference.cli import commands, options
from tests.house.reference.errors import own_classes
from tests.house.tree import ROOT
from watchword.api.metric_families import Observed, families
from watchword.config.auth import Settings
from watchword.config.problems import setting_names

yaml: Final[Any] = importlib.import_module("yaml")
"""Its types are in a package of their own, which nothing else needs."""
_FENCE: Final = re.compile(r"^( *)```([a-z]+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SETTING: Final = re.compile(r"\bWATCHWORD_[A-Z0-9_<>]*")
_PATH: Final = re.compile(r"(?<![\w/.-])(?:docs|src|tests|examples|scripts|benchmarks)/[\w./-]*\w")
_METRIC: Final = re.compile(r"\bwatchword_[a-z0-9_]+")
_CODE: Final = re.compile(
    r"(?:\bcode=|\"code\": \"|(?:[Cc]ode|[Rr]efused (?:as|with)|[Aa]nswers? [45]\d\d) `)([a-z]+_[a-z_]+)\b"
)
_INLINE: Final = re.compile(r"(?<!`)`(watchword [^`]+)`(?!`)")
FIXTURES: Final = {"watchword_provider", "watchword_clock"}
SWITCHES: Final = {"WATCHWORD_CONFIG"}
"""What is read from the environment and is no setting."""


class Block(NamedTuple):
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced code of a page, without the indentation of its place in a list."""
    found = _FENCE.findall(page)
    return [Block(language, _dedented(text, len(indent))) for indent, language, text in found]


def _dedented(text: str, width: int) -> str:
    return "".join(line.removeprefix(" " * width) for line in text.splitlines(keepends=True))


def problems(page: str) -> list[str]:
    """Code that does not parse; commands, options, settings, files, metrics and codes that there are not."""
    found = [
        problem for block in blocks(page) for problem in CHECKS.get(block.language, _nothing)(block.text)
    ]
    for check in (unknown_settings, missing_files, unknown_metrics, unknown_codes):
        found += check(page)
    for said in _INLINE.findall(page):
        found += _commands(" ".join(said.split()))
    return found


def _nothing(_: str) -> Iterator[str]:
    return iter(())


def python_problems(text: str) -> Iterator[str]:
    """Syntax, and names of ours that are imported and not there."""
    try:
        tree = ast.parse(text)
        compile(text, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        yield f"python: {error.msg}: {error.text}"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "watchword":
            module = importlib.import_module(str(node.module))
            yield from (
                f"python: {node.module} has no {each.name}"
                for each in node.names
                if not _has(module, each.name)
            )


def _has(module: Any, name: str) -> bool:
    return hasattr(module, name) or importlib.util.find_spec(f"{module.__name__}.{name}") is not None


def json_problems(text: str) -> Iterator[str]:
    try:
        json.loads(text)
    except ValueError as error:
        yield f"json: {error}: {text[:40]!r}"


def toml_problems(text: str) -> Iterator[str]:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield f"toml: {error}"


def yaml_problems(text: str) -> Iterator[str]:
    try:
        list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        yield f"yaml: {error}"


def shell_problems(text: str) -> Iterator[str]:
    """Syntax, and ``watchword`` commands with a word or option that there is not."""
    read = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True)
    if read.returncode != 0:
        yield f"sh: {read.stderr.strip()}"
    yield from _commands(text.replace("\\\n", " "))


def _commands(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in re.split(r"&&|\|\||[|;]|\$\(|`", line.removeprefix("$ ")):
            words = _words(part)
            while words and ("=" in words[0] or words[0] in ("sudo", "exec", "docker", "compose", "run")):
                words = words[1:]
            if words and words[0].rpartition("/")[2] == "watchword" and len(words) > 1:
                yield from _command_problems(words)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _command_problems(words: list[str]) -> Iterator[str]:
    known = known_commands()
    path = " ".join(["watchword", *words[1:3]])
    path = path if path in known else " ".join(["watchword", *words[1:2]])
    said = " ".join(words)
    if path not in known:
        groups = {name.rpartition(" ")[0] for name in known}
        if (path not in groups and not words[1].startswith("-") and "…" not in words[1]) or (
            path in groups and len(words) > 2 and words[2].isalpha()
        ):
            yield f"no such command: {said}"
        return
    for word in words[2:]:
        if word.startswith("--") and word.partition("=")[0] not in known[path]:
            yield f"no such option: {word} in {said}"


@cache
def known_commands() -> Mapping[str, set[str]]:
    return {words: options(command) for words, command in commands()}


def unknown_settings(page: str) -> Iterator[str]:
    for name in _SETTING.findall(page):
        if name not in SWITCHES and not setting_pattern().fullmatch(name):
            yield f"no such setting: {name}"


@cache
def setting_pattern() -> re.Pattern[str]:
    """A setting with any id, or the beginning of one up to its last double underscore."""
    names = set(setting_names(Settings))
    beginnings = {each[: found.end()] for each in names for found in re.finditer("__|^WATCHWORD_", each)}
    beginnings |= {each.removesuffix("__") for each in beginnings if each.count("__") == 1}
    every = [re.escape(each).replace("<ID>", "(?:<ID>|[A-Z0-9_-]+?)") for each in sorted(names | beginnings)]
    return re.compile("|".join(every))


def missing_files(page: str) -> Iterator[str]:
    for name in _PATH.findall(page):
        if not (ROOT / name).exists() and not any(ROOT.glob(f"{name}*")):
            yield f"no such file: {name}"


def unknown_metrics(page: str) -> Iterator[str]:
    for name in _METRIC.findall(page):
        if name not in FIXTURES and re.sub(r"_(total|bucket|sum|count)$", "", name) not in known_metrics():
            yield f"no such metric: {name}"


@cache
def known_metrics() -> set[str]:
    return {each.name for each in families(Observed())}


def unknown_codes(page: str) -> Iterator[str]:
    for code in _CODE.findall(page):
        if code not in own_classes():
            yield f"no such error code: {code}"


CHECKS: Final[Mapping[str, Callable[[str], Iterator[str]]]] = {
    "python": python_problems,
    "json": json_problems,
    "toml": toml_problems,
    "yaml": yaml_problems,
    "sh": shell_problems,
    "bash": shell_problems,
    "console": lambda text: _commands(text),
}
