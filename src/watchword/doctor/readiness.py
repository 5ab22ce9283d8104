"""Asking the running service how its providers do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from watchword.auth.provider_health import BreakerState
from watchword.errors import WatchwordError
from watchword.protocol.strict_json import loads_object
from watchword.transport.provider_http import HttpxProviderHttp

SERVICE_SECONDS: Final = 2.0
_MAX_BYTES: Final = 65_536
_STATES: Final[tuple[BreakerState, ...]] = get_args(BreakerState)


async def breaker_states(base_url: str) -> tuple[Mapping[str, BreakerState], str | None]:
    """What ``/readyz`` says of each provider, also while the service is not ready; else why it said
    nothing. Takes two seconds at most."""
    url = f"{base_url}/readyz"
    http = HttpxProviderHttp(total_seconds=SERVICE_SECONDS)
    try:
        answer = await http.get(url, max_bytes=_MAX_BYTES)
        providers = loads_object(answer.body, max_bytes=_MAX_BYTES).get("providers")
    except WatchwordError as error:
        return {}, error.detail
    except ValueError:
        return {}, f"{url}: answered {answer.status} without JSON"
    finally:
        await http.close()
    if not isinstance(providers, dict):
        return {}, f"{url}: answered {answer.status} and says nothing of providers"
    return dict(_readable(providers)), None


def _readable(providers: Mapping[str, Any]) -> list[tuple[str, BreakerState]]:
    told = [(name, each.get("state")) for name, each in providers.items() if isinstance(each, dict)]
    return [(name, state) for name, said in told for state in _STATES if state == said]
