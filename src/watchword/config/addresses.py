"""Addresses that may hold a password: where they were written counts, and they do not print it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import PlainSerializer, PlainValidator

from watchword.config.cache_url import normalise_cache_url
from watchword.config.database_url import normalise_database_url
from watchword.config.secrets import Secret, read_secret
from watchword.errors import ConfigurationError


class Address(str):
    """The text of an address, for drivers; ``repr`` and JSON hide its password."""

    __slots__ = ("source",)
    source: Secret

    @property
    def password(self) -> str | None:
        """The password inside, still percent-encoded."""
        return urlsplit(self).password

    def __repr__(self) -> str:
        return repr(show_address(self))


def show_address(given: str) -> str:
    """``given`` with its password starred out."""
    scheme, separator, rest = given.partition("://")
    userinfo, at, host = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    return f"{scheme}{separator}{user}:***@{host}" if at and colon else str(given)


def _reader(normalise: Callable[[str], str]) -> Callable[[Any], Address]:
    def read(given: Any) -> Address:
        secret = read_secret(given)
        try:
            address = Address(normalise(secret.reveal()))
        except ConfigurationError as error:
            raise ValueError("; ".join(error.problems)) from None
        address.source = secret
        return address

    return read


DatabaseAddress = Annotated[
    str, PlainValidator(_reader(normalise_database_url)), PlainSerializer(show_address)
]
CacheAddress = Annotated[str, PlainValidator(_reader(normalise_cache_url)), PlainSerializer(show_address)]
