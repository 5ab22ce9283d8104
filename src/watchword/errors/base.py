"""The root of the error tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar


class WatchwordError(Exception):
    """Base of everything watchword raises on purpose.

    ``code`` is stable and safe to match on, ``public`` may be shown to anyone, ``detail`` names
    the exact cause for the operator, ``retry_after_seconds`` becomes ``Retry-After``.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    public: ClassVar[str] = "Something went wrong on our side. Please try again."
    oauth_error: ClassVar[str] = "server_error"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail or self.public)
        self.detail = detail or self.public
        self.retry_after_seconds = retry_after_seconds

    @property
    def extensions(self) -> Mapping[str, str]:
        """Further members of its problem document (RFC 9457 §3.2); they may be shown to anyone."""
        return {}


def error_classes(root: type[WatchwordError] = WatchwordError) -> Iterator[type[WatchwordError]]:
    """Every class of the tree, for the reference page and the tests that keep it complete."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)
