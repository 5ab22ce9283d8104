"""Finding the app that a command is about, as ASGI servers find it: ``module:attribute``."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from watchword.cli.exit_codes import FAILED
from watchword.errors import NotInstalled, WatchwordError

if TYPE_CHECKING:
    from watchword.api.gate import GateInstallation


def import_app(where: str, *, factory: bool) -> Any:
    """The app at ``module:attribute``, imported from the current folder too; ``factory`` calls it.

    Raises BadParameter for a place that does not exist, Exit for code that fails.
    """
    module_name, _, attribute = where.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), *attribute.split("."))):
        raise _wrong(f"{where!r} is not of the form module:attribute, such as yourmodule:app")
    found: Any = _module(module_name)
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise _wrong(f"the module {module_name} has no {attribute}")
        found = getattr(found, name)
    if not factory:
        return found
    if not callable(found):
        raise _wrong(f"{where} cannot be called; leave out --factory")
    try:
        return found()
    except WatchwordError:
        raise
    except Exception as error:
        raise _failed(f"{where}() failed", error) from error


def gate_of(app: Any) -> GateInstallation:
    """The gate in an app, also below middleware that was put around it. Raises NotInstalled where
    there is none."""
    from watchword.api.gate import GateInstallation
    from watchword.api.route_walk import container_in

    found = container_in(app)
    gate = getattr(getattr(found, "state", None), "watchword_gate", None)
    if isinstance(gate, GateInstallation):
        return gate
    if found is not None:
        raise NotInstalled("the app has no watchword: call Watchword(settings).install(app)")
    hint = "; where it makes an app, add --factory" if callable(app) else ""
    raise NotInstalled(f"what is there is of type {type(app).__name__}, no Starlette or FastAPI app{hint}")


def _module(name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except WatchwordError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise _wrong(f"there is no module {name} here or installed") from None
        raise _failed(f"importing {name} failed", error) from error
    except (Exception, SystemExit) as error:
        raise _failed(f"importing {name} failed", error) from error


def _wrong(text: str) -> typer.BadParameter:
    return typer.BadParameter(text, param_hint="APP")


def _failed(what: str, error: BaseException) -> typer.Exit:
    """Says what failed and where, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    typer.echo(f"Error: {what}: {type(error).__name__}: {error}{place}", err=True)
    return typer.Exit(FAILED)
