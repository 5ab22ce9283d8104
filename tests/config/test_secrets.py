"""Promises of secrets and the references to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.servers.aws import in_aws_environment

from watchword.config.secrets import Secret, read_secret
from watchword.config.sources import FromEnvironment


def test_a_secret_knows_where_it_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only a literal in a file or in code is refused in production."""
    monkeypatch.setenv("ELSEWHERE", "by-variable")
    (tmp_path / "it").write_text("by-file\n")
    assert read_secret("in code").origin == "literal"
    assert read_secret(FromEnvironment("x")).origin == "environment"
    assert read_secret("env:ELSEWHERE") == Secret("by-variable", "reference")
    (tmp_path / "it").chmod(0o600)
    assert read_secret(f"file:{tmp_path / 'it'}") == Secret("by-file", "reference")


def test_a_secret_does_not_print() -> None:
    """Not by str(), repr() or formatting."""
    secret = read_secret("canary")
    assert "canary" not in f"{secret} {secret!r} {[secret]}"


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (None, "a secret is text"),
        (5, "a secret is text"),
        (b"x", "a secret is text"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("env:", "no such environment variable, or it is empty; set it"),
        ("env:NOT_SET_ANYWHERE", "refers to env:NOT_SET_ANYWHERE, but there is no such environment"),
        ("env:EMPTY", "no such environment variable, or it is empty; set it"),
        ("env:A=B", "no such environment variable, or it is empty; set it"),
        ("file:", "cannot be read"),
        ("file:nowhere", "refers to file:nowhere, but the file cannot be read: No such file"),
        ("file:.", "cannot be read: Is a directory"),
        ("file:empty", "refers to file:empty, but the file is empty"),
        ("file:binary", "not UTF-8"),
        ("file:large", "larger than a secret can be"),
        ("file:a\0b", "cannot be read"),
        ("aws-sm:prod/key#it", "refers to aws-sm:prod/key#it, but no AWS region is known"),
        ("vault:secret/key#it", "refers to vault:secret/key#it, but VAULT_ADDR is not set"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: Any, cause: str
) -> None:
    """Never taken as the secret itself."""
    in_aws_environment(monkeypatch, "http://127.0.0.1:1")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    monkeypatch.setenv("EMPTY", " ")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_text("x" * 70_000)
    with pytest.raises(ValueError, match=cause):
        read_secret(given)


def test_a_colon_alone_makes_no_reference() -> None:
    """Secrets may hold any character."""
    assert read_secret("AWS:x").reveal() == "AWS:x"
    assert read_secret("a:b").reveal() == "a:b"
