"""Validation errors as sentences: the setting's name, the cause, and a guess at what was meant."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from watchword.config.sources import PREFIX

Location = tuple[int | str, ...]


def describe(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """One sentence for each fault, naming settings in their environment form, never a value."""
    sentences = []
    for fault in error.errors(include_input=False, include_url=False):
        location = fault["loc"]
        if fault["type"] == "extra_forbidden":
            sentences.append(f"{_name(location)}: there is no such setting{_suggestion(location, root)}")
        elif fault["type"] == "missing":
            sentences.append(f"{_name(location)}: is required")
        else:
            sentences.append(f"{_name(location)}: {fault['msg'].removeprefix('Value error, ')}")
    return sentences


def without_faults(data: Any, error: ValidationError) -> Any:
    """The same input with every faulty value left out, so that the other checks still run."""
    cleaned = _copy(data)
    for fault in error.errors(include_input=False, include_url=False):
        _remove(cleaned, fault["loc"])
    return cleaned


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _copy(value) for name, value in data.items()}
    return copy.copy(data)


def _remove(data: Any, location: Location) -> None:
    """Drop the top-level value a fault lies in; a map of models loses the one entry only."""
    if not isinstance(data, dict) or not location or location[0] not in data:
        return
    top = data[location[0]]
    if len(location) > 1 and isinstance(top, dict) and location[0] == "providers":
        top.pop(location[1], None)
    else:
        data.pop(location[0])


def _name(location: Location) -> str:
    return PREFIX + "__".join(str(part).upper() for part in location)


def _suggestion(location: Location, root: type[BaseModel]) -> str:
    model: Any = root
    for part in location[:-1]:
        model = _below(model, part)
    known = list(model.model_fields) if model is not None else []
    near = difflib.get_close_matches(str(location[-1]).lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {_name((*location[:-1], near[0]))}?" if near else ""


def _below(model: Any, part: int | str) -> Any:
    if model is None or isinstance(model, Mapping):
        return model
    field = getattr(model, "model_fields", {}).get(part)
    if field is None:
        return model
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((each for each in arguments if isinstance(each, type) and issubclass(each, BaseModel)), None)
