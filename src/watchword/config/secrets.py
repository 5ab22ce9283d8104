"""Secret settings: literals, or references resolved at start-up (``env:NAME``, ``file:PATH``)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator

from watchword.config.sources import FromEnvironment

Origin = Literal["environment", "reference", "literal"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not print; ``origin`` says where it was written down."""

    _value: str = field(repr=False)
    origin: Origin

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "**********"


def read_secret(given: Any) -> Secret:
    """Turn a setting into a secret. Raises ValueError that names the cause, never the value."""
    if isinstance(given, Secret):
        return given
    if not isinstance(given, str):
        raise ValueError("a secret is text, or a reference such as env:NAME or file:PATH")
    if not given.strip():
        raise ValueError("is empty")
    scheme, colon, rest = given.partition(":")
    if colon and scheme == "env":
        return _from_variable(rest)
    if colon and scheme == "file":
        return _from_file(rest)
    return Secret(str(given), "environment" if isinstance(given, FromEnvironment) else "literal")


def _from_variable(name: str) -> Secret:
    value = os.environ.get(name)
    if not value:
        raise ValueError(f"refers to the environment variable {name}, which is not set")
    return Secret(value, "reference")


def _from_file(name: str) -> Secret:
    try:
        value = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"refers to the file {name}, which cannot be read: {reason}") from None
    if not value:
        raise ValueError(f"refers to the file {name}, which is empty")
    return Secret(value, "reference")


SecretSetting = Annotated[Secret, PlainValidator(read_secret), PlainSerializer(str)]
