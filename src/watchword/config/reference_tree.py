"""References anywhere in the settings, followed together before anything is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from watchword.config.problems import setting_name
from watchword.config.references import Failure, Reference, parse_reference
from watchword.config.resolver import Answer, Resolver
from watchword.config.secret_sources import scheme_of
from watchword.config.sources import FromEnvironment, FromReference, Unresolved, from_reference
from watchword.config.values import marked
from watchword.protocol.printable import printable

Path = tuple[str, ...]
_DEEPEST: Final = 16
"""Further down there is no setting."""
_SHOWN: Final = 600
"""Characters of a reference, ARNs included."""
_TELLING: Final = 4
"""Shorter values are part of too many words to be looked for outside quotation marks."""
_QUOTED: Final = re.compile(r"'([^']+)'")


@dataclass(frozen=True, slots=True)
class Followed:
    """The tree with values in place of references, and where each of them was; a reference that led
    nowhere has an Unresolved there."""

    tree: Mapping[str, Any]
    found: Sequence[tuple[Path, FromReference | Unresolved]]


def follow_all(tree: Mapping[str, Any], resolver: Resolver) -> Followed:
    """Every text that is a reference, also inside lists, maps and JSON, becomes what it leads to. A value
    that was found is taken as it is, whatever it looks like."""
    referring = _mapped(tree, _referring)
    references = [each for _, each in _leaves(referring, ()) if isinstance(each, Reference)]
    if not references:
        return Followed(tree, ())
    answers = resolver.resolve(references)
    followed: dict[str, Any] = _mapped(referring, lambda leaf: _led_to(leaf, answers))
    found = [
        (path, each) for path, each in _leaves(followed, ()) if isinstance(each, FromReference | Unresolved)
    ]
    return Followed(followed, found)


def follow(given: Any) -> Any:
    """The same for one value, where somebody reads it without the rest of the settings."""
    reference = _reference(given)
    return given if reference is None else _led_to(reference, Resolver().resolve([reference]))


def without_values(problem: str, followed: Followed) -> str:
    """``problem``, a sentence about a setting, with nothing in it that a reference of that setting, or of
    one inside or around it, led to."""
    name, colon, sentence = problem.partition(":")
    for path, value in followed.found:
        inside = setting_name(path)
        if isinstance(value, FromReference) and (inside.startswith(name) or name.startswith(inside)):
            for part in _parts(str(value)):
                sentence = sentence.replace(repr(part), "'…'").replace(repr(part)[1:-1], "…")
                sentence = sentence.replace(part, "…")
            sentence = _QUOTED.sub(partial(_starred, str(value)), sentence)
    return name + colon + sentence


def unsaid(problems: Sequence[str], followed: Followed) -> list[str]:
    """A sentence for each reference that led nowhere, where ``problems`` have none about it yet."""
    return [
        f"{setting_name(path)}: {value.problem}"
        for path, value in followed.found
        if isinstance(value, Unresolved) and not any(value.problem in each for each in problems)
    ]


def _starred(text: str, quoted: re.Match[str]) -> str:
    return "'…'" if quoted[1] in text else quoted[0]


def _parts(text: str) -> list[str]:
    """The whole, its words, and where it is JSON the texts inside, the longest first."""
    parts = {text, *text.split()}
    try:
        inside = [each for _, each in _leaves(json.loads(text), ())]
    except (ValueError, RecursionError):
        inside = []
    parts |= {each for each in inside if isinstance(each, str)}
    return sorted((each for each in parts if len(each) >= _TELLING), key=len, reverse=True)


def _reference(given: Any) -> Reference | None:
    if type(given) not in (str, FromEnvironment):
        return None
    scheme = scheme_of(given)
    return None if scheme is None else parse_reference(given, scheme)


def _referring(leaf: Any) -> Any:
    """A reference for a text that is one; JSON only becomes what it says where it holds one."""
    reference = _reference(leaf)
    if reference is not None or type(leaf) not in (str, FromEnvironment):
        return leaf if reference is None else reference
    if not leaf.lstrip().startswith(("[", "{")):
        return leaf
    try:
        inside = _mapped(marked(json.loads(leaf), leaf), _reference_or_itself)
        return inside if any(isinstance(each, Reference) for _, each in _leaves(inside, ())) else leaf
    except (ValueError, RecursionError):
        return leaf


def _reference_or_itself(leaf: Any) -> Any:
    return _reference(leaf) or leaf


def _led_to(leaf: Any, answers: Mapping[Reference, Answer]) -> Any:
    if not isinstance(leaf, Reference):
        return leaf
    answer = answers[leaf]
    if isinstance(answer, Failure):
        return Unresolved(f"refers to {printable(str(leaf), max_chars=_SHOWN)}, but {answer.cause}")
    return from_reference(answer.current, leaf, answer.exposed_file)


def _mapped(value: Any, change: Callable[[Any], Any], depth: int = 0) -> Any:
    if depth == _DEEPEST:
        return value
    if isinstance(value, dict):
        return {name: _mapped(below, change, depth + 1) for name, below in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_mapped(below, change, depth + 1) for below in value)
    return change(value)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if len(path) == _DEEPEST:
        return
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(below, (*path, str(name)))
    elif type(value) in (list, tuple):
        for number, below in enumerate(value):
            yield from _leaves(below, (*path, str(number)))
    else:
        yield path, value
