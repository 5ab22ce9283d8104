"""Where settings come from: ``watchword.toml``, then the environment, then the constructor."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from watchword.config.references import Reference
from watchword.errors import ConfigurationError

PREFIX = "WATCHWORD_"
CONFIG_VARIABLE = "WATCHWORD_CONFIG"
DEFAULT_FILE = "watchword.toml"


class FromEnvironment(str):
    """A value read from an environment variable, so that a secret knows it was not in a file."""

    __slots__ = ()


class FromReference(str):
    """A value that a reference led to. It does not print: what it is for decides whether it may."""

    __slots__ = ("exposed_file", "reference")
    reference: Reference
    exposed_file: str | None

    def marks(self, text: str) -> FromReference:
        """``text``, which was found inside this value, as led to by the same reference."""
        return from_reference(text, self.reference, self.exposed_file)

    def __repr__(self) -> str:
        return f"<value of {self.reference}>"


def from_reference(text: str, reference: Reference, exposed_file: str | None = None) -> FromReference:
    """``text`` with where it was found."""
    value = FromReference(text)
    value.reference, value.exposed_file = reference, exposed_file
    return value


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Stands where a reference led nowhere; no setting accepts it."""

    problem: str


class _WholeSource(PydanticBaseSettingsSource):
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False


class EnvironmentSource(_WholeSource):
    """Every ``WATCHWORD_*`` variable; ``__`` goes one level down, names are lower case."""

    def __call__(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        clashes: list[str] = []
        for variable, value in sorted(os.environ.items()):
            if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
                continue
            path = variable[len(PREFIX) :].lower().split("__")
            if not _plant(tree, path, FromEnvironment(value)):
                clashes.append(f"{variable}: its name is both a value and the start of other names")
        if clashes:
            raise ConfigurationError(clashes)
        return tree


class FileSource(_WholeSource):
    """The TOML file that ``WATCHWORD_CONFIG`` names, else ``watchword.toml`` where there is one."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._named = os.environ.get(CONFIG_VARIABLE)

    def __call__(self) -> dict[str, Any]:
        path = Path(self._named or DEFAULT_FILE)
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if self._named is None:
                return {}
            raise ConfigurationError([f"{CONFIG_VARIABLE}: there is no file {path}"]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError([f"{path} cannot be read: {error}"]) from None
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise ConfigurationError([f"{path} is not TOML: {error}"]) from None


def _plant(tree: dict[str, Any], path: list[str], value: str) -> bool:
    branch = tree
    for name in path[:-1]:
        below = branch.setdefault(name, {})
        if not isinstance(below, dict):
            return False
        branch = below
    if isinstance(branch.get(path[-1]), dict):
        return False
    branch[path[-1]] = value
    return True
