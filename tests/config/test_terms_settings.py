"""Promises of ``WATCHWORD_TERMS__…``: what goes together, and which text and address can be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from watchword.config.auth import Settings
from watchword.config.terms import read_terms
from watchword.errors import ConfigurationError
from watchword.protocol.terms import MAX_TERMS_BYTES

URL = "https://example.test/terms?lang=en#top"


def problem(environment: str = "development", **terms: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        Settings(terms=terms, environment=environment, secret_key=os.urandom(32).hex()[:43] + "=")
    (only,) = [each for each in refused.value.problems if each.startswith("WATCHWORD_TERMS__")]
    return only


def file_with(folder: Path, content: bytes) -> str:
    path = folder / "terms.txt"
    path.write_bytes(content)
    return str(path)


def test_nothing_set_means_no_terms() -> None:
    """Nobody is asked."""
    assert read_terms(Settings().terms) is None


def test_a_file_a_link_or_both(tmp_path: Path) -> None:
    """What is read is what is there, to the byte, up to the bound."""
    content = "Sei nett, größtenteils.\r\n".encode() + b"a" * (MAX_TERMS_BYTES - 26)
    file = file_with(tmp_path, content[:MAX_TERMS_BYTES])
    both = read_terms(Settings(terms={"version": "2026-11", "file": file, "url": URL}).terms)
    assert both is not None
    assert both.text is not None
    assert (both.version, both.url, both.text.encode()) == ("2026-11", URL, content[:MAX_TERMS_BYTES])
    link = read_terms(Settings(terms={"version": "v1.2/de", "url": "http://127.0.0.1:9000/t"}).terms)
    assert link is not None
    assert (link.text, link.url) == (None, "http://127.0.0.1:9000/t")


def test_a_version_and_a_place_go_together(tmp_path: Path) -> None:
    """Each without the other is named, with what is missing."""
    file = file_with(tmp_path, b"Be kind.")
    for given in ({"file": file}, {"url": URL}, {"file": file, "url": URL}):
        assert problem(**given).startswith("WATCHWORD_TERMS__VERSION: is required with")
    assert "but not where they are" in problem(version="1")


@pytest.mark.parametrize("version", ["", " ", "a b", "-1", "1\n", "ü", "x" * 65, 3, ["1"], "<b>"])
def test_a_version_is_plain(version: Any) -> None:
    """It is in pages, forms and records."""
    assert problem(version=version, url=URL).startswith("WATCHWORD_TERMS__VERSION: ")


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ("development", "http://example.test/terms"),
        ("staging", "http://127.0.0.1/terms"),
        ("production", "http://localhost/terms"),
        ("development", "javascript:alert(1)"),
        ("development", "data:text/html,hi"),
        ("development", "ftp://example.test/terms"),
        ("development", "https://user:password@example.test/terms"),
        ("development", "//example.test/terms"),
        ("development", "/terms"),
        ("development", "https://exa mple.test"),
        ("development", 'https://example.test/"onclick='),
        ("development", "https://example.test/" + "x" * 2048),
        ("development", ""),
    ],
)
def test_an_address_that_people_could_not_trust_is_refused(environment: str, url: str) -> None:
    """https, or loopback in development; and what it holds is not repeated."""
    told = problem(environment, version="1", url=url)
    assert told.startswith("WATCHWORD_TERMS__URL: ")
    assert "password@" not in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty or holds control characters"),
        (b" \r\n\t", "is empty or holds control characters"),
        (b"\xef\xbb\xbf", "is empty or holds control characters"),
        (b"Be\0kind", "is empty or holds control characters"),
        (b"Be kind \xff", "is not UTF-8 (byte 8)"),
        (b"%PDF-1.7\x80", "is not UTF-8"),
        (b"a" * (MAX_TERMS_BYTES + 1), f"is larger than {MAX_TERMS_BYTES} bytes"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """With what is the matter with it, before anything starts."""
    told = problem(version="1", file=file_with(tmp_path, content))
    assert told.startswith("WATCHWORD_TERMS__FILE: ")
    assert said in told


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """Also what would never end: the start does not hang at it."""
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("", "is no file"), ("pipe", "is no file"), ("none", "cannot be read (No such file")):
        assert said in problem(version="1", file=str(tmp_path / name))
    assert "cannot be read" in problem(version="1", file=str(tmp_path / ("x" * 300)))
    assert "cannot be read" in problem(version="1", file="a\0b")


def test_a_file_that_went_between_check_and_start(tmp_path: Path) -> None:
    """Is the same clear error."""
    file = file_with(tmp_path, b"Be kind.")
    settings = Settings(terms={"version": "1", "file": file})
    Path(file).unlink()
    with pytest.raises(ConfigurationError, match=r"WATCHWORD_TERMS__FILE: .* cannot be read"):
        read_terms(settings.terms)
