"""Why a provider could not be reached, as an operator needs to know it: the cause and its fix."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

import httpx2

from watchword.errors import ProviderNameUnresolved, ProviderTlsFailed, ProviderUnavailable
from watchword.protocol.printable import printable

_CAUSES_LOOKED_AT: Final = 10

_UNKNOWN_CA: Final = (
    "its certificate comes from an authority that is not trusted here, or an intermediate certificate is "
    "missing there: let the server send the whole chain, or name a private authority in CA_FILE"
)
_WRONG_NAME: Final = (
    "its certificate is for another host name: check the address, or have the certificate name this host"
)
_BY_VERIFY_CODE: Final[Mapping[int, str]] = {
    9: "its certificate is not valid yet: check this machine's clock, then the certificate",
    10: "its certificate has expired: have it renewed there (or check this machine's clock)",
    18: "its certificate is self-signed: name that certificate in CA_FILE, or get one from an authority",
    19: _UNKNOWN_CA,
    20: _UNKNOWN_CA,
    21: _UNKNOWN_CA,
    23: "its certificate has been revoked: have it replaced there",
    62: _WRONG_NAME,
    64: _WRONG_NAME,
}
"""By OpenSSL's ``X509_V_ERR_…``."""

_NO_ANSWER: Final = "the connection was made, and then no answer came in time"
_BROKE_OFF: Final = "the connection broke off in the middle"
_IN_WORDS: Final[Mapping[type[Exception], str]] = {
    httpx2.ConnectTimeout: "no connection in time: a firewall that drops packets, or a host that is down",
    httpx2.ReadTimeout: _NO_ANSWER,
    httpx2.WriteTimeout: _NO_ANSWER,
    httpx2.ReadError: _BROKE_OFF,
    httpx2.WriteError: _BROKE_OFF,
    httpx2.RemoteProtocolError: "the connection ended before an answer, or what came is not HTTP",
}

_NO_COMMON_VERSION: Final = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION", "NO_PROTOCOLS_AVAILABLE"}
)
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


def connection_fault(where: str, error: Exception) -> ProviderUnavailable:
    """The typed fault behind an exception of the HTTP client; ``where`` is the address to show."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return ProviderTlsFailed(f"{where}: {_tls(cause)}")
        if isinstance(cause, socket.gaierror):
            return ProviderNameUnresolved(
                f"{where}: the host name cannot be resolved ({printable(cause.strerror or '')}): check the "
                "address, and the resolver of this machine"
            )
        if isinstance(cause, ConnectionRefusedError):
            return ProviderUnavailable(
                f"{where}: the connection is refused: nothing listens there, or a firewall says no"
            )
    said = "" if type(error) in _IN_WORDS else printable(str(error), max_chars=200)
    return ProviderUnavailable(f"{where}: {in_words(error)}{': ' if said else ''}{said}")


def in_words(error: Exception) -> str:
    """What an exception of the HTTP client means, and its name. What it says itself may quote an answer."""
    words, name = _IN_WORDS.get(type(error)), type(error).__name__
    return f"{words} ({name})" if words else name


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _BY_VERIFY_CODE.get(
            error.verify_code, f"its certificate is refused: {printable(error.verify_message)}"
        )
    reason = printable(error.reason or type(error).__name__)
    if reason in _NO_COMMON_VERSION:
        return f"no TLS version in common ({reason}): the server must speak TLS 1.2 or newer"
    if reason in _NO_TLS:
        return f"what answers there does not speak TLS ({reason}): check address and port"
    return f"the TLS handshake failed ({reason})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_CAUSES_LOOKED_AT):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
