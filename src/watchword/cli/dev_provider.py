"""``watchword dev-provider``: the development identity provider by itself."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.errors import ConfigurationError

if TYPE_CHECKING:
    from watchword.dev_provider import DevProviderServer

DEFAULT_PORT = 9400


def dev_provider(
    host: Annotated[str, typer.Option(help="Loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = DEFAULT_PORT,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Run an identity provider for development: anyone signs in as alice, bob or carol.

    Copy the printed lines into the environment of your service. Any loopback redirect URI is
    accepted. Ctrl-C stops it.

    Example: watchword dev-provider --port 9400
    """
    from watchword.dev_provider import DevClient, DevProviderServer
    from watchword.dev_provider.loopback import is_loopback
    from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET

    if not is_loopback(host):
        raise typer.BadParameter("the development provider listens on loopback only", param_hint="--host")
    server = DevProviderServer(
        host=host,
        port=port,
        clients=[DevClient(CLIENT_ID, CLIENT_SECRET, any_loopback=True)],
        environment=os.environ.get("WATCHWORD_ENVIRONMENT", "development"),
    )
    with _stop_signals() as stopped:
        try:
            server.start()
        except ConfigurationError as fault:
            typer.echo("\n".join(f"Error: {problem}." for problem in fault.problems), err=True)
            raise typer.Exit(1) from None
        try:
            _announce(server, as_json=json_output)
            while not stopped.wait(0.5):
                pass
        finally:
            server.stop()


def _announce(server: DevProviderServer, *, as_json: bool) -> None:
    from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET

    settings = {
        "WATCHWORD_PROVIDERS__DEV__ISSUER": server.issuer,
        "WATCHWORD_PROVIDERS__DEV__CLIENT_ID": CLIENT_ID,
        "WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET": CLIENT_SECRET,
    }
    people = [person.username for person in server.provider.people]
    if as_json:
        typer.echo(json.dumps({"issuer": server.issuer, "environment": settings, "people": people}))
        return
    typer.echo(f"Development provider at {server.issuer} (anyone can sign in as anyone)")
    typer.echo(f"People: {', '.join(people)}")
    typer.echo("\nSettings to copy:\n")
    for name, value in settings.items():
        typer.echo(f"{name}={value}")
    typer.echo("\nCtrl-C stops it.")


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event set by Ctrl-C and SIGTERM; the handlers before are put back."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
