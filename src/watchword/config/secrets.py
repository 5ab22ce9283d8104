"""Secret settings: literals, or references resolved at start-up (``env:NAME``, ``file:PATH``)."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator

from watchword.config.sources import FromEnvironment

Origin = Literal["environment", "reference", "literal"]
_MAX_FILE_BYTES = 65_536
_LATER = ("aws-sm", "vault")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not print; ``origin`` says where it was written down, ``exposed_file``
    names the file it came from where others can read that."""

    _value: str = field(repr=False)
    origin: Origin
    exposed_file: str | None = None

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
    if colon and scheme in _LATER:
        raise ValueError(f"{scheme}: references cannot be resolved by this version; use env: or file:")
    return Secret(str(given), "environment" if isinstance(given, FromEnvironment) else "literal")


def _from_variable(name: str) -> Secret:
    value = os.environ.get(name)
    if not value or not value.strip():
        raise ValueError(f"refers to the environment variable {name}, which is not set")
    return Secret(value, "reference")


def _from_file(name: str) -> Secret:
    try:
        with open(name, "rb") as file:
            exposed = _others_can_read(os.fstat(file.fileno()))
            content = file.read(_MAX_FILE_BYTES + 1)
        value = content.decode("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text, or not a path"
        raise ValueError(f"refers to the file {name!r}, which cannot be read: {reason}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise ValueError(f"refers to the file {name!r}, which is larger than a secret can be")
    if not value:
        raise ValueError(f"refers to the file {name!r}, which is empty")
    return Secret(value, "reference", name if exposed else None)


def _others_can_read(status: os.stat_result) -> bool:
    """Whether more accounts than need be can read a file: its group needs to only where that is
    how we read it ourselves, as with a mounted secret that root owns."""
    if status.st_mode & stat.S_IROTH:
        return True
    return bool(status.st_mode & stat.S_IRGRP) and status.st_uid == os.geteuid()


SecretSetting = Annotated[Secret, PlainValidator(read_secret), PlainSerializer(str)]
