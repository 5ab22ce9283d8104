"""The client for HashiCorp Vault's key-value engine, version 2 (OpenBao speaks the same).

It reads Vault's own environment: ``VAULT_ADDR``, ``VAULT_TOKEN`` or a file that ``VAULT_TOKEN_FILE`` names
(as Vault Agent keeps one fresh), ``VAULT_NAMESPACE``, ``VAULT_CACERT`` or ``VAULT_CAPATH``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from watchword.auth.forks import in_child
from watchword.errors import SecretUnavailable

if TYPE_CHECKING:
    import hvac

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 3
_MAX_TOKEN_BYTES: Final = 16_384
_STALE: Final = "check-and-set parameter did not match"


@dataclass(frozen=True, slots=True)
class KeyValueVersion:
    """What is at a path. ``number`` is 0 where nothing was ever written, ``data`` is None there and where
    the newest version was deleted."""

    number: int
    created_time: str = ""
    data: Mapping[str, Any] | None = field(default=None, repr=False)


class KeyValueClient:
    """Synchronous, for threads; nothing is connected or read before the first question.

    A path is ``MOUNT/PATH``: the engine's mount is its first part. Every method raises SecretUnavailable
    with the cause and what mends it, and never a token or any content.
    """

    def __init__(self) -> None:
        self._client: hvac.Client | None = None
        in_child(self, KeyValueClient._begin_anew)

    def read(self, path: str, *, version: int | None = None) -> KeyValueVersion:
        """The newest version, or the one asked for."""
        mount, inside = _split(path)
        engine = self._engine()
        answer = _asked(
            path,
            "read",
            lambda: engine.read_secret_version(
                inside, version=version, mount_point=mount, raise_on_deleted_version=False
            ),
        )
        return KeyValueVersion(0) if answer is None else _found(path, answer)

    def write(self, path: str, data: Mapping[str, Any], *, cas: int) -> bool:
        """Write the version after ``cas`` (0: the first); False, with nothing written, when ``cas`` is no
        longer the newest."""
        mount, inside = _split(path)
        engine = self._engine()
        try:
            answer = _asked(
                path,
                "write",
                lambda: engine.create_or_update_secret(inside, dict(data), cas=cas, mount_point=mount),
            )
        except _Outrun:
            return False
        if not isinstance(answer, Mapping) or not isinstance(_at(answer, "data", "version"), int):
            raise SecretUnavailable(_not_kv(path))
        return True

    def _engine(self) -> Any:
        if self._client is None:
            self._client = _connectable()
        self._client.token = _token()
        return self._client.secrets.kv.v2

    def _begin_anew(self) -> object:
        client, self._client = self._client, None
        return client


class _Outrun(Exception):
    """Another writer was faster."""


def _connectable() -> hvac.Client:
    import hvac

    address = os.environ.get("VAULT_ADDR", "").strip()
    if not address.startswith(("https://", "http://")):
        raise SecretUnavailable(
            "VAULT_ADDR is not set to an http(s) address; set it to the one of your Vault, such as "
            "https://vault.example.com:8200"
        )
    return hvac.Client(
        url=address,
        token="",
        verify=os.environ.get("VAULT_CACERT") or os.environ.get("VAULT_CAPATH") or True,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        allow_redirects=False,
        namespace=os.environ.get("VAULT_NAMESPACE") or None,
    )


def _token() -> str:
    """Read every time, since agents replace it."""
    name = os.environ.get("VAULT_TOKEN_FILE")
    if not name:
        token = os.environ.get("VAULT_TOKEN", "").strip()
        if not token:
            raise SecretUnavailable("there is no Vault token; set VAULT_TOKEN_FILE or VAULT_TOKEN")
        if not token.isascii() or not token.isprintable():
            raise SecretUnavailable("VAULT_TOKEN holds no token")
        return token
    try:
        with open(name, "rb") as file:
            token = file.read(_MAX_TOKEN_BYTES).decode("ascii").strip()
    except OSError as error:
        raise SecretUnavailable(f"VAULT_TOKEN_FILE: {name!r} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SecretUnavailable(f"VAULT_TOKEN_FILE: {name!r} holds no token") from None
    if not token.isprintable() or not token:
        raise SecretUnavailable(f"VAULT_TOKEN_FILE: {name!r} holds no token")
    return token


def _asked(path: str, verb: str, ask: Callable[[], Any]) -> Any:
    """The answer, None where nothing is there. Raises _Outrun, SecretUnavailable."""
    import hvac.exceptions
    import requests

    try:
        return ask()
    except hvac.exceptions.InvalidPath as error:
        if error.errors:
            raise SecretUnavailable(_not_kv(path)) from None
        return None
    except hvac.exceptions.InvalidRequest as error:
        if any(_STALE in str(each) for each in error.errors or ()):
            raise _Outrun from None
        raise SecretUnavailable(f"Vault does not take the request for {path}; {_not_kv(path)}") from None
    except hvac.exceptions.VaultError as error:
        raise SecretUnavailable(_refusal(path, verb, error)) from None
    except requests.exceptions.SSLError:
        raise SecretUnavailable(
            "Vault's certificate is not trusted; set VAULT_CACERT to the authority that signed it"
        ) from None
    except (requests.exceptions.RequestException, OSError, ValueError) as error:
        raise SecretUnavailable(
            f"Vault does not answer ({type(error).__name__}); check VAULT_ADDR and the network"
        ) from None


def _refusal(path: str, verb: str, error: Exception) -> str:
    kind = type(error).__name__
    if kind in ("Forbidden", "Unauthorized"):
        capabilities = '["read"]' if verb == "read" else '["create", "update"]'
        mount, inside = _split(path)
        return (
            f"Vault denies access: the token is not valid any more, or its policy lacks {capabilities} on "
            f'"{mount}/data/{inside}"'
        )
    if kind == "VaultDown":
        return "Vault is sealed or in maintenance; unseal it"
    if kind == "VaultNotInitialized":
        return "Vault is not initialised"
    if kind == "RateLimitExceeded":
        return "Vault limits the rate of requests; raise its quota"
    return f"Vault failed ({kind}); look at its log"


def _not_kv(path: str) -> str:
    return f"there is no key-value engine of version 2 at the mount {path.partition('/')[0]!r}"


def _found(path: str, answer: Any) -> KeyValueVersion:
    number, data = _at(answer, "data", "metadata", "version"), _at(answer, "data", "data")
    if not isinstance(number, int) or not isinstance(data, Mapping | None):
        raise SecretUnavailable(f"the answer for {path} is none of Vault's; {_not_kv(path)}")
    return KeyValueVersion(number, str(_at(answer, "data", "metadata", "created_time") or ""), data)


def _at(answer: Any, *names: str) -> Any:
    for name in names:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer


def _split(path: str) -> tuple[str, str]:
    mount, _, inside = path.strip("/").partition("/")
    if not mount or not inside:
        raise SecretUnavailable(f"{path!r} is no MOUNT/PATH; the first part is the mount of the engine")
    return mount, inside
