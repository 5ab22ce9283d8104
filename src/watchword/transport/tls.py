"""Whom a provider's certificate is believed from: the public authorities, or an operator's own file.

There is no way to believe nobody's: every context checks certificate and host name, from TLS 1.2 on.
"""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import Final

import httpx2

from watchword.errors import ConfigurationError

_MAX_FILE_BYTES: Final = 1024 * 1024
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_PRIVATE: Final = b"PRIVATE KEY-----"


@functools.cache
def public_context() -> ssl.SSLContext:
    """The authorities this machine trusts, read once a process, which takes a moment."""
    return _strict(httpx2.create_ssl_context())


def tls_context(ca_file: str | None, *, provider_id: str) -> ssl.SSLContext:
    """The context that trusts the certificates in a provider's ``ca_file``, roots or not, and no
    others; without a file, the public ones. Raises ConfigurationError naming the setting for a file
    that cannot be used."""
    if ca_file is None:
        return public_context()
    setting = f"WATCHWORD_PROVIDERS__{provider_id.upper()}__CA_FILE"
    try:
        context = ssl.create_default_context(cadata=_certificates(Path(ca_file)))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return _strict(context)
    except OSError as error:
        raise ConfigurationError([f"{setting}: {_why(error)}"]) from None
    except ValueError as fault:
        raise ConfigurationError([f"{setting}: {fault}"]) from None


def _certificates(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise ValueError("the file is larger than 1 MB; only certificates in PEM belong there")
    if _PRIVATE in content:
        raise ValueError("the file holds a private key; only certificates in PEM belong there")
    if _CERTIFICATE not in content:
        raise ValueError("the file holds no certificates in PEM")
    return content.decode("ascii", errors="replace")


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"a certificate in the file cannot be read ({error.reason})"
    return f"the file cannot be read ({error.strerror or type(error).__name__})"


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
