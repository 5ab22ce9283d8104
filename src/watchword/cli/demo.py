"""``watchword demo``: the example API with everything it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from watchword.config.auth import Settings
    from watchword.demo.walkthrough import Step


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on.  [default: 8000]")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, envvar="WEB_CONCURRENCY", help="Number of processes.")
    ] = 1,
    walkthrough: Annotated[
        bool, typer.Option("--walkthrough", help="Run the main job without a browser, then stop.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the address, or each step, as one line of JSON.")
    ] = False,
) -> None:
    """Run the example API with a development provider and SQLite, offline.

    Every WATCHWORD_* setting is obeyed; what is not set is made for you. Ctrl-C stops it.

    Example: watchword demo --port 8000
    """
    from watchword.demo.settings import read_settings
    from watchword.serving import address

    settings = read_settings()
    if port is None:
        port = address.free_port(host) if walkthrough else address.usual_port(settings.base_url)
    address.refuse_taken_port(host, port)
    if address.default_base_url(settings, host, port):
        settings = read_settings()
    from watchword.demo import server
    from watchword.serving.server import end_on_signals

    if walkthrough:
        tell = _tell_json if json_output else _tell
        raise typer.Exit(0 if server.run_walkthrough(settings, host, port, tell=tell) else 1)
    end_on_signals()
    server.prepare(settings)
    _announce(settings, as_json=json_output)
    server.serve(settings, host, port, workers=workers)


def _announce(settings: Settings, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"url": settings.base_url, "sign_in": f"{settings.base_url}/auth/login"}))
        return
    typer.echo(f"watchword demo at {settings.base_url}")
    typer.echo("Open it in a browser, press 'Sign in' and choose Alice (admin), Bob (editor) or Carol.")
    typer.echo("Ctrl-C stops it.")


def _tell(step: Step) -> None:
    typer.echo(step.line)


def _tell_json(step: Step) -> None:
    typer.echo(json.dumps(step.as_dict()))
