"""``watchword demo``: the example API with everything it needs."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

_DEFAULT_PORT = 8000


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on.  [default: 8000]")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes.")] = 1,
    walkthrough: Annotated[
        bool, typer.Option("--walkthrough", help="Run the main job without a browser, then stop.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the address as one line of JSON.")
    ] = False,
) -> None:
    """Run the example API with a development provider and SQLite, offline.

    Every WATCHWORD_* setting is obeyed; what is not set is made for you. Ctrl-C stops it.

    Example: watchword demo --port 8000
    """
    from watchword.config.auth import Settings
    from watchword.demo.server import free_port, prepare, refuse_taken_port, run_walkthrough, serve

    if port is None:
        port = free_port() if walkthrough and "WATCHWORD_BASE_URL" not in os.environ else _DEFAULT_PORT
    os.environ.setdefault("WATCHWORD_BASE_URL", f"http://{_browsable(host)}:{port}")
    refuse_taken_port(host, port)
    settings = Settings()
    if walkthrough:
        raise typer.Exit(0 if run_walkthrough(settings, host, port, say=typer.echo) else 1)
    prepare(settings)
    if json_output:
        typer.echo(json.dumps({"url": settings.base_url, "sign_in": f"{settings.base_url}/auth/login"}))
    else:
        typer.echo(f"watchword demo at {settings.base_url}")
        typer.echo("Open it in a browser, press 'Sign in' and choose Alice (admin), Bob (editor) or Carol.")
        typer.echo("Ctrl-C stops it.")
    serve(host, port, workers=workers)


def _browsable(host: str) -> str:
    """An address a browser on this machine can open, for hosts that mean "every interface"."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 -- compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
