"""What the doctor says of settings, certificates' file, database and secret key; it changes nothing."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.auth.rings import keyring_of
from tests.doctor.conftest import Patient
from watchword.auth.clock import SystemClock
from watchword.auth.sealing import Sealer
from watchword.doctor.recheck_checks import NO_RECHECK
from watchword.storage.database import open_database

KEY, OTHER_KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (7, 8))


async def sealed_by(url: str, key: bytes) -> None:
    """The first start of a service."""
    database = open_database(url)
    await keyring_of(database.keys, Sealer(key), SystemClock()).load()
    await database.close()


def kept_keys(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.key"))


async def test_more_than_one_worker_without_a_cache_is_a_warning_that_names_it(patient: Patient) -> None:
    """By option or ``WEB_CONCURRENCY``; a cache ends it."""
    told = (await patient.examined(offline=True, workers=2)).one("deployment", "warning")
    assert "WATCHWORD_CACHE_URL" in told.text
    assert not (await patient.examined(offline=True)).at("deployment")
    cached = await patient.examined(offline=True, workers=2, cache_url="valkey://127.0.0.1:1")
    assert not cached.at("deployment")


async def test_a_database_that_is_not_migrated_is_a_fault_and_stays_as_it_is(
    patient: Patient, tmp_path: Path
) -> None:
    """No file is made by looking."""
    missing = tmp_path / "missing.db"
    found = await patient.examined(offline=True, database_url=f"sqlite:///{missing}")
    assert found.one("database", "fault").fix == "run: watchword db upgrade"
    assert not missing.exists()


async def test_a_database_that_is_away_is_a_fault(patient: Patient) -> None:
    """Told, not raised, without the password."""
    url = "postgresql://watchword:hidden-password@127.0.0.1:1/watchword"
    told = (await patient.examined(offline=True, database_url=url)).one("database", "fault")
    assert "hidden-password" not in f"{told.text}{told.fix}"


@pytest.mark.parametrize(
    ("sealed", "key", "level", "says"),
    [
        (None, None, "ok", "the first start makes one"),
        (None, KEY, "ok", "the first start makes the signing keys"),
        (KEY, KEY, "ok", "opens the 2 signing keys"),
        (KEY, OTHER_KEY, "fault", "was sealed under SECRET_KEY"),
        (KEY, None, "fault", "no WATCHWORD_SECRET_KEY is set"),
    ],
)
async def test_the_secret_key_is_tried_on_the_database(
    patient: Patient, tmp_path: Path, sealed: str | None, key: str | None, level: Any, says: str
) -> None:
    """Nothing is made where there is nothing, neither keys nor a key's file."""
    if sealed is not None:
        await sealed_by(patient.url, base64.b64decode(sealed))
    before = kept_keys(tmp_path)
    changes: dict[str, Any] = {} if key is None else {"secret_key": key}
    assert says in (await patient.examined(offline=True, **changes)).one("secret_key", level).text
    assert kept_keys(tmp_path) == before
    database = open_database(patient.url)
    assert bool((await database.keys.load()).keys) is (sealed is not None)
    await database.close()


async def test_opt_outs_in_force_are_listed(patient: Patient) -> None:
    """Each weakening by the name of its setting; defaults list none."""
    assert not (await patient.examined(offline=True)).at("opt_out")
    found = await patient.examined(
        offline=True,
        clock_leeway_seconds=60,
        revocation_stale_seconds=600,
        dev={"link_verified_email": True, "email_domains": ["example.org"]},
    )
    told = " ".join(each.text for each in found.at("opt_out", level="warning"))
    for name in ("CLOCK_LEEWAY_SECONDS", "REVOCATION_STALE_SECONDS", "LINK_VERIFIED_EMAIL"):
        assert name in told


async def test_what_a_preset_cannot_do_is_told(patient: Patient) -> None:
    """Google never says when somebody signed in, and wants to be asked for a refresh token."""
    google = {
        "preset": "google",
        "issuer": "https://accounts.google.com",
        "client_id": "x",
        "client_secret": "some-secret",
        "authorize_params": {"prompt": "consent"},
    }
    found = await patient.examined(offline=True, providers={"google": google})
    assert "max_age_seconds" in found.one("step_up", "warning").text
    told = found.one("refresh_token", "warning").text
    assert "access_type=offline" in told
    assert NO_RECHECK in told


async def test_a_provider_that_gives_no_refresh_tokens_is_told(patient: Patient) -> None:
    """GitHub's OAuth apps."""
    github = {"preset": "github", "issuer": "https://github.com", "client_id": "x", "client_secret": "secret"}
    found = await patient.examined(offline=True, providers={"github": github})
    assert NO_RECHECK in found.one("refresh_token", "warning").text


@pytest.mark.parametrize(("recheck_seconds", "told"), [(1799, 0), (1800, 1)])
async def test_a_refresh_token_that_is_gone_before_it_is_used_is_told(
    patient: Patient, recheck_seconds: int, told: int
) -> None:
    """Keycloak's ordinary ones end with half an hour of silence."""
    keycloak = {
        "preset": "keycloak",
        "issuer": "https://sso.example.test/realms/main",
        "client_id": "x",
        "client_secret": "some-secret",
        "scopes": ["openid"],
    }
    found = await patient.examined(
        offline=True, providers={"main": keycloak}, provider_recheck_seconds=recheck_seconds
    )
    assert len(found.at("refresh_token", level="warning")) == told


async def test_with_re_checks_off_only_that_is_told(patient: Patient) -> None:
    """No scope of a provider matters then."""
    found = await patient.examined(provider_recheck_seconds=0, dev={"scopes": ["openid"]})
    assert not found.at("refresh_token")
    assert "WATCHWORD_PROVIDER_RECHECK_SECONDS: no re-check" in found.one("opt_out", "warning").text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "no certificates in PEM"),
        (b"\xff\x00", "no certificates in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds a private key"),
        (b"x" * 1_048_577, "larger than 1 MB"),
    ],
    ids=["missing", "empty", "no text", "damaged", "private", "large"],
)
async def test_a_file_of_certificates_that_cannot_be_used_is_a_fault(
    patient: Patient, tmp_path: Path, content: bytes | None, says: str
) -> None:
    """By the name of the setting; above all, no empty file trusts the public authorities instead."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    told = (await patient.examined(dev={"ca_file": str(path)})).one("ca_file", "fault").text
    assert told.startswith("WATCHWORD_PROVIDERS__DEV__CA_FILE: ")
    assert says in told
