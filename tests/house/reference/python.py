"""docs/reference/python.md: every public name with its signature and what its docstring says."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import watchword
import watchword.testing
from tests.house.reference.words import prose
from watchword.config.auth import Settings
from watchword.testing import plugin

_LINE_LENGTH: Final = 110
_HEAD: Final = """\
# Python

Every public name, with its signature and what its docstring says. Everything else may change without
notice. Times are aware `datetime`s in UTC, durations are seconds and say so in their names. The page is
made from the code by `python -m tests.house.reference`; a test fails when it is out of date.

Errors are subclasses of `watchword.errors.WatchwordError`; [error codes](errors.md) lists them all.

## watchword

Names load when they are first used.
"""
_TESTING: Final = """\
## watchword.testing

For the tests of a service. [Test your app](../testing.md) shows them at work.
"""
_FIXTURES: Final = """\
## The pytest plugin

It comes with the package; nothing has to be imported or listed. A test asks for a fixture by its name.
"""
_ANY_VALUES: Final = "def __init__(self, **values: Any) -> None: ..."
FIXTURES: Final = ("signed_in", "watchword_provider", "watchword_clock")


def page() -> str:
    parts = [_HEAD]
    parts += [_entry(name, getattr(watchword, name), watchword) for name in watchword.__all__]
    parts.append(_TESTING)
    names = sorted(watchword.testing.__all__)
    parts += [_entry(name, getattr(watchword.testing, name), watchword.testing) for name in names]
    parts.append(_FIXTURES)
    parts += [_fixture(name) for name in FIXTURES]
    return "\n".join(parts)


def _entry(name: str, value: Any, module: Any) -> str:
    if inspect.isclass(value):
        return _class(name, value)
    if inspect.isfunction(value):
        overloads = typing.get_overloads(value) or [value]
        said = prose(value.__doc__)
        return _section(name, *(_signature(each, name) for each in overloads), said=said)
    home = getattr(module, "_HOMES", {}).get(name, "watchword.testing")
    return _section(name, f"{name} = {_shown(value)}", said=_said_below(name, home))


def _class(name: str, value: type) -> str:
    raised = issubclass(value, BaseException)
    lines = [f"class {name}(Exception): ..." if raised else f"class {name}:"]
    if dataclasses.is_dataclass(value):
        lines += [f"    {each.name}: {each.type}{_default(each)}" for each in dataclasses.fields(value)]
    elif not raised:
        lines.append("    " + (_ANY_VALUES if value is Settings else _signature(vars(value)["__init__"])))
    parts = [_section(name, "\n".join(lines), said=prose(value.__doc__))]
    if value is Settings:
        parts.append("Its fields are [the settings](../settings.md), in lower case.\n")
    return "\n".join([*parts, *_members(value)])


def _members(value: type) -> Iterator[str]:
    """Public methods and properties that the class itself defines and explains."""
    for name, member in vars(value).items():
        function = member.fget if isinstance(member, property) else member
        function = getattr(function, "__func__", function)
        if name.startswith("_") or not inspect.isfunction(function) or _is_inherited(value, name):
            continue
        kind = "@property\n" if isinstance(member, property) else ""
        yield _section(
            f"{value.__name__}.{name}", kind + _signature(function), said=prose(function.__doc__), level=4
        )


def _is_inherited(value: type, name: str) -> bool:
    return any(name in vars(base) for base in value.__mro__[1:])


def _fixture(name: str) -> str:
    from watchword.testing.signed_in import signed_in

    fixture = getattr(plugin, name)
    function = inspect.unwrap(getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function())
    if name == "signed_in":
        return _section(
            name, "@contextmanager\n" + _signature(inspect.unwrap(signed_in)), said=prose(signed_in.__doc__)
        )
    gives = str(inspect.signature(function).return_annotation)
    gives = gives.removeprefix("Iterator[").removesuffix("]")
    return _section(name, f"@pytest.fixture\ndef {name}() -> {gives}: ...", said=prose(function.__doc__))


def _section(name: str, *signatures: str, said: str, level: int = 3) -> str:
    if not said:
        return f"{'#' * level} `{name}`\n\n```python\n{_formatted(chr(10).join(signatures))}```\n"
    block = "\n\n".join(signatures)
    return f"{'#' * level} `{name}`\n\n```python\n{_formatted(block)}```\n\n{said}\n"


def _signature(function: Any, name: str | None = None) -> str:
    before = "async def" if inspect.iscoroutinefunction(function) else "def"
    given = inspect.signature(function)
    parameters = [each.replace(annotation=_plain(each.annotation)) for each in given.parameters.values()]
    shown = given.replace(parameters=parameters, return_annotation=_plain(given.return_annotation))
    return f"{before} {name or function.__name__}{shown}: ..."


class _Words(str):
    """An annotation that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _plain(annotation: Any) -> Any:
    return _Words(annotation) if isinstance(annotation, str) else annotation


def _default(each: dataclasses.Field[Any]) -> str:
    if each.default is not dataclasses.MISSING:
        return f" = {each.default!r}"
    return "" if each.default_factory is dataclasses.MISSING else " = ..."


def _shown(value: Any) -> str:
    """An annotated type as it is written."""
    held = value.__args__[0] if hasattr(value, "__metadata__") else value
    name = held.__name__ if inspect.isclass(held) else str(held).replace("watchword.protocol.principal.", "")
    depends = value.__metadata__[0].dependency.__name__
    return f"Annotated[{name}, Depends({depends})]"


def _said_below(name: str, module: str) -> str:
    """The text below an assignment."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for assigned, below in zip(tree.body, tree.body[1:], strict=False):
        named = isinstance(assigned, ast.Assign) and ast.unparse(assigned.targets[0]) == name
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return prose(str(below.value.value))
    return ""


@functools.cache
def _formatted(block: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    asked = [str(ruff), "format", "--line-length", str(_LINE_LENGTH), "--stdin-filename", "x.py", "-"]
    return subprocess.run(asked, input=block, capture_output=True, text=True, check=True).stdout
