"""docs/reference/cli.md: every command, as its help says it, and what it prints for programs."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import typer.main

from tests.house.reference.cli_answers import ANSWERS, ELSEWHERE
from tests.house.reference.words import prose, table
from watchword.cli.main import app

_HEAD: Final = """\
# Command line

Every command, with what its `--help` says. The page is made from the commands by
`python -m tests.house.reference`; tests compare it with them and with what they print.

## What they have in common

- Settings are read as the service reads them: `watchword.toml` and `WATCHWORD_*`
  ([settings](../settings.md)).
- `--help` shows options and an example. `--json` prints one line of JSON on stdout; errors are on stderr.
- Nothing is coloured and nothing moves when the output is piped.
- Whatever destroys something asks for `--yes`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed; the message is on stderr, with its code in [how it fails](../errors.md) |
| 2 | wrong usage |
| 3 | the database must be migrated: `watchword db upgrade` |

Any command that opens the database may end with 1 or 3. What else is special is said with the command.
"""
_EXAMPLE: Final = re.compile(r"^Examples?: (.+)$", re.MULTILINE)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that lead to it."""
    yield from _below(typer.main.get_command(app), "watchword")


def _below(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, each in inner.items():
        yield from _below(each, f"{words} {name}")


def options(command: Any) -> set[str]:
    """Every way to write one of its options."""
    named = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return {name for name in named if name.startswith("-")} | {"--help"}


def page() -> str:
    found = list(commands())
    overview = [(f"[`{words}`](#{words.replace(' ', '-')})", _summary(command)) for words, command in found]
    parts = [_HEAD, "## All of them\n", table(("command", "what it does"), overview), "", "## One by one\n"]
    return "\n".join([*parts, *(_entry(words, command) for words, command in found)])


def _summary(command: Any) -> str:
    return _said(command).partition("\n\n")[0].replace("\n", " ")


def _said(command: Any) -> str:
    return _EXAMPLE.sub("", prose(command.help)).strip()


def _entry(words: str, command: Any) -> str:
    parts = [f"### `{words}`", _said(command)]
    example = _EXAMPLE.findall(inspect.cleandoc(command.help))
    parts.append("```sh\n" + "\n".join(example) + "\n```")
    rows = [_row(each) for each in command.params]
    parts.append(table(("option", "default", "meaning"), rows))
    if words in ANSWERS:
        parts += [
            "With `--json`:",
            f"```json\n{json.dumps(ANSWERS[words], indent=2, ensure_ascii=False)}\n```",
        ]
    if words in ELSEWHERE:
        parts.append(f"What `--json` prints is told elsewhere: {ELSEWHERE[words]}.")
    return "\n\n".join(parts) + "\n"


def _row(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        many = "…" if parameter.nargs == -1 else ""
        shown = f"`{parameter.name.upper()}{many}`"
    else:
        shown = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
    value = parameter.default
    empty = value is None or value is False or value in ((), []) or callable(value)
    default = "required" if parameter.required else "" if empty else f"`{value}`"
    return shown, default, parameter.help or ""
