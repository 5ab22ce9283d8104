"""``watchword serve``: the service beside an app."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on.  [default: 8000]")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, envvar="WEB_CONCURRENCY", help="Number of processes.")
    ] = 1,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the address as one line of JSON.")
    ] = False,
) -> None:
    """Run sign-in, sessions and tokens as a service of its own, beside an app in any language.

    The database must be migrated (watchword db upgrade). Ready when GET /readyz answers 200.
    Ctrl-C or SIGTERM stops it.

    Example: watchword serve --port 8000 --workers 2
    """
    import asyncio

    from watchword.app import Watchword
    from watchword.config.auth import Settings
    from watchword.serving import address, server
    from watchword.serving.logs import logging_config, style_of

    settings = Settings()
    port = port or address.usual_port(settings.base_url)
    address.refuse_taken_port(host, port)
    if address.default_base_url(settings, host, port):
        settings = Settings()
    server.end_on_signals()
    asyncio.run(Watchword(settings).check())
    if json_output:
        typer.echo(json.dumps({"url": settings.base_url, "listening": f"{host}:{port}", "workers": workers}))
    else:
        typer.echo(f"watchword at {settings.base_url}, listening on {host} port {port}")
    log = logging_config(style_of(settings))
    server.serve("watchword.serving.service:create_service", host, port, workers=workers, log=log)
