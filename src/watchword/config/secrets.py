"""Secret settings: literals, or what a reference led to at start-up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator

from watchword.config.reference_tree import follow
from watchword.config.references import Reference
from watchword.config.secret_sources import scheme_before_blank
from watchword.config.sources import FromEnvironment, FromReference, Unresolved

Origin = Literal["environment", "reference", "literal"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not print; ``origin`` says where it was written down, ``exposed_file``
    names the file it came from where others can read that, ``reference`` is what led to it."""

    _value: str = field(repr=False)
    origin: Origin
    exposed_file: str | None = None
    reference: Reference | None = field(default=None, compare=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "**********"


def read_secret(given: Any) -> Secret:
    """Turn a setting into a secret; a reference that nobody has followed yet is followed here. Raises
    ValueError that names the cause, never the value."""
    given = follow(given)
    if isinstance(given, Secret):
        return given
    if isinstance(given, Unresolved):
        raise ValueError(given.problem)
    if not isinstance(given, str):
        raise ValueError("a secret is text, or a reference such as env:NAME or file:PATH")
    if not given.strip():
        raise ValueError("is empty")
    if isinstance(given, FromReference):
        return Secret(str(given), "reference", given.exposed_file, given.reference)
    if scheme := scheme_before_blank(given):
        raise ValueError(f"begins as a reference does, with {scheme}: and a blank; take the blank out")
    return Secret(str(given), "environment" if isinstance(given, FromEnvironment) else "literal")


SecretSetting = Annotated[Secret, PlainValidator(read_secret), PlainSerializer(str)]
