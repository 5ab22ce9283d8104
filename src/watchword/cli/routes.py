"""``watchword routes``: every route of an app, and how it is protected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.exit_codes import FAILED
from watchword.cli.listing import columns, harmless

if TYPE_CHECKING:
    from watchword.api.route_listing import RouteEntry


def routes(
    app: Annotated[str, typer.Argument(metavar="APP", help="Where the app is: module:attribute.")],
    factory: Annotated[
        bool, typer.Option("--factory", help="The attribute is a function that makes the app.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 when a route is neither protected nor public.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """List every route with its protection. The app is imported, not started.

    protected: @require_auth is enforced; observed: it is only counted, by its version; public: open
    on purpose; unclassified: nobody said. The framework's pages about the API are not checked.
    Routes of watchword's own come last: public to arrive at, they see to callers by themselves.

    Example: watchword routes yourmodule:app --check
    """
    from watchword.cli.app_import import gate_of, import_app

    listed = gate_of(import_app(app, factory=factory)).routes()
    if json_output:
        typer.echo(json.dumps({"routes": [each.as_json() for each in listed]}))
    else:
        for line in columns(
            [_TITLES, *map(_row, sorted(listed, key=lambda each: each.origin == "watchword"))]
        ):
            typer.echo(line)
    forgotten = [each for each in listed if each.forgotten]
    if check and forgotten:
        for each in forgotten:
            typer.echo(f"Error: nobody said who may call {harmless(each.name)}", err=True)
        typer.echo("Mark each with @require_auth or @public.", err=True)
        raise typer.Exit(FAILED)


_TITLES = ("METHODS", "PATH", "PROTECTION", "ROLES", "SCOPES", "VERSION")


def _protection(entry: RouteEntry) -> str:
    if entry.origin != "app":
        return f"{entry.protection} ({entry.origin})"
    return entry.protection + (", live" if entry.live else "")


def _row(entry: RouteEntry) -> tuple[str | None, ...]:
    methods = "websocket" if entry.websocket else ",".join(entry.methods) or "any"
    return (
        methods,
        entry.path,
        _protection(entry),
        ", ".join(entry.roles),
        ", ".join(entry.scopes),
        entry.version,
    )
