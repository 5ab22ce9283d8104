"""Validation errors as sentences: the setting's name, the cause, and a guess at what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from watchword.config.sources import PREFIX, Unresolved

Location = tuple[int | str, ...]
_DEEPEST = 3


def describe(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """One sentence for each fault, naming settings in their environment form, never a value."""
    sentences = []
    for fault in error.errors(include_url=False):
        location = fault["loc"]
        if isinstance(fault["input"], Unresolved):
            sentences.append(f"{setting_name(location)}: {fault['input'].problem}")
            continue
        if fault["type"] == "extra_forbidden":
            for unknown in _leaves(location, fault["input"]):
                sentences.append(
                    f"{setting_name(unknown)}: there is no such setting{_suggestion(unknown, root)}"
                )
        elif fault["type"] == "missing":
            sentences.append(f"{setting_name(location)}: is required")
        else:
            sentences.append(f"{setting_name(location)}: {fault['msg'].removeprefix('Value error, ')}")
    return sentences


def without_faults(data: Mapping[str, Any], error: ValidationError) -> dict[str, Any]:
    """The same input with every faulty value left out, so that the other checks still run."""
    cleaned = {name: dict(top) if isinstance(top, dict) else top for name, top in data.items()}
    for place in {fault["loc"][:2] for fault in error.errors(include_input=False, include_url=False)}:
        _remove(cleaned, place)
    return cleaned


def setting_names(root: type[BaseModel], *, inside: tuple[str, ...] = ()) -> Iterator[str]:
    """Every setting in its environment form; ``<ID>`` stands for the names of a map's entries."""
    for name, field in root.model_fields.items():
        path = (*inside, name.upper())
        model, in_map = _model_in(field.annotation)
        if model is None:
            yield PREFIX + "__".join(path)
        else:
            yield from setting_names(model, inside=(*path, "<ID>") if in_map else path)


def _remove(data: dict[str, Any], place: Location) -> None:
    """Drop one entry of a map or one nested value where the fault lies in that, else the whole."""
    top = data.get(str(place[0]))
    if len(place) > 1 and isinstance(top, dict) and place[1] in top:
        top.pop(place[1])
    else:
        data.pop(str(place[0]), None)


def _leaves(location: Location, given: Any) -> Iterator[Location]:
    """The names that were written below an unknown one, as far down as settings go."""
    if isinstance(given, dict) and given and len(location) < _DEEPEST:
        for name, below in given.items():
            yield from _leaves((*location, str(name)), below)
    else:
        yield location


def setting_name(location: Location) -> str:
    """In its environment form."""
    return PREFIX + "__".join(str(part).upper() for part in location)


def _suggestion(location: Location, root: type[BaseModel]) -> str:
    """The known name that looks most alike, one underscore taken for two."""
    given = setting_name(location)
    words = given.split("__" if len(location) > 1 else "_")
    entry = words[1 if len(location) > 1 else 2] if len(words) > 2 else "<ID>"
    known = {_flat(name): name for each in setting_names(root) if (name := each.replace("<ID>", entry))}
    near = difflib.get_close_matches(_flat(given), list(known), n=1, cutoff=0.8)
    return f"; did you mean {known[near[0]]}?" if near else ""


def _flat(name: str) -> str:
    return name.replace("__", "_")


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model of a field and whether the field is a map of them."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate, get_origin(annotation) is dict
    return None, False
