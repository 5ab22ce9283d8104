"""``watchword token inspect``: what a token says, whether it counts here, and if not, why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from watchword.cli.exit_codes import FAILED
from watchword.cli.listing import duration, harmless, moment

if TYPE_CHECKING:
    from watchword.doctor.token_verdict import Verdict
    from watchword.protocol.token_reading import TokenReading

_TIMES: Final = ("iat", "nbf", "exp", "auth_time")
_MAX_BYTES: Final = 65_536
_LAST_SECOND: Final = 253_402_300_799


def inspect(
    token: Annotated[
        str | None,
        typer.Argument(
            metavar="TOKEN", help="The token; left out, so that it is in no history, it is read from stdin."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only say what it says: no settings, no database, no provider.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Say what a token is, what stands in it, whether this service would accept it now, and if not, why.
    No token is used up by it, and its signature is never printed.

    Exit code 0 when it would be accepted (with --offline: when it can be read), else 1.

    Example: watchword token inspect < token.txt
    """
    from watchword.protocol.token_reading import read_token

    text = _bare(token if token not in (None, "-") else _from_stdin())
    reading = read_token(text)
    verdict, found = (None, []) if offline else _asked(text, reading)
    if json_output:
        typer.echo(json.dumps(_as_json(reading, verdict, found)))
    else:
        for line in _lines(reading, verdict, found):
            typer.echo(harmless(line))
    if reading.fault is not None if verdict is None else not verdict.accepted:
        raise typer.Exit(FAILED)


def _from_stdin() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True))
    return sys.stdin.buffer.read(_MAX_BYTES).decode("utf-8", "replace")


def _bare(text: str) -> str:
    """Without what people copy along with a token."""
    words = text.split()
    if [word.lower() for word in words[:1]] == ["authorization:"]:
        words = words[1:]
    if [word.lower() for word in words[:1]] == ["bearer"]:
        words = words[1:]
    if len(words) != 1:
        raise typer.BadParameter(
            "one token is needed, as an argument or on standard input", param_hint="TOKEN"
        )
    return words[0]


def _asked(text: str, reading: TokenReading) -> tuple[Verdict, list[str]]:
    import asyncio

    from watchword.cli.composition import kept_sealer
    from watchword.config.auth import Settings
    from watchword.doctor.token_verdict import verdict_on
    from watchword.protocol.token_reading import hints

    settings = Settings()
    verdict = asyncio.run(verdict_on(text, settings, kept_sealer(settings)))
    if verdict.accepted:
        return verdict, []
    providers = {name: str(each.issuer) for name, each in settings.providers.items() if each.issuer}
    return verdict, list(
        hints(reading, issuer=settings.base_url, audience=settings.token_audience, providers=providers)
    )


def _as_json(reading: TokenReading, verdict: Verdict | None, found: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": reading.kind,
        "header": dict(reading.header),
        "claims": dict(reading.claims),
        "fault": reading.fault,
    }
    if verdict is not None:
        told |= {
            "accepted": verdict.accepted,
            "code": verdict.code,
            "live_code": verdict.live_code,
            "cause": verdict.said,
            "session_id": verdict.session_id,
            "hints": found,
        }
    return json.loads(json.dumps(told, default=_plain))  # type: ignore[no-any-return]


def _plain(value: object) -> object:
    """Claims are frozen: mappings and tuples of ours."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def _lines(reading: TokenReading, verdict: Verdict | None, found: list[str]) -> Iterator[str]:
    yield f"kind     {reading.kind.replace('_', ' ')}"
    if reading.fault is not None:
        yield f"fault    {reading.fault}"
    for name, value in reading.header.items():
        yield f"header   {name}: {_shown(value)}"
    for name, value in reading.claims.items():
        yield f"claim    {name}: {_shown(value)}{_when(value) if name in _TIMES else ''}"
    if verdict is None:
        yield "verdict  not asked for (--offline): anybody may have written this"
        return
    yield f"verdict  {'accepted' if verdict.accepted else f'refused ({verdict.code})'}: {verdict.said}"
    if verdict.session_id is not None:
        yield f"session  {verdict.session_id}"
    for hint in found:
        yield f"hint     {hint}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)


def _when(value: object) -> str:
    """A time for people, beside the number that stands in the token."""
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        return ""
    time, now = datetime.fromtimestamp(value, UTC), datetime.now(UTC)
    apart = now - time
    told = f"{duration(apart)} ago" if apart >= timedelta(0) else f"in {duration(-apart)}"
    return f"  ({moment(time)}, {told})"
