"""A service with pages of its own, asked in process; nothing of it needs a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.testclient import TestClient

from watchword import Settings, Watchword

HEADING = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {plural};\\n"\n'


def asked(
    target: str = "/auth/signed-out", *, headers: Mapping[str, str] = {}, **pages: Any
) -> httpx2.Response:
    """One page of a service whose ``pages`` are folders for ``Watchword``."""
    app = Starlette()
    Watchword(Settings(base_url="http://127.0.0.1:8000"), **pages).install(app)
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    return client.get(target, headers={"accept": "text/html", **headers}, follow_redirects=False)


def catalogue(
    folder: Path, language: str, messages: Mapping[str, str], *, plural: str = "nplurals=2; plural=(n != 1)"
) -> Path:
    """Writes one where gettext looks for it; returns the folder."""
    place = folder / language / "LC_MESSAGES"
    place.mkdir(parents=True)
    entries = (f'\nmsgid "{source}"\nmsgstr "{said}"\n' for source, said in messages.items())
    text = HEADING.format(plural=plural) + "".join(entries)
    place.joinpath("watchword.po").write_text(text, encoding="utf-8")
    return folder
