"""What administrators do by page: asked first, done once, told to the trail, true on every replica."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from tests.flows.administrators import (
    ADMIN,
    act,
    act_by_page,
    administrator,
    change_roles,
    every_get,
    person_page,
    recorded,
    user_id_of,
)
from tests.flows.browser import Browser, query_of
from tests.flows.commands import read_feed
from tests.flows.conftest import Service, StartService
from tests.flows.own_sessions import HTML, UNKNOWN, listed, own_id
from tests.flows.production import in_production, sign_in_by_hand
from tests.flows.refusals import rows, select
from watchword.auth.admin import AdminManager
from watchword.errors import AdminRequired, WatchwordError
from watchword.protocol.roles import ADMIN_ROLE


def targets(user_id: str, session_id: str) -> list[str]:
    return every_get(user_id, session_id)[-4:]


def test_ses_61_asvs_7_4_5_an_administrator_ends_sessions(
    service: Service, start_service: StartService
) -> None:
    """One, then all of a person: refused here at once, on the other replica by the feed; the person may sign
    in again. The page leads back to the person."""
    other = start_service()
    admin = administrator(service)
    bob, again = service.signed_in("bob"), service.signed_in("bob")
    there = Browser(other.client, dict(bob.cookies))
    bobs = user_id_of(bob)
    asked = admin.get(f"{ADMIN}/sessions/{own_id(bob)}/end", **HTML).text
    for said in ("End this session?", bobs, "Signed in", f'href="{person_page(bobs)}"'):
        assert said in asked
    response = act_by_page(admin, f"{ADMIN}/sessions/{own_id(bob)}/end")
    assert (response.status_code, response.headers["location"]) == (303, person_page(bobs))
    assert bob.get("/private").status_code == 401
    assert again.get("/private").status_code == 200
    read_feed(other)
    assert there.get("/private").status_code == 401
    assert act(admin, f"{person_page(bobs)}/end-sessions").status_code == 204
    assert again.get("/private").status_code == again.post("/auth/refresh").status_code == 401
    assert service.signed_in("bob").get("/private").status_code == 200
    assert admin.get(ADMIN).status_code == 200
    by_admin = {"reason": "revoked", "by": "admin", "admin_id": user_id_of(admin)}
    assert recorded(service, "session_ended") == [(bobs, by_admin), (bobs, by_admin)]
    for target in (f"{ADMIN}/sessions/{UNKNOWN}/end", f"{person_page(UNKNOWN)}/end-sessions"):
        assert act(admin, target).status_code == 404


def test_ses_61_asvs_7_4_2_a_disabled_person_is_out_until_enabled(service: Service) -> None:
    """Signed out at once and refused at sign-in; a second time changes nothing; enabled, they come back."""
    admin, bob = administrator(service), service.signed_in("bob")
    bobs, carols = user_id_of(bob), user_id_of(admin)
    assert "Disable this person?" in admin.get(f"{person_page(bobs)}/disable", **HTML).text
    for _ in range(2):
        assert act_by_page(admin, f"{person_page(bobs)}/disable").headers["location"] == person_page(bobs)
    assert bob.get("/private").status_code == 401
    assert service.sign_in(service.browser(), "bob").status_code == 403
    assert admin.get(person_page(bobs)).json()["user"]["status"] == "disabled"
    assert act(admin, f"{person_page(bobs)}/enable").status_code == 204
    assert service.signed_in("bob").get("/private").status_code == 200
    assert recorded(service, "account_disabled") == [
        (bobs, {"by": "admin", "admin_id": carols, "sessions_ended": 1})
    ]
    assert recorded(service, "account_enabled") == [
        (bobs, {"by": "admin", "admin_id": carols, "sessions_ended": 0})
    ]
    assert act(admin, f"{person_page(UNKNOWN)}/disable").status_code == 404


def test_nobody_disables_themselves(shared: Service) -> None:
    """Neither asked nor done, so an administrator is always left; ending one's own sessions is allowed."""
    admin = administrator(shared)
    target = f"{person_page(user_id_of(admin))}/disable"
    assert target not in admin.get(person_page(user_id_of(admin)), **HTML).text
    for response in (admin.get(target), act(admin, target)):
        assert (response.status_code, response.json()["code"]) == (409, "own_account_kept")
    assert admin.get(ADMIN).status_code == 200
    assert act(admin, f"{person_page(user_id_of(admin))}/end-sessions").status_code == 204
    assert admin.get(ADMIN).status_code == 401


def test_two_who_disable_each_other_do_not_both_succeed(service: Service) -> None:
    """Decided on locked rows: one wins, the other is no administrator any more; one is left."""
    one, two = administrator(service, "carol"), administrator(service, "bob")
    ids = [UUID(user_id_of(each)) for each in (one, two)]

    async def both() -> list[object]:
        admin: AdminManager = (await service.auth.services()).admin
        return list(
            await asyncio.gather(
                admin.disable(ids[0], ids[1]), admin.disable(ids[1], ids[0]), return_exceptions=True
            )
        )

    outcomes = service.call(both)
    assert [type(each) for each in outcomes if each is not None] == [AdminRequired]
    assert sorted(select(service, "SELECT status FROM ww_users")) == ["active", "disabled"]


def test_a_role_that_was_taken_away_meanwhile_does_nothing(service: Service) -> None:
    """Between the look at the session and the act: asked again in the transaction of the act."""
    admin, bob = administrator(service), service.signed_in("bob")
    carols, bobs = UUID(user_id_of(admin)), UUID(user_id_of(bob))
    change_roles(service, str(carols), deny=[ADMIN_ROLE])

    async def acts() -> list[str]:
        manager = (await service.auth.services()).admin
        refused = []
        for work in (
            manager.end_session(carols, UUID(own)),
            manager.end_sessions(carols, bobs),
            manager.disable(carols, bobs),
            manager.enable(carols, bobs),
        ):
            try:
                await work
            except WatchwordError as error:
                refused.append(error.code)
        return refused

    own = own_id(bob)
    assert service.call(acts) == ["admin_required"] * 4
    assert bob.get("/private").status_code == 200


def test_ses_73_nothing_is_done_without_a_word_or_from_elsewhere(shared: Service) -> None:
    """A GET asks only; without the word, from another site, or by an unknown act, nothing happens."""
    admin, bob = administrator(shared), shared.signed_in("bob")
    before = rows(shared)
    for target in targets(user_id_of(bob), own_id(bob)):
        assert admin.get(target, **HTML).status_code == 200
        assert admin.post(target).status_code == 400
        assert act(admin, target, data={"confirm": "no"}).status_code == 400
        for site in ("cross-site", "same-site", "none", None):
            response = act(admin, target, site=site)
            assert (response.status_code, response.json()["code"]) == (403, "cross_site_request"), target
        assert admin.request("DELETE", target).status_code == 405
    assert admin.post(f"{ADMIN}/users", json={"q": "bob"}, site="cross-site").status_code == 403
    assert act(admin, f"{person_page(user_id_of(bob))}/erase").status_code == 404
    assert bob.get("/private").status_code == 200
    assert [each["current"] for each in listed(bob)].count(True) == 1
    assert rows(shared) == before


@pytest.mark.parametrize(("age", "asserted"), [(601, True), (0, False)])
def test_asvs_7_5_3_in_production_acts_need_a_recent_sign_in(
    start_service: StartService, age: int, asserted: bool
) -> None:
    """Of the last ten minutes, by the provider's word: a person is led to it and from there to the account
    page, a program told by RFC 9470; looking goes on."""
    service = in_production(start_service)
    admin = service.browser()
    sign_in_by_hand(service, admin, age=age, asserted=asserted)
    mine = user_id_of(admin)
    change_roles(service, mine, grant=[ADMIN_ROLE])
    assert admin.get(ADMIN).status_code == 200
    for target in targets(mine, own_id(admin)):
        page = admin.get(target, **HTML)
        assert page.status_code == 303
        assert query_of(page.headers["location"]) == {"return_to": "/auth/account", "max_age": "0"}
        assert act_by_page(admin, target).status_code == 303
        refused = act(admin, target)
        assert refused.json()["code"] == "insufficient_user_authentication"
    assert admin.get(ADMIN).status_code == 200


def test_in_production_a_recent_sign_in_is_enough(start_service: StartService) -> None:
    """Up to the last second of the ten minutes."""
    service = in_production(start_service)
    admin = service.browser()
    sign_in_by_hand(service, admin, age=600, asserted=True)
    mine = user_id_of(admin)
    change_roles(service, mine, grant=[ADMIN_ROLE])
    assert admin.get(f"{person_page(mine)}/end-sessions", **HTML).status_code == 200
    assert act(admin, f"{person_page(mine)}/end-sessions").status_code == 204
