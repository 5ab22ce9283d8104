"""Value types that several settings share."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from watchword.config.sources import FromEnvironment, FromReference

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def _from_json(given: Any) -> Any:
    """Lists and maps may be written as JSON, the only form an environment variable has for them."""
    if not isinstance(given, str):
        return given
    try:
        read = json.loads(given)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON, for example " + '["a", "b"] or {"a": "b"}') from None
    return marked(read, given)


def marked(read: Any, given: str) -> Any:
    """Texts inside JSON come from the environment, or by a reference, as much as the JSON itself."""
    if isinstance(read, dict):
        return {name: marked(value, given) for name, value in read.items()}
    if isinstance(read, list):
        return [marked(value, given) for value in read]
    if isinstance(read, str) and isinstance(given, FromReference):
        return given.marks(read)
    return FromEnvironment(read) if isinstance(read, str) and isinstance(given, FromEnvironment) else read


def _from_words(given: Any) -> Any:
    if isinstance(given, str) and not given.lstrip().startswith("["):
        return given.split()
    return _from_json(given)


def _claim_paths(given: Any) -> Any:
    """A path is one claim name or a list of keys; names may hold dots and slashes."""
    listed = _from_json(given)
    if not isinstance(listed, list):
        return listed
    return [[path] if isinstance(path, str) else path for path in listed]


def _one_or_more(given: Any) -> Any:
    if isinstance(given, str) and not given.lstrip().startswith("["):
        return (given,)
    return _from_json(given)


Json = BeforeValidator(_from_json)
OneOrMore = BeforeValidator(_one_or_more)
FromWords = BeforeValidator(_from_words)
Words = Annotated[tuple[str, ...], FromWords]
TextMap = Annotated[dict[str, str], Json]
ClaimPath = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
ClaimPaths = Annotated[tuple[ClaimPath, ...], BeforeValidator(_claim_paths)]
Seconds = Annotated[int, Field(ge=1, le=10 * 365 * 86400)]
SecondsOrZero = Annotated[int, Field(ge=0, le=10 * 365 * 86400)]
