"""SES-72: whatever a browser held before, signing in makes every identifier anew and ends the old ones."""

from __future__ import annotations

from uuid import UUID

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import claims_of

IDENTIFIERS = ("sid", "jti")


def refresh_with(service: Service, token: str) -> int:
    return service.browser().post("/auth/refresh", json={"refresh_token": token}, site=None).status_code


def copy_of(browser: Browser) -> Browser:
    return Browser(browser.client, dict(browser.cookies))


def all_differ(one: Browser, other: Browser, *names: str) -> bool:
    before, after = claims_of(one.access), claims_of(other.access)
    tokens_differ = one.access != other.access and one.refresh != other.refresh
    return tokens_differ and all(before[name] != after[name] for name in names)


def test_ses_72_a_preset_session_is_not_taken_over_by_a_sign_in(service: Service) -> None:
    """The attacker's own cookies in the victim's browser: the victim gets new ones, and the attacker's
    are still the attacker's or nobody's, never the victim's."""
    attacker = service.signed_in("bob")
    victim = copy_of(attacker)
    assert service.sign_in(victim, "alice").status_code == 303
    assert all_differ(attacker, victim, *IDENTIFIERS, "sub")
    assert victim.get("/auth/me").json()["email"] == "alice@example.test"
    assert attacker.get("/private").status_code == 401
    assert refresh_with(service, attacker.refresh) == 401
    assert victim.get("/private").status_code == 200


def test_ses_72_preset_values_are_never_used(service: Service) -> None:
    """Invented tokens and attempts in the jar leave no trace in what a sign-in gives."""
    preset = {
        "__Host-ww_access": "preset.preset.preset",
        "__Host-ww_refresh": "wtr_" + "A" * 112,
        "__Host-ww_attempt_AAAAAAAAAAAAAAAA": "preset",
    }
    browser = Browser(service.client, dict(preset))
    assert service.sign_in(browser).status_code == 303
    held = " ".join(browser.cookies.values())
    assert not [value for value in preset.values() if value in held]
    assert browser.get("/private").status_code == 200


def test_ses_72_signing_in_again_ends_the_session_before(service: Service) -> None:
    """Also as the same person (ASVS 7.2.4): new identifiers, the old tokens are worth nothing."""
    browser = service.signed_in()
    before = copy_of(browser)
    service.sign_in(browser)
    assert all_differ(before, browser, *IDENTIFIERS)
    assert before.get("/private").status_code == 401
    assert refresh_with(service, before.refresh) == 401
    assert browser.get("/private").status_code == 200


def test_ses_72_a_refresh_renews_what_identifies(start_service: StartService) -> None:
    """Same session, new tokens; past the overlap the old refresh token ends the session it was of."""
    service = start_service(refresh_overlap_seconds=1)
    browser = service.signed_in()
    before = copy_of(browser)
    assert browser.post("/auth/refresh").status_code == 200
    assert all_differ(before, browser, "jti")
    assert claims_of(before.access)["sid"] == claims_of(browser.access)["sid"]
    service.clock.advance(2)
    assert before.post("/auth/refresh").status_code == 401
    assert browser.get("/private").status_code == 401


def test_ses_72_changed_roles_need_a_new_token(service: Service) -> None:
    """The token from before a change is refused, the one after it differs in what identifies it."""
    browser = service.signed_in("bob")
    before = copy_of(browser)

    async def grant() -> None:
        services = await service.auth.services()
        await services.accounts.change_roles(UUID(claims_of(browser.access)["sub"]), grant=["admin"])
        await services.feed.poll()

    service.call(grant)
    assert before.get("/private").status_code == 401
    assert browser.post("/auth/refresh").status_code == 200
    assert all_differ(before, browser, "jti")
    assert before.get("/private").status_code == 401
    assert browser.get("/admin").status_code == 200


def test_ses_72_what_is_left_after_logout_is_no_start_for_the_next(service: Service) -> None:
    """The cookies of an ended session, kept by somebody, stay dead when its owner comes back."""
    browser = service.signed_in()
    kept = copy_of(browser)
    browser.post("/auth/logout")
    service.sign_in(browser)
    assert all_differ(kept, browser, *IDENTIFIERS)
    assert kept.get("/private").status_code == 401
    assert kept.post("/auth/refresh").status_code == 401
    assert browser.get("/private").status_code == 200
