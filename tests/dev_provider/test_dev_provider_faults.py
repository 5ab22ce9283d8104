"""Faults that need no socket: which endpoints, how often, and what a person's grants are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from watchword.dev_provider import DevProvider, Faults
from watchword.dev_provider.endpoints import PATHS
from watchword.dev_provider.faults import ENDPOINTS

if TYPE_CHECKING:
    from tests.dev_provider.conftest import RelyingParty


def statuses(rp: RelyingParty) -> set[int]:
    return {rp.http.get(f"{rp.issuer}{path}").status_code for path in PATHS}


def test_every_endpoint_has_a_path() -> None:
    """``"*"`` is all there are."""
    assert set(PATHS.values()) == set(ENDPOINTS)


def test_all_endpoints_fail_at_once(provider: DevProvider, rp: RelyingParty) -> None:
    """And heal at once, or one after the other."""
    provider.fail("*", status=503, headers={"Retry-After": "5"})
    assert statuses(rp) == {503}
    assert rp.http.get(f"{rp.issuer}/jwks").headers["retry-after"] == "5"
    provider.heal("jwks")
    assert rp.http.get(f"{rp.issuer}/jwks").status_code == 200
    assert rp.http.get(f"{rp.issuer}/userinfo").status_code == 503
    provider.heal("*")
    assert 503 not in statuses(rp)


def test_times_counts_for_each_endpoint(provider: DevProvider, rp: RelyingParty) -> None:
    """Of several switches of one endpoint the last decides."""
    provider.fail("*", status=418, times=1)
    assert statuses(rp) == {418}
    assert 418 not in statuses(rp)
    provider.fail("jwks", status=418, times=1)
    provider.delay("jwks", 0.001)
    assert [rp.http.get(f"{rp.issuer}/jwks").status_code for _ in range(3)] == [418] * 3


@pytest.mark.parametrize("times", [0, -1])
def test_a_fault_happens_at_least_once(times: int) -> None:
    """A mistake in a test is told."""
    with pytest.raises(ValueError, match="at least once"):
        Faults().hang("jwks", times=times)


@pytest.mark.parametrize("status", [-1, 100, 199, 600, 999])
def test_a_status_that_is_none_is_told(status: int) -> None:
    """It would break the answer, not the client that is tested."""
    with pytest.raises(ValueError, match="from 200 to 599"):
        Faults().fail("jwks", status=status)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_delay_takes_time(seconds: float) -> None:
    """One that takes none would be a test that tests nothing."""
    with pytest.raises(ValueError, match="takes some time"):
        Faults().delay("jwks", seconds)


def test_an_endpoint_nobody_has_is_told() -> None:
    """A misspelt name would otherwise be a test that tests nothing."""
    with pytest.raises(ValueError, match="there is no endpoint 'keys'; there are discovery, jwks"):
        Faults().fail("keys")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no endpoint"):
        Faults().heal("keys")  # type: ignore[arg-type]


def test_a_captive_portal_answers_instead(provider: DevProvider, rp: RelyingParty) -> None:
    """200 with a page, or 302 to one, wherever one looks."""
    provider.faults.captive_portal()
    assert statuses(rp) == {200}
    assert rp.http.get(f"{rp.issuer}/jwks").headers["content-type"].startswith("text/html")
    provider.faults.captive_portal(redirect=True)
    assert statuses(rp) == {302}
    assert "portal" in rp.http.get(f"{rp.issuer}/jwks").headers["location"]


def test_an_empty_key_set(provider: DevProvider, rp: RelyingParty) -> None:
    """200, JSON, and not one key, until healed."""
    provider.empty_keys()
    assert rp.http.get(f"{rp.issuer}/jwks").json() == {"keys": []}
    provider.heal("jwks")
    assert rp.http.get(f"{rp.issuer}/jwks").json()["keys"]


def test_a_frozen_key_set_lags_behind(provider: DevProvider, rp: RelyingParty) -> None:
    """The old set is served after a rotation; healed, the new one is."""
    before = rp.http.get(f"{rp.issuer}/jwks").json()
    provider.freeze_keys()
    provider.rotate_keys()
    assert rp.http.get(f"{rp.issuer}/jwks").json() == before
    provider.heal("jwks")
    assert rp.http.get(f"{rp.issuer}/jwks").json() != before


def test_requests_are_counted_by_endpoint(provider: DevProvider, rp: RelyingParty) -> None:
    """Failed ones too; ``reset`` starts anew."""
    provider.fail("jwks")
    for _ in range(3):
        rp.http.get(f"{rp.issuer}/jwks")
    rp.http.get(f"{rp.issuer}/nowhere")
    assert (provider.count("jwks"), provider.count("token")) == (3, 0)
    provider.reset()
    assert provider.count("jwks") == 0


def test_a_disabled_person_has_nothing_and_gets_nothing(provider: DevProvider, rp: RelyingParty) -> None:
    """Refresh and userinfo are refused, and so is a sign-in, as an error at the client."""
    tokens, bystander = rp.tokens("alice"), rp.tokens("bob")
    provider.disable("alice")
    assert rp.oauth_error(rp.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.query_of(provider.approve(rp.authorization_url(), "alice"))["error"] == "access_denied"
    assert rp.refresh(bystander["refresh_token"]).status_code == 200
    provider.enable("alice")
    assert rp.oauth_error(rp.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert rp.tokens("alice")
    with pytest.raises(KeyError):
        provider.disable("nobody")


def test_a_person_changes_in_what_was_granted_before(provider: DevProvider, rp: RelyingParty) -> None:
    """A refresh, userinfo and the next sign-in tell the new roles; reset restores who was there."""
    tokens = rp.tokens("alice")
    provider.change_person("alice", roles=("editor",), email="new@example.test")
    refreshed = rp.refresh(tokens["refresh_token"]).json()
    assert rp.verified(refreshed["id_token"]).claims["roles"] == ["editor"]
    assert rp.userinfo(tokens["access_token"]).json()["email"] == "new@example.test"
    assert rp.verified(rp.tokens("alice")["id_token"]).claims["roles"] == ["editor"]
    provider.reset()
    assert rp.verified(rp.tokens("alice")["id_token"]).claims["roles"] == ["admin"]


def test_who_a_person_is_does_not_change(provider: DevProvider) -> None:
    """Misuse is told."""
    with pytest.raises(ValueError, match="stay"):
        provider.change_person("alice", sub="other")
    with pytest.raises(TypeError):
        provider.change_person("alice", role="admin")
    with pytest.raises(KeyError):
        provider.change_person("nobody", roles=())


def test_a_refresh_token_can_be_kept(provider: DevProvider, rp: RelyingParty) -> None:
    """RFC 6749 §6: no new one is given and the old one stays good; what was rotated before is reuse."""
    first = rp.tokens()["refresh_token"]
    provider.behaviour.keep_refresh_tokens = True
    answers = [rp.refresh(first).json() for _ in range(3)]
    assert all("refresh_token" not in answer and answer["id_token"] for answer in answers)
    provider.behaviour.keep_refresh_tokens = False
    second = rp.refresh(first).json()["refresh_token"]
    provider.behaviour.keep_refresh_tokens = True
    assert rp.oauth_error(rp.refresh(first)) == "invalid_grant"
    assert rp.oauth_error(rp.refresh(second)) == "invalid_grant"


def test_a_refresh_may_come_without_an_id_token(provider: DevProvider, rp: RelyingParty) -> None:
    """OpenID Connect Core §12.2 allows it; a sign-in always has one."""
    provider.behaviour.omit_refreshed_id_token = True
    tokens = rp.tokens()
    refreshed = rp.refresh(tokens["refresh_token"]).json()
    assert "id_token" in tokens
    assert "id_token" not in refreshed
    assert refreshed["refresh_token"]
