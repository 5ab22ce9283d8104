"""Where a service listens, and how a browser on this machine gets there."""

from __future__ import annotations

import os
import socket
from typing import Final
from urllib.parse import urlsplit

from watchword.config.auth import Settings
from watchword.config.base_url import is_loopback_url
from watchword.errors import ConfigurationError

_USUAL_PORT: Final = 8000


def usual_port(base_url: str) -> int:
    """The port a base URL on loopback names; 8000 behind anything else."""
    parts = urlsplit(base_url)
    direct = parts.scheme == "http" and is_loopback_url(base_url)
    return parts.port if direct and parts.port else _USUAL_PORT


def free_port(host: str) -> int:
    """A port nobody listens on right now. Raises ConfigurationError for a host that is not here."""
    with _bound(host, 0) as probe:
        port: int = probe.getsockname()[1]
        return port


def refuse_taken_port(host: str, port: int) -> None:
    """Raises ConfigurationError when the address cannot be listened on."""
    _bound(host, port).close()


def browsable(host: str) -> str:
    """An address a browser on this machine can open, for hosts that mean "every interface"."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 -- compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def default_base_url(settings: Settings, host: str, port: int) -> bool:
    """Whether no base URL is set; then the address listened on becomes the default, here and in
    processes started from here."""
    if "base_url" in settings.model_fields_set:
        return False
    os.environ["WATCHWORD_BASE_URL"] = f"http://{browsable(host)}:{port}"
    return True


def _bound(host: str, port: int) -> socket.socket:
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    except (OSError, UnicodeError) as error:
        probe.close()
        cause = error.strerror if isinstance(error, OSError) else "not a host name"
        raise ConfigurationError(
            [f"cannot listen on {host} port {port} ({cause}); choose another with --host or --port"]
        ) from None
    return probe
