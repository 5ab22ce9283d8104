"""What the doctor says of the ring of signing keys; it changes nothing."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.doctor.conftest import Patient
from tests.doctor.test_service import KEY, sealed_by
from watchword.auth.clock import SystemClock
from watchword.auth.key_manager import KeyManager
from watchword.auth.sealing import Sealer
from watchword.composition_keys import open_key_manager
from watchword.doctor.key_checks import LATE_SECONDS
from watchword.storage.database import SqlDatabase, open_database
from watchword.testing import FakeClock

if TYPE_CHECKING:
    from tests.servers.key_value import KeyValueServer

pytest_plugins = ["tests.servers.key_value"]

VAULT = {"store": "vault", "path": "secret/keys"}


def with_key(**keys: Any) -> dict[str, Any]:
    return {"offline": True, "secret_key": KEY, "keys": keys}


def manager_of(patient: Patient, database: SqlDatabase, **keys: Any) -> KeyManager:
    settings = patient.settings(secret_key=KEY, keys=keys)
    return open_key_manager(settings, database, Sealer(base64.b64decode(KEY)), SystemClock(), by="cli")


async def test_a_ring_in_good_health_is_one_line(patient: Patient) -> None:
    """With the key that signs and for how long; another algorithm that is configured is no fault."""
    await sealed_by(patient.url, base64.b64decode(KEY))
    told = (await patient.examined(**with_key())).one("signing_keys", "ok")
    assert "database has 2 keys, " in told.text
    assert "has signed for 0.0 days" in told.text
    _, following = (await patient.examined(**with_key(algorithm="Ed25519"))).at("signing_keys")
    assert following.level == "ok"
    assert following.text.startswith("the active key is ES256; the next key will be Ed25519")


async def test_a_rotation_that_nobody_makes_is_told(patient: Patient) -> None:
    """An hour late: then no service runs, or it cannot."""
    database = open_database(patient.url)
    early = FakeClock(SystemClock().now() - timedelta(seconds=600 + LATE_SECONDS))
    settings = patient.settings(secret_key=KEY)
    await open_key_manager(settings, database, Sealer(base64.b64decode(KEY)), early, by="cli").ring.repaired()
    await database.close()
    told = (await patient.examined(**with_key(rotate_after_seconds=500))).one("signing_keys", "warning")
    assert "KEYS__ROTATE_AFTER_SECONDS is 500" in told.text
    assert (await patient.examined(**with_key(rotate_after_seconds=1200))).one("signing_keys", "ok")


async def test_flt_23_a_vault_that_is_away_is_told(patient: Patient, key_value: KeyValueServer) -> None:
    """With what stands in: nothing at first, which is a fault, then the copy, which is a warning."""
    key_value.sealed = True
    told = (await patient.examined(**with_key(**VAULT))).one("signing_keys", "fault")
    assert "no sealed copy is in the database" in told.text
    key_value.sealed = False
    database = open_database(patient.url)
    await manager_of(patient, database, **VAULT).ring.repaired()
    found = await patient.examined(**with_key(**VAULT))
    assert found.one("signing_keys", "ok").text.startswith("vault:")
    assert "opens the 2 signing keys (vault:" in found.one("secret_key", "ok").text
    key_value.sealed = True
    told = (await patient.examined(**with_key(**VAULT))).one("signing_keys", "warning")
    assert "Vault is sealed" in told.text
    assert "the copy of 20" in told.text
    await database.close()


async def test_keys_that_were_revoked_and_are_still_there_are_told(
    patient: Patient, key_value: KeyValueServer
) -> None:
    """As they are after a revocation without the vault, until a service or an operator is at it again."""
    database = open_database(patient.url)
    manager = manager_of(patient, database, **VAULT)
    await manager.ring.repaired()
    key_value.sealed = True
    await manager.revoke(None)
    key_value.sealed = False
    still, missing = (await patient.examined(**with_key(**VAULT))).at("signing_keys", level="warning")
    assert "still holds 2 revoked keys" in still.text
    assert missing.text == "no key is active or next"
    await manager.revoke(None)
    assert (await patient.examined(**with_key(**VAULT))).one("signing_keys", "ok")
    await database.close()


async def test_a_file_that_others_can_read_is_told_with_its_remedy(patient: Patient, tmp_path: Path) -> None:
    """A fault: no process starts with it."""
    store = {"store": "file", "path": str(tmp_path / "keys")}
    database = open_database(patient.url)
    await manager_of(patient, database, **store).ring.repaired()
    await database.close()
    ring = tmp_path / "keys" / "ring.json"
    ring.chmod(0o640)
    told = (await patient.examined(**with_key(**store))).one("signing_keys", "fault")
    assert f"chmod 600 '{ring}'" in told.text
