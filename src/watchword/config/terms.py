"""``WATCHWORD_TERMS__…``: the terms that people must have accepted."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from watchword.config.base_url import is_loopback_url
from watchword.errors import ConfigurationError
from watchword.protocol.terms import MAX_TERMS_BYTES, Terms, terms_of
from watchword.protocol.terms_text import is_text
from watchword.protocol.web_url import parse_web_url

if TYPE_CHECKING:
    from watchword.config.auth import Settings

_VERSION, _FILE, _URL = (f"WATCHWORD_TERMS__{name}" for name in ("VERSION", "FILE", "URL"))
_VERSION_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/-]{0,63}")


class TermsSettings(BaseModel):
    """Without a version there are no terms, and nobody is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str | None = None
    file: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    url: Annotated[str, Field(min_length=1, max_length=2048)] | None = None

    @field_validator("version")
    @classmethod
    def _version_is_plain(cls, given: str | None) -> str | None:
        if given is not None and not _VERSION_FORM.fullmatch(given):
            raise ValueError(
                "must be 1 to 64 letters, digits and . _ : + / -, and begin with a letter or digit, "
                "such as 2026-11"
            )
        return given

    @field_validator("url")
    @classmethod
    def _url_is_an_address(cls, given: str | None) -> str | None:
        if given is not None:
            parse_web_url(given.partition("#")[0])
        return given


def terms_problems(settings: Settings, known: Sequence[str]) -> list[str]:
    """What cannot work, each with its cause and fix. A setting that is faulty by itself, which ``known``
    says, is left out of ``settings``, so that nothing can be said about it with the others."""
    if any(problem.startswith("WATCHWORD_TERMS_") for problem in known):
        return []
    return [*_problems(settings)]


def _problems(settings: Settings) -> Iterator[str]:
    terms = settings.terms
    if terms.version is None and (terms.file or terms.url):
        yield f"{_VERSION}: is required with {_FILE} or {_URL}; a new version asks everybody again"
    if terms.version is not None and terms.file is None and terms.url is None:
        yield f"{_VERSION}: says which terms, but not where they are: set {_FILE}, {_URL} or both"
    if terms.url is not None and not _is_safe(terms.url, development=settings.environment == "development"):
        yield f"{_URL}: must be https (plain http is for loopback in development only)"
    if terms.file is not None:
        try:
            _content(terms.file)
        except ValueError as fault:
            yield f"{_FILE}: {fault}"


def read_terms(terms: TermsSettings) -> Terms | None:
    """The terms in force, read once a start; None where there are none. Raises ConfigurationError for a file
    that changed since the settings were checked and is none any more."""
    if terms.version is None:
        return None
    try:
        return terms_of(terms.version, _content(terms.file) if terms.file else None, terms.url)
    except ValueError as fault:
        raise ConfigurationError([f"{_FILE}: {fault}"]) from None


def _is_safe(url: str, *, development: bool) -> bool:
    return urlsplit(url).scheme.lower() == "https" or (development and is_loopback_url(url))


def _content(path: str) -> bytes:
    """Raises ValueError with the fault. Only a regular file is opened: reading a pipe would never end."""
    if "\0" in path:
        raise ValueError("cannot be read: no path holds a NUL")
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError(f"{path} is no file; name the file with the text of the terms")
        with Path(path).open("rb") as file:
            content = file.read(MAX_TERMS_BYTES + 1)
    except OSError as fault:
        raise ValueError(f"{path} cannot be read ({fault.strerror or type(fault).__name__})") from None
    if len(content) > MAX_TERMS_BYTES:
        raise ValueError(f"{path} is larger than {MAX_TERMS_BYTES} bytes; shorten it, or set {_URL}")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise ValueError(f"{path} is not UTF-8 (byte {fault.start}); save it as UTF-8 text") from None
    if not is_text(text):
        raise ValueError(f"{path} is empty or holds control characters; it must be plain text")
    return content
