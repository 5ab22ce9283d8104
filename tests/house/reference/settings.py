"""docs/reference/settings.md: what each setting accepts, and every sentence with which one is refused."""

from __future__ import annotations

import ast
import json
import re
import types
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tests.house.reference.words import table
from tests.house.tree import files
from watchword.config import addresses, client_credentials, client_key, rate_limits, secrets, values, versions
from watchword.config.auth import Settings
from watchword.config.values import IDENTIFIER

_HEAD: Final = f"""\
# Settings, as they are read

What each setting accepts, as the code checks it. What it means is in [settings](../settings.md). The page
is made from the code by `python -m tests.house.reference`; a test fails when it is out of date.

- `<ID>` stands for an id of yours: `{IDENTIFIER.pattern}`.
- **Words** are separated by blanks, or a JSON list; a **list** is one value or a JSON list; a **map** is
  JSON.
- Every value may be a [reference](../operations/secrets.md): `env:`, `file:`, `aws-sm:`, `vault:`.
- A duration is in whole seconds, and its name ends in `_SECONDS`.
"""
_NAMED: Final[Mapping[object, str]] = {
    secrets.SecretSetting: "secret",
    addresses.DatabaseAddress: "database address",
    addresses.CacheAddress: "cache address",
    client_key.ClientKeySetting: "private key (PEM or JWK)",
    client_credentials.ClientSecrets: "one secret or two",
    client_credentials.ClientKeys: "public key (JWK or key set)",
    rate_limits.RateLimitSetting: "`20/minute` form, or `off`",
    versions.Moment: "ISO 8601 date, or time with zone",
    versions.Guide: "https address, or path",
    values.ClaimPaths: "claims: names, or lists of keys",
}
_PLAIN: Final = {str: "text", int: "number", bool: "`true` or `false`", Any: "text"}
_MESSAGE: Final = re.compile(
    r"^(?:(WATCHWORD_[A-Z_]+[A-Z])|\{(?:name|prefix)\}_*([A-Z_]+[A-Z])): (.+)", re.DOTALL
)
_PRODUCTION: Final = {
    "insecurities",
    "_insecure_lives",
    "_insecure_secrets",
    "key_insecurities",
    "_readable_by_others",
}


def page() -> str:
    rows = [_row(name, field) for name, field in every_setting(Settings)]
    parts = [
        _HEAD,
        "## What is accepted\n",
        table(("setting", "type", "bounds", "unit", "default"), rows),
        "",
    ]
    parts += ["## What is refused\n", _REFUSED, *_refusals()]
    return "\n".join(parts)


_REFUSED: Final = """\
All problems are told at once, by `configuration_invalid`, before anything starts. Beside type and bounds
these are refused; where only production refuses, staging starts and says so in the log.
"""

_VALUES: Final = """\
The message begins with the name of the setting, followed by one of these; it never holds the value of a
secret.
"""


def every_setting(model: type[BaseModel], prefix: str = "WATCHWORD_") -> Iterator[tuple[str, FieldInfo]]:
    """Each setting by its environment form, in the order of the code."""
    for name, field in model.model_fields.items():
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if _is_model(each)]
        below = "<ID>__" if get_origin(field.annotation) is dict else ""
        if inner:
            yield from every_setting(inner[0], f"{prefix}{name.upper()}__{below}")
        else:
            yield prefix + name.upper(), field


def _row(name: str, field: FieldInfo) -> list[str]:
    kind, bounds = described(_annotation(field))
    return [f"`{name}`", kind, ", ".join(bounds), _unit(name), _default(field)]


def _annotation(field: FieldInfo) -> Any:
    plain: Any = field.annotation
    return Annotated[plain, *field.metadata] if field.metadata else plain


def described(annotation: Any) -> tuple[str, list[str]]:
    """A type in words, and its bounds."""
    if (name := _named(annotation)) is not None:
        return name, []
    held, metadata = _taken_apart(annotation)
    if (name := _named(held)) is not None:
        return name, []
    bounds = [text for each in metadata for text in _bound(each)]
    if get_origin(held) in (Union, types.UnionType):
        inner = [each for each in get_args(held) if each is not type(None)]
        kind, below = described(inner[0])
        return kind, [*below, *bounds]
    if get_origin(held) is Literal:
        return " or ".join(f"`{each}`" for each in get_args(held)), bounds
    if get_origin(held) is tuple:
        words = any("from_words" in getattr(getattr(each, "func", None), "__name__", "") for each in metadata)
        kind, below = described(get_args(held)[0])
        of = "" if kind == "text" else f" of {kind}"
        return ("words" if words else "list") + of, [*bounds, *(f"each {each}" for each in below)]
    if get_origin(held) is dict:
        return "map", bounds
    return _PLAIN.get(held, getattr(held, "__name__", str(held))), bounds


def _named(annotation: Any) -> str | None:
    return next((name for each, name in _NAMED.items() if each == annotation), None)


def _taken_apart(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    metadata = getattr(annotation, "__metadata__", ())
    return (annotation.__origin__, metadata) if metadata else (annotation, ())


def _bound(each: Any) -> Iterator[str]:
    match each:
        case Ge():
            yield f"at least {each.ge}"
        case Le():
            yield f"at most {each.le}"
        case MinLen():
            yield f"length at least {each.min_length}"
        case MaxLen():
            yield f"length at most {each.max_length}"
        case FieldInfo():
            yield from (text for inner in each.metadata for text in _bound(inner))


def _unit(name: str) -> str:
    last = name.rpartition("_")[2]
    return {"SECONDS": "seconds", "DAYS": "days"}.get(last, "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if value in (None, ()):
        return "none"
    shown = json.dumps(value) if isinstance(value, bool) else str(value)
    return f"`{shown}`"


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _refusals() -> Iterator[str]:
    found = refusals()
    for title, only in (("In every environment", False), ("In production only", True)):
        rows = [(f"`{name}`", text) for name, text in found[only]]
        yield f"### {title}\n\n{table(('setting', 'it'), rows)}\n"
    rows = [(f"`{file}`", text) for file, text in value_refusals()]
    yield f"### Values\n\n{_VALUES}\n{table(('checked in', 'it'), rows)}\n"


@cache
def value_refusals() -> list[tuple[str, str]]:
    """Every sentence about a value alone, by the file of ``config/`` that says it."""
    found = set()
    for path in files(".py", under="src/watchword/config"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                given = node.exc.args[0] if node.exc.args else None
                called = ast.unparse(node.exc.func)
                if called == "ValueError" and isinstance(given, ast.Constant | ast.JoinedStr | ast.BinOp):
                    found.add((path.name, _readable(_text_of(given))))
    return sorted(found)


def _text_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_piece(each, {}) for each in node.values)
    if isinstance(node, ast.BinOp):
        return _text_of(node.left) + _text_of(node.right)
    return str(node.value) if isinstance(node, ast.Constant) else "…"


@cache
def refusals() -> dict[bool, list[tuple[str, str]]]:
    """Every sentence about a setting, by whether only production says it."""
    found: dict[bool, set[tuple[str, str]]] = defaultdict(set)
    for path in files(".py", under="src/watchword/config"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = _constants(tree)
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if "warnings" in function.name:
                continue
            for text in _texts(function, constants):
                if said := _MESSAGE.match(text):
                    name = said.group(1) or f"WATCHWORD_PROVIDERS__<ID>__{said.group(2)}"
                    found[function.name in _PRODUCTION].add((name, _readable(said.group(3))))
    return {only: sorted(each) for only, each in found.items()}


def _constants(tree: ast.Module) -> dict[str, str]:
    named = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, value in zip(names, values, strict=False):
                if (
                    isinstance(name, ast.Name)
                    and isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                ):
                    named[name.id] = value.value
    return named


def _texts(function: ast.FunctionDef, constants: Mapping[str, str]) -> Iterator[str]:
    pieces = {
        id(each) for node in ast.walk(function) if isinstance(node, ast.JoinedStr) for each in node.values
    }
    for node in ast.walk(function):
        if id(node) in pieces:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(_piece(each, constants) for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _piece(node: ast.expr, constants: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    inner = ast.unparse(node.value) if isinstance(node, ast.FormattedValue) else ""
    return constants.get(inner, "{" + inner + "}")


def _readable(text: str) -> str:
    """What differs from case to case is an ellipsis."""
    return re.sub(r"\{[^{}]*\}", "…", text.strip())
