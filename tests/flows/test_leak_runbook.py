"""``docs/security/leak.md`` is followed to the letter on two replicas: what it says a thief can do is done
before, and nobody can afterwards; who may go on goes on."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import jwt
import pytest

from tests.flows.browser import Browser
from tests.flows.commands import me, read_feed, told
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import CLIENTS, LOOPBACK, FirstParty, challenge
from tests.flows.refusals import select
from tests.flows.runbook import PAGE, Runbook
from tests.flows.thief import by_forged_link, forged, minted, scopes_by_forged_link
from tests.house.test_docs import titles
from tests.house.tree import ROOT
from tests.servers.key_value import KeyValueServer
from watchword.auth.sealing import Purpose, Sealer, sealed_under
from watchword.dev_provider import DevClient, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID
from watchword.protocol import base64url
from watchword.testing.provider import provider_settings

OLD_BYTES, NEW_BYTES = bytes(range(50, 82)), bytes(range(90, 122))
OLD, NEW = (base64.b64encode(key).decode() for key in (OLD_BYTES, NEW_BYTES))
LATER_SECONDS = 60
THIEF = "https://thief.example.test/"
Follow = Callable[..., Runbook]


@pytest.fixture
def start(
    start_service: StartService, provider_server: DevProviderServer, monkeypatch: pytest.MonkeyPatch
) -> StartService:
    """Replicas, and the same settings for the command line."""

    def started(**settings: Any) -> Service:
        service = start_service(**{"secret_key": OLD, **settings})
        given = provider_settings(provider_server) | settings.get("providers", {}).get("dev", {})
        names = {f"PROVIDERS__DEV__{name.upper()}": str(value) for name, value in given.items()}
        names |= {f"KEYS__{name.upper()}": value for name, value in settings.get("keys", {}).items()}
        names |= {
            "DATABASE_URL": service.auth.settings.database_url,
            "BASE_URL": BASE_URL,
            "SECRET_KEY": settings.get("secret_key", OLD),
        }
        for name, value in names.items():
            monkeypatch.setenv(f"WATCHWORD_{name}", value)
        return service

    return started


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Follow:
    def follow(section: str, *replicas: Service, **values: str) -> Runbook:
        return Runbook(section, list(replicas), monkeypatch, {"BASE_URL": BASE_URL, **values})

    return follow


def at(service: Service, browser: Browser) -> Browser:
    return Browser(service.client, dict(browser.cookies))


def accepted(token: str, *replicas: Service, path: str = "/auth/verify") -> set[int]:
    bearer = {"authorization": f"Bearer {token}"}
    return {each.client.get(path, headers=bearer).status_code for each in replicas}


def test_a_signing_key(start: StartService, follow: Follow) -> None:
    """A forged token counts everywhere, then nowhere; nobody has to sign in."""
    here, there = start(), start()
    alice, bob = here.signed_in("alice"), there.signed_in("bob")
    token = forged(here, alice)
    assert accepted(token, here, there) == {200}
    mixed = forged(here, alice, sid=me(bob)["session_id"])
    assert accepted(token, here, path="/live") == {200}
    assert accepted(mixed, here, path="/live") == {401}
    page = follow("A signing key is suspected", here, there, TOKEN=token)
    page.step()
    read_feed(here, there)
    page.step()
    assert page.finished
    for browser in (alice, bob, at(there, alice)):
        assert browser.get("/private").status_code == 401
    for browser in (alice, bob):
        assert browser.post("/auth/refresh").status_code == 200
        assert accepted(browser.access, here, there) == {200}


def test_the_session_table(start: StartService, follow: Follow) -> None:
    """Nothing of it is a credential, in whatever form it is presented, nor is a token made for a known
    session without the secret key; then everybody is out, and may come back."""
    here, there = start(), start()
    alice, bob = here.signed_in("alice"), there.signed_in("bob")
    assert alice.post("/auth/refresh").status_code == 200
    columns = ("refresh_digest", "previous_digest", "sealed_successor")
    stolen = [value for name in columns for value in select(here, f"SELECT {name} FROM ww_sessions") if value]
    assert len(stolen) == 4
    texts = [base64url.encode(value) for value in stolen] + [value.hex() for value in stolen]
    texts += [f"wtr_{text}" for text in texts] + [minted(secrets.token_bytes(32), me(alice)["session_id"], 2)]
    for text in texts:
        refused = here.client.post("/auth/refresh", json={"refresh_token": text})
        assert refused.status_code == 401
        assert accepted(text, here) == {401}
    assert alice.get("/private").status_code == 200
    page = follow("The session table was dumped", here, there, TOKEN=alice.access)
    page.step()
    read_feed(here, there)
    page.step()
    page.step()
    assert page.finished
    for browser in (alice, bob, at(there, alice), at(here, bob)):
        assert browser.get("/private").status_code == browser.post("/auth/refresh").status_code == 401
    here.clock.advance(LATER_SECONDS)
    assert at(there, here.signed_in("alice")).get("/private").status_code == 200


def test_a_providers_client_secret(
    start: StartService, follow: Follow, provider_server: DevProviderServer, tmp_path: Path
) -> None:
    """The file is all that changes here: the next sign-ins work on both replicas, and who is in stays in."""
    file = tmp_path / "client_secret"
    settings = provider_settings(provider_server)
    file.write_text(str(settings["client_secret"]))
    dev = settings | {"client_secret": f"file:{file}"}
    here, there = start(providers={"dev": dev}), start(providers={"dev": dev})
    alice = here.signed_in("alice")
    made = secrets.token_hex(16)
    uris = [f"{BASE_URL}/auth/callback/dev"]
    here.provider.add_client(DevClient(CLIENT_ID, made, uris, any_loopback=True))
    page = follow("A provider's client secret leaked", here, there, NEW_SECRET=made, SECRET_FILE=str(file))
    page.step()
    page.step()
    assert page.finished
    for replica in (here, there):
        assert replica.signed_in("bob").get("/private").status_code == 200
        assert at(replica, alice).get("/private").status_code == 200


def test_flt_23_the_vault(start: StartService, follow: Follow, key_value: KeyValueServer) -> None:
    """Two replicas go on and a third starts while it does not answer; a key is revoked on all of them, and
    the vault learns of it when it is back."""
    keys = {"store": "vault", "path": "secret/watchword/keys"}
    here, there = start(keys=keys), start(keys=keys)
    alice = here.signed_in("alice")
    token, kid = forged(here, alice), jwt.get_unverified_header(alice.access)["kid"]
    assert accepted(token, here, there) == {200}
    key_value.sealed = True
    late = start(keys=keys)
    page = follow("The vault is away", here, there, late, KID=kid)
    page.step()
    assert alice.post("/auth/refresh").status_code == 200
    page.step(exit_code=1)
    read_feed(here, there, late)
    assert accepted(token, here, there, late) == {401}
    assert alice.post("/auth/refresh").status_code == 200
    assert accepted(alice.access, here, there, late) == {200}
    key_value.sealed = False
    page.step()
    assert page.finished
    states = [each["state"] for each in told("keys", "list")["keys"]]
    assert sorted(states) == ["active", "next", "revoked"]
    assert alice.post("/auth/refresh").status_code == 200


def test_what_the_secret_key_alone_is_good_for(start: StartService) -> None:
    """Scopes for oneself, programs of a person's machine that are not asked about, and endings of sessions
    whose id is known; no session of anybody's, and no address that is not registered."""
    service = start(clients=CLIENTS)
    assert scopes_by_forged_link(service, OLD_BYTES) == "anything"
    native = FirstParty(service, "native", LOOPBACK)
    assert by_forged_link(service, OLD_BYTES, native, code_challenge=challenge("v" * 43)).status_code == 303
    elsewhere = by_forged_link(service, OLD_BYTES, native, code_challenge=challenge("v" * 43), at=THIEF)
    assert elsewhere.status_code == 400
    alice = service.signed_in("alice")
    assert alice.post("/auth/refresh").status_code == 200
    for generation, refreshes in ((2, 200), (1, 401)):
        planted = minted(OLD_BYTES, me(alice)["session_id"], generation)
        assert service.client.post("/auth/refresh", json={"refresh_token": planted}).status_code == 401
        assert alice.post("/auth/refresh").status_code == refreshes


def test_the_secret_key(start: StartService, follow: Follow) -> None:
    """With the old key a copy of the database opens; afterwards nothing in it does, and no process takes
    anything made with it. Who refreshed in between goes on until everybody is signed out."""
    before = start()
    alice, bob = before.signed_in("alice"), before.signed_in("bob")
    assert _sealed(before) == {Sealer(OLD_BYTES).key_ids[0]}
    token, user_id = forged(before, alice), me(alice)["user_id"]
    page = follow("The secret key leaked", before, OLD=OLD, NEW=NEW, TOKEN=token)
    page.step()
    during = start(secret_key=NEW, secret_key_previous=[OLD])
    page.patch.setenv("WATCHWORD_SECRET_KEY_PREVIOUS", OLD)
    page.step()
    read_feed(during)
    alice = at(during, alice)
    assert accepted(token, during) == {401}
    assert alice.post("/auth/refresh").status_code == 200
    page.step()
    after = start(secret_key=NEW, clients=CLIENTS)
    page.step()
    assert _sealed(before) == {Sealer(NEW_BYTES).key_ids[0]}
    assert scopes_by_forged_link(after, OLD_BYTES) is None
    alice = at(after, alice)
    planted = minted(OLD_BYTES, me(alice)["session_id"], 1)
    assert after.client.post("/auth/refresh", json={"refresh_token": planted}).status_code == 401
    assert alice.post("/auth/refresh").status_code == 200
    assert at(after, bob).post("/auth/refresh").status_code == 401
    page.step()
    assert page.finished
    read_feed(after)
    assert alice.post("/auth/refresh").status_code == 401
    after.clock.advance(LATER_SECONDS)
    assert me(after.signed_in("alice"))["user_id"] == user_id


def _sealed(service: Service) -> set[str | None]:
    """Under which keys everything that lasts is sealed."""
    found = [
        *select(service, "SELECT sealed_tokens FROM ww_provider_grants"),
        *select(service, "SELECT sealed_id_token FROM ww_provider_grants"),
        *select(service, "SELECT sealed_private FROM ww_signing_keys WHERE state <> 'revoked'"),
        *select(service, "SELECT sealed FROM ww_peppers"),
    ]
    return {sealed_under(bytes(value)) for value in found if value is not None}


def test_a_stolen_device(start: StartService, follow: Follow) -> None:
    """That session ends everywhere, then the account is closed; others of the service notice nothing."""
    here, there = start(), start()
    stolen, bob = here.signed_in("alice"), here.signed_in("bob")
    page = follow(
        "Somebody's device or refresh token was stolen",
        here,
        there,
        USER_ID=me(stolen)["user_id"],
        SESSION_ID=me(stolen)["session_id"],
        TOKEN=stolen.access,
    )
    page.step()
    read_feed(here, there)
    page.step()
    assert stolen.post("/auth/refresh").status_code == 401
    page.step()
    assert page.finished
    assert here.sign_in(here.browser(), "alice").status_code == 403
    assert at(there, bob).get("/private").status_code == 200


def test_every_section_is_followed_and_every_purpose_told() -> None:
    """Whoever adds an incident adds a test of it; whoever adds a use of the secret key says what it means."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    tests = Path(__file__).read_text(encoding="utf-8")
    assert len(titles(text)) == 6
    for title in titles(text):
        assert f'"{title}"' in tests
        assert f"](#{re.sub('[^a-z -]', '', title.lower()).replace(' ', '-')})" in text
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", text, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)]
    assert sorted(named) == sorted(get_args(Purpose))
