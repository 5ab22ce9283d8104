"""No person and no secret is in a report, and no value in it becomes markup."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.compliance.reports import NOW, provider, reported
from tests.contract.people import CANARY, plant, somebody
from tests.contract.samples import change
from watchword.compliance.deployment import read_deployment
from watchword.compliance.gathering import report
from watchword.compliance.rendering import as_html
from watchword.compliance.report import Report
from watchword.config.auth import Settings
from watchword.doctor.finding import SERVICE, Finding
from watchword.storage import open_database
from watchword.testing import FakeClock

HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;"
_TAGS = """html head meta title style body main h1 h2 h3 p strong dl dt dd time div table caption thead tbody
tr th td a ul li span code"""
TAGS = set(_TAGS.split())


def texts(told: Report) -> tuple[str, str]:
    return json.dumps(told.as_json(), ensure_ascii=False), as_html(told)


async def test_what_the_database_holds_of_people_is_not_in_it(configured: str) -> None:
    """A canary in every column about a person: none of them, no account and no session is told."""
    database = open_database(configured)
    live = await somebody(database, 1)
    await plant(database, live)
    await change(database, "UPDATE ww_terms_acceptances SET version = '2026-11'")
    await database.close()
    for text in texts(await reported(terms={"version": "1", "url": "https://app.example.org/terms"})):
        assert CANARY not in text
        assert str(live.user_id) not in text
        assert str(live.session_id) not in text


async def test_no_secret_of_the_settings_is_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, configured: str
) -> None:
    """Wherever it was written; of a reference only where it leads by kind."""
    (tmp_path / "folder-canary").write_text("file-canary-secret-of-a-provider", encoding="utf-8")
    monkeypatch.setenv("NAME_CANARY", base64.b64encode(b"canary" + bytes(range(26))).decode())
    settings: dict[str, Any] = {
        "secret_key": "env:NAME_CANARY",
        "providers": {
            "work": provider(client_secret=f"file:{tmp_path}/folder-canary"),
            "other": provider(client_secret="literal-canary-secret", issuer="https://other.example.org"),
        },
        "clients": {"job": {"secret": "canary-7Qw9Zr2Lk8Vb3Nx6Tp1Sd5Fg0Hj4YaMu8We3Rc"}},
        "cache_url": "valkeys://user:canary@cache.example.org",
        "terms": {"version": "1", "url": "https://app.example.org/terms"},
    }
    told = await reported(**settings)
    for text in texts(told):
        assert CANARY not in text.lower()
        assert "7Qw9Zr2Lk8Vb3Nx6" not in text
        assert base64.b64encode(b"canary")[:6].decode() not in text
    assert "WATCHWORD_CLIENTS__JOB__SECRET" in texts(told)[0]


async def test_keys_are_told_without_their_material(configured: str) -> None:
    """Ids, states, algorithms and ages; neither the sealed private part nor the public one."""
    database = open_database(configured)
    await change(
        database,
        "INSERT INTO ww_signing_keys (kid, algorithm, state, public_jwk, sealed_private, created_at, "
        "activated_at) VALUES ('kid-1', 'ES256', 'active', :jwk, :sealed, :now, :now)",
        jwk=json.dumps({"kty": "EC", "crv": "P-256", "x": "canary-x", "y": "canary-y"}),
        sealed=b"canary sealed",
        now=NOW.isoformat(sep=" "),
    )
    await database.close()
    for text in texts(await reported()):
        assert "kid-1" in text
        assert CANARY not in text


class Tags(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


async def test_hostile_values_stay_text(tmp_path: Path) -> None:
    """Names of clients, of roles and of templates: no tag comes of them, no attribute
    and no script."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "<img src=x onerror=y>.html").write_text("<p>x</p>", encoding="utf-8")
    work = provider(
        client_id=HOSTILE,
        client_secret="literal-secret",
        display_name=HOSTILE[:60],
        role_map={HOSTILE: HOSTILE},
    )
    told = await reported(providers={"work": work}, pages=folder)
    assert "<img src=x onerror=y>.html" in json.dumps(told.as_json())
    parser = Tags()
    parser.feed(as_html(told))
    assert parser.tags <= TAGS
    assert not {name for name in parser.attributes if name.startswith("on") or name == "src"}
    cells = [cell for part in told.checkpoints for each in part.tables for row in each.rows for cell in row]
    assert [cell for cell in cells if repr(HOSTILE) in cell]


async def test_the_page_asks_nobody_for_anything() -> None:
    """One file: no script, no picture, no style and no font from elsewhere."""
    page = as_html(await reported())
    assert "<script" not in page
    assert "src=" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


async def test_no_row_is_named_by_what_the_doctor_says() -> None:
    """An id may be somebody's, with or without dashes."""
    rows = ("019e0000-0000-7000-8000-00000000abcd", "019e0000000070008000000000000abcd")
    found = [
        Finding("warning", SERVICE, "sealed", f"1 value; the first is ww_x {row} y", None) for row in rows
    ]
    here = await read_deployment(Settings(), FakeClock(NOW))
    for text in texts(report(replace(here, findings=found))):
        assert text.count("the first is ww_x (an id) y") == 4
        assert not [row for row in rows if row in text]
