"""Who a provider's own access token makes the caller, at the real gate."""

from __future__ import annotations

import pytest

from tests.flows.changes import put
from tests.flows.commands import told
from tests.flows.conftest import Service
from tests.flows.refusals import change
from tests.flows.snapshots import everything_in
from tests.presets.access_tokens import ABSENT, SAMPLES, Sample
from tests.provider_tokens.bearer import Bearer, known, poll
from watchword.auth.provider_tokens import access_token_policy
from watchword.dev_provider.registration import CLIENT_ID


@pytest.mark.parametrize(("preset", "sample"), SAMPLES.items(), ids=SAMPLES)
def test_every_vendor_s_token_is_one_caller(vendors: Service, preset: str, sample: Sample) -> None:
    """Each in its own shape, by its own issuer; the same token costs the provider nothing again."""
    vendors.provider.behaviour.metadata = put(issuer=sample.issuer)
    bearer = Bearer(vendors, sample)
    token, asked = bearer.token(), bearer.requests()
    for _ in range(2):
        assert bearer.caller(token) == {
            "user-id": "",
            "session-id": "",
            "roles": "editor",
            "scopes": "read write",
            "issuer": sample.issuer,
            "subject": sample.subject,
        }
    assert bearer.requests() == asked + 2
    strange = bearer.get("/private", bearer.token(iss="https://unknown.example"))
    for refused in (
        strange,
        bearer.get("/private", bearer.token(exp=ABSENT)),
        bearer.get("/private", "x.y.z"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert bearer.requests() == asked + 2


def test_a_caller_without_an_account_has_mapped_roles_and_leaves_no_trace(bearer: Bearer) -> None:
    """Unknown is accepted, writes nothing, passes as a machine only, and has no session to re-read."""
    before = everything_in(bearer.service)
    assert bearer.get("/private").json() == {"subject": "person-1", "roles": ["editor"]}
    assert bearer.get("/admin").status_code == 403
    assert bearer.get("/live").status_code == 401
    assert bearer.get("/auth/me").status_code == 401
    assert bearer.get("/auth/verify").status_code == 403
    assert bearer.get("/auth/sessions").status_code == 401
    assert everything_in(bearer.service) == before


@pytest.mark.parametrize("verified_before", [True, False])
def test_a_disabled_person_is_refused_as_fast_as_after_a_logout(
    bearer: Bearer, verified_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the next reading of the feed, and a token that was never seen at once; a later one, too."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", bearer.service.auth.settings.database_url)
    user_id, subject = known(bearer, "alice")
    token = bearer.token(sub=subject)
    if verified_before:
        assert bearer.get("/private", token).status_code == 200
    assert told("users", "disable", str(user_id), "--yes")
    if verified_before:
        poll(bearer)
    assert bearer.get("/private", token).status_code == 401
    bearer.service.clock.advance(61)
    assert bearer.get("/private", bearer.token(sub=subject)).status_code == 401
    assert bearer.get("/open", token).status_code == 200


@pytest.mark.parametrize("verified_before", [True, False])
def test_ses_90_an_erased_person_is_refused_though_nothing_names_them(
    bearer: Bearer, verified_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed says only that somebody was erased: everybody's tokens are looked up again, and theirs is
    found out. Others, known and unknown, go on."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", bearer.service.auth.settings.database_url)
    user_id, subject = known(bearer, "alice")
    token, other = bearer.token(sub=subject), bearer.token(sub="somebody-else")
    if verified_before:
        assert bearer.get("/private", token).status_code == 200
        assert bearer.get("/private", other).status_code == 200
    assert told("users", "erase", str(user_id), "--yes")["erased"]
    if verified_before:
        poll(bearer)
    assert subject not in str(everything_in(bearer.service))
    refused = bearer.get("/private", token)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    bearer.service.clock.advance(61)
    assert bearer.get("/private", bearer.token(sub=subject)).status_code == 401
    assert bearer.get("/private", other).status_code == 200
    assert bearer.get("/open", token).status_code == 200


def test_an_erased_person_is_refused(bearer: Bearer) -> None:
    """What is left of the account is a tombstone, and no unknown caller."""
    user_id, subject = known(bearer, "alice")
    change(bearer.service, f"UPDATE ww_users SET status = 'erased' WHERE id = '{user_id.hex}'")
    assert bearer.get("/private", bearer.token(sub=subject)).status_code == 401


def test_a_known_person_has_their_account_and_its_roles(
    bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored ones, whatever the token says; a change reaches the same token with the feed."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", bearer.service.auth.settings.database_url)
    user_id, subject = known(bearer, "alice")
    token = bearer.token(sub=subject, roles=["boss"])
    caller = bearer.caller(token)
    assert (caller["user-id"], caller["roles"], caller["session-id"]) == (str(user_id), "admin", "")
    assert told("users", "grant", str(user_id), "extra")
    assert bearer.caller(token)["roles"] == "admin"
    poll(bearer)
    assert bearer.caller(token)["roles"] == "admin,extra"


def test_x_11_tokens_in_other_places_are_refused(bearer: Bearer) -> None:
    """An ID token as bearer, a provider's token as cookie or at our own endpoints, ours with their issuer."""
    browser = bearer.service.signed_in("alice")
    id_token = bearer.token(typ="JWT", aud=CLIENT_ID, nonce="n")
    for refused in (
        id_token,
        bearer.token(aud=CLIENT_ID),
        bearer.token(iss=bearer.service.auth.settings.base_url),
    ):
        assert bearer.get("/private", refused).status_code == 401
    cookie = {"cookie": f"__Host-ww_access={bearer.token()}"}
    assert bearer.service.client.get("/private", headers=cookie).status_code == 401
    sent = {"refresh_token": bearer.token(), "client_id": "x"}
    assert bearer.service.client.post("/auth/refresh", data=sent).status_code == 401
    assert bearer.get("/private", browser.cookies["__Host-ww_access"]).status_code == 200


def test_the_first_look_up_needs_the_database(bearer: Bearer) -> None:
    """503 and never 401; a token that was looked up goes on."""
    seen = bearer.token()
    assert bearer.get("/private", seen).status_code == 200
    change(bearer.service, "ALTER TABLE ww_identities RENAME TO gone")
    answer = bearer.get("/private", bearer.token(sub="other"))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert bearer.get("/private", seen).status_code == 200


def test_a_token_ends_when_it_says(bearer: Bearer) -> None:
    """Also one that is remembered; with the leeway for foreign clocks."""
    token = bearer.token()
    assert bearer.get("/private", token).status_code == 200
    bearer.service.clock.advance(3600 + 29)
    assert bearer.get("/private", token).status_code == 200
    bearer.service.clock.advance(1)
    assert bearer.get("/private", token).status_code == 401


def test_hosted_domains_are_in_force(bearer: Bearer) -> None:
    """The setting reaches the check, or people of every domain would come by token."""
    dev = bearer.service.auth.settings.providers["dev"]
    restricted = dev.model_copy(update={"hosted_domains": ("a.test",)})
    assert access_token_policy(restricted, 30).hosted_domains == {"a.test"}
    assert access_token_policy(dev, 30).hosted_domains == frozenset()
