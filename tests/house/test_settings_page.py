"""``docs/settings.md`` lists every setting there is, with the default it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tests.house.tree import ROOT
from watchword.config.auth import Settings
from watchword.config.problems import setting_names

ROW = re.compile(r"^\| `(WATCHWORD_[A-Z_<>]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    found = [(name, default.strip("`"), meaning) for name, default, meaning in ROW.findall(page)]
    assert len({name for name, _, _ in found}) == len(found), "a setting has two rows"
    return {name: (default, meaning) for name, default, meaning in found}


def defaults(model: type[BaseModel], prefix: str = "WATCHWORD_") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if is_model(each)]
        below = "<ID>__" if get_origin(field.annotation) is dict else ""
        if inner:
            yield from defaults(inner[0], f"{prefix}{name.upper()}__{below}")
        else:
            yield prefix + name.upper(), shown(field)


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def shown(field: FieldInfo) -> str:
    """A default as a person writes it."""
    value = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if value in (None, ()):
        return "none"
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, tuple):
        plain = all(isinstance(each, str) for each in value)
        return " ".join(value) if plain else json.dumps([*map(" ".join, value)])
    return str(value)


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    """In the order of the code."""
    assert list(rows()) == list(setting_names(Settings))


def test_defaults_are_as_they_are_written() -> None:
    """What the page promises is what happens when nothing is set."""
    assert {name: default for name, (default, _) in rows().items()} == dict(defaults(Settings))


def test_every_setting_says_what_it_means() -> None:
    """A name alone explains nothing."""
    assert not [name for name, (_, meaning) in rows().items() if len(meaning) < 15]
