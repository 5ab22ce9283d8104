"""Promises of the four checkpoints: what each claim is judged by, here and now."""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest

from tests.compliance.reports import NOW, item, provider, reported, state, table
from tests.contract.people import somebody
from tests.contract.samples import change
from tests.house.asvs import missing
from watchword import Settings, Watchword
from watchword.auth.account_ports import Act
from watchword.auth.sealing import Sealer
from watchword.compliance.deployment import own_pages
from watchword.compliance.distributions import UNSTATED, licence
from watchword.protocol.terms import terms_of
from watchword.storage import open_database

KEY = base64.b64encode(bytes(range(32))).decode()
PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "base_url": "https://app.example.org",
    "secret_key": "env:APP_KEY",
    "providers": {"work": provider()},
    "cleanup_interval_seconds": 300,
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_KEY", base64.b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("CLIENT_SECRET", "k3q9-zt81-m4w7-pd20")


async def test_production_as_it_should_be() -> None:
    """Everything that settings decide is met, and what nobody here can know stays open."""
    told = await reported(**PRODUCTION)
    assert not [each.id for each in told.not_met() if each.state == "attention"]
    assert {each.id for each in told.not_met()} == {
        "privacy.grounds",
        "privacy.recipients",
        "security.asvs",
        "security.keys",
        "security.advisories",
        "legal.terms",
        "legal.drafts",
        "accessibility.criteria",
        "accessibility.people",
        "accessibility.own_templates",
    }
    assert all(each.judge for each in told.not_met() if each.id not in ("security.keys",))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("security.environment", {"environment": "staging"}),
        ("security.weakenings", {"clock_leeway_seconds": 60}),
        ("security.weakenings", {"rate_limits": {"login": "off"}}),
        ("security.doctor", {"providers": {}}),
        ("security.connections", {"cache_url": "valkey://cache.example.org"}),
        ("privacy.cleanup", {"cleanup_interval_seconds": 0}),
        ("privacy.cleanup", {"cleanup_interval_seconds": 86_401}),
    ],
    ids=str,
)
async def test_what_needs_attention_gets_it(name: str, changes: dict[str, Any]) -> None:
    """One change, one item."""
    told = await reported(**PRODUCTION | changes)
    assert state(told, name) == "attention"
    assert [each.id for each in told.not_met() if each.state == "attention"] == [name]


async def test_a_secret_in_the_settings_themselves_is_named_and_not_shown() -> None:
    """By its setting; production refuses to start with it, so that this is development."""
    told = await reported(secret_key=KEY, providers={"work": provider(client_secret="a-literal-secret")})
    assert item(told, "security.secrets").evidence == (
        "WATCHWORD_SECRET_KEY, WATCHWORD_PROVIDERS__WORK__CLIENT_SECRET"
    )
    assert state(told, "security.secrets") == "attention"
    told = await reported(**PRODUCTION)
    assert table(told, "secrets").rows == (
        ("WATCHWORD_SECRET_KEY", "reference (env:)", "no"),
        ("WATCHWORD_PROVIDERS__WORK__CLIENT_SECRET", "reference (env:)", "no"),
    )


async def test_a_secret_in_a_file_that_others_can_read_needs_attention(tmp_path: Path) -> None:
    """Named by its setting; where the file is, nobody is told."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o644)
    told = await reported(secret_key=f"file:{tmp_path / 'key'}")
    assert item(told, "security.secrets").evidence == "WATCHWORD_SECRET_KEY"
    assert table(told, "secrets").rows == (("WATCHWORD_SECRET_KEY", "reference (file:)", "yes"),)


async def test_people_are_counted_by_what_became_of_them(configured: str) -> None:
    """Nobody is named. Who has not come back for a year is told of, until they are erased."""
    database = open_database(configured, sealer=Sealer(bytes(32)))
    people = [await somebody(database, number) for number in range(1, 5)]
    act = Act(NOW, NOW + timedelta(hours=1), "cli")
    await database.accounts.set_status(people[1].user_id, "disabled", act=act)
    await database.privacy.erase(people[2].user_id, act=act)
    await database.close()
    told = await reported()
    assert item(told, "privacy.people").evidence == (
        "accounts: 2 active, 1 disabled, 1 erased, which 1 keyed digests keep from coming back"
    )
    assert state(told, "privacy.dormant") == "met"
    later = await reported(NOW + timedelta(days=366))
    assert state(later, "privacy.dormant") == "attention"
    assert item(later, "privacy.dormant").evidence.startswith("3 accounts without a sign-in for 365 days")


async def test_rows_past_their_time_are_told_of(configured: str) -> None:
    """By table, some time after the cleanup should have taken them."""
    database = open_database(configured)
    await somebody(database, 1)
    await database.close()
    assert state(await reported(), "privacy.retention") == "met"
    told = await reported(NOW + timedelta(days=90, minutes=1))
    assert {row[0]: row[1] for row in table(told, "overdue").rows}["ww_audit_events"] == "0"
    told = await reported(NOW + timedelta(days=91))
    assert state(told, "privacy.retention") == "attention"
    assert {row[0]: row[1] for row in table(told, "overdue").rows} == {
        "ww_sessions": "1",
        "ww_authorization_codes": "0",
        "ww_single_use": "0",
        "ww_revocations": "1",
        "ww_audit_events": "1",
        "ww_version_usage": "1",
    }
    told = await reported(NOW + timedelta(days=93), cleanup_interval_seconds=315_360_000)
    assert state(told, "privacy.retention") == "attention"
    told = await reported(NOW + timedelta(days=91), privacy={"retention_days": 92})
    assert {row[0]: row[1] for row in table(told, "overdue").rows}["ww_audit_events"] == "0"


async def test_terms_are_one_text_and_those_who_accepted_it(configured: str, tmp_path: Path) -> None:
    """Counts by version and text; another text under the same version needs attention."""
    file = tmp_path / "terms.txt"
    file.write_text("Be kind.\n", encoding="utf-8")
    terms = {"version": "2", "file": str(file), "url": "https://app.example.org/terms"}
    database = open_database(configured)
    people = [await somebody(database, number) for number in (1, 2, 3)]
    await change(database, "DELETE FROM ww_terms_acceptances")
    await database.terms.accept(people[0].user_id, terms_of("1", b"Be.\n", None), now=NOW, session_id=None)
    await database.terms.accept(
        people[1].user_id, terms_of("2", file.read_bytes(), None), now=NOW, session_id=None
    )
    told = await reported(terms=terms)
    assert "2 active ones have not" in item(told, "legal.acceptances").evidence
    assert [row[0::2] for row in table(told, "acceptances").rows] == [("1", "1", "no"), ("2", "1", "yes")]
    assert state(told, "legal.one_text") == "met"
    await database.terms.accept(people[2].user_id, terms_of("2", b"!", None), now=NOW, session_id=None)
    await database.close()
    told = await reported(terms=terms)
    assert state(told, "legal.one_text") == "attention"
    assert "2 active ones have not" in item(told, "legal.acceptances").evidence


def test_templates_of_the_service_are_not_ours(tmp_path: Path) -> None:
    """Those that stand in for ours, and others, told apart; languages with those that were added."""
    for name in ("error.html", "parts.html", "mine/banner.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("<p>ours</p>", encoding="utf-8")
    pages = own_pages(tmp_path, None)
    assert pages.overridden == ("error.html", "parts.html")
    assert pages.others == ("mine/banner.html",)
    assert pages.languages == ("de", "en")
    assert not own_pages(None, None).named
    (tmp_path / "words/fr/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "words/fr/LC_MESSAGES/watchword.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    )
    translated = own_pages(None, tmp_path / "words")
    assert (translated.named, translated.languages) == (False, ("de", "en", "fr"))


async def test_a_key_store_that_holds_no_ring_needs_attention(tmp_path: Path) -> None:
    """And whether the secret key opens anything is not known then."""
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "ring.json").touch(mode=0o600)
    (tmp_path / "keys" / "ring.json").write_text("no ring", encoding="utf-8")
    told = await reported(**PRODUCTION | {"keys": {"store": "file", "path": str(tmp_path / "keys")}})
    assert state(told, "security.keys") == "attention"
    assert state(told, "security.secret_key") == "open"
    assert "could not be read" in item(told, "security.secret_key").evidence


async def test_a_started_service_has_keys_and_a_secret_key_that_opens_them() -> None:
    """After the first start nothing of them is left to do."""
    auth = Watchword(Settings(**PRODUCTION))
    await auth.services()
    await auth.stop()
    told = await reported(**PRODUCTION)
    assert state(told, "security.keys") == "met"
    assert state(told, "security.secret_key") == "met"
    assert {row[1] for row in table(told, "keys").rows} == {"active", "next"}


async def test_a_secret_key_that_opens_nothing_needs_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a deployment that lost its own."""
    auth = Watchword(Settings(**PRODUCTION))
    await auth.services()
    await auth.stop()
    monkeypatch.setenv("APP_KEY", base64.b64encode(os.urandom(32)).decode())
    assert state(await reported(**PRODUCTION), "security.secret_key") == "attention"


async def test_a_database_that_is_not_migrated_needs_attention(tmp_path: Path) -> None:
    """What it holds is not known then."""
    told = await reported(database_url=f"sqlite:///{tmp_path / 'bare.db'}")
    assert state(told, "security.migrations") == "attention"
    assert (state(told, "privacy.retention"), state(told, "security.secret_key")) == ("open", "open")


async def test_what_is_claimed_of_the_code_is_in_the_suite() -> None:
    """Every test that an item names is there."""
    told = await reported(terms={"version": "1", "url": "https://app.example.org/terms"})
    named = [test for part in told.checkpoints for each in part.items for test in each.tests]
    assert len(named) > 10
    assert not [test for test in named if missing(test) is not None]


async def test_what_is_installed_is_listed_with_licences() -> None:
    """Every package, its version and its licence, and which of them ask for more than a notice."""
    told = await reported()
    packages = {row[0]: row[1:] for row in table(told, "packages").rows}
    assert {"fastapi", "sqlalchemy", "valkey", "botocore"} <= packages.keys()
    assert packages.keys().isdisjoint({"pytest", "watchword", "mypy", "hatchling"})
    assert state(told, "legal.licences") == "met"
    assert "certifi" in item(told, "legal.licences").evidence


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: something else", "MIT OR Apache-2.0"),
        ("License: x\nClassifier: License :: OSI Approved :: BSD License", "BSD License"),
        ("License: ISC\nClassifier: License :: OSI Approved", "ISC"),
        ("License: UNKNOWN", UNSTATED),
        ("License: " + "a" * 81, UNSTATED),
        ("Keywords: none", UNSTATED),
    ],
    ids=str,
)
def test_a_licence_is_what_the_package_says_and_nothing_more(
    lines: str, expected: str, tmp_path: Path
) -> None:
    """A text instead of a name, or the word of old tools for none, is no licence."""
    made = tmp_path / "made-1.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(f"Metadata-Version: 2.4\nName: made\nVersion: 1\n{lines}\n")
    assert licence(PathDistribution(made)) == expected
