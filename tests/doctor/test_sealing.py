"""What the doctor says of things sealed under other secret keys than the current one."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from tests.contract.samples import change
from tests.contract.sealed import with_pepper
from tests.doctor.conftest import Patient
from tests.doctor.test_service import KEY, OTHER_KEY, sealed_by
from watchword import Settings
from watchword.auth.clock import SystemClock
from watchword.auth.sealing import Sealer
from watchword.composition_seals import open_resealer
from watchword.storage.database import open_database
from watchword.storage.resealing import SqlSealedMarks


async def test_what_is_sealed_under_a_previous_key_is_told(patient: Patient) -> None:
    """With the command that helps, until it was run; then when the key can go, and that it can."""
    await sealed_by(patient.url, base64.b64decode(KEY))
    switched: dict[str, Any] = {"offline": True, "secret_key": OTHER_KEY, "secret_key_previous": [KEY]}
    told = (await patient.examined(**switched)).one("sealed", "warning")
    assert told.text.startswith("2 rows are still sealed under a previous secret key (")
    assert told.fix == "run: watchword secrets rotate"
    database = open_database(patient.url)
    sealer = Sealer(base64.b64decode(OTHER_KEY), [base64.b64decode(KEY)])
    settings = Settings(database_url=patient.url)
    await open_resealer(settings, database, database.keys, sealer, SystemClock()).run()
    assert (
        "nothing that lasts is sealed under" in (await patient.examined(**switched)).one("sealed", "ok").text
    )
    marks, (current, *older) = SqlSealedMarks(database.transactions), sealer.key_ids
    now = SystemClock().now()
    await marks.mark(current, older, anew=False, now=now)
    assert "refresh tokens until" in (await patient.examined(**switched)).one("sealed", "ok").text
    await marks.mark(current, older, anew=True, now=now - timedelta(days=2))
    told = (await patient.examined(**switched)).one("sealed", "warning")
    assert told.fix == "remove it from WATCHWORD_SECRET_KEY_PREVIOUS"
    await database.close()
    only = await patient.examined(offline=True, secret_key=OTHER_KEY)
    assert only.one("secret_key", "ok")
    assert not only.at("sealed")


async def test_values_of_a_key_that_is_not_listed_are_told(patient: Patient) -> None:
    """By the key's id; and those that were altered by the first row."""
    await sealed_by(patient.url, base64.b64decode(KEY))
    database = open_database(patient.url)
    await with_pepper(database, "of another", Sealer(base64.b64decode(OTHER_KEY)))
    await with_pepper(database, "broken", Sealer(base64.b64decode(KEY)))
    await change(database, "UPDATE ww_peppers SET sealed = :bad WHERE name = 'broken'", bad=b"\x02broken")
    await database.close()
    missing, broken = (await patient.examined(offline=True, secret_key=KEY)).at("sealed")
    assert Sealer(base64.b64decode(OTHER_KEY)).key_ids[0] in missing.text
    assert "the first is peppers broken sealed" in broken.text
