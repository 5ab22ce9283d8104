"""A provider's refresh grant (RFC 6749 §6, OpenID Connect Core §12): what an answer says about a person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.changes import drop, put, shift
from tests.flows.relying_party import RelyingParty, relying_party
from watchword.auth.deadline import operation
from watchword.auth.recheck_ports import Confirmed, Unanswered, Withdrawn
from watchword.dev_provider import DevProvider, DevProviderServer
from watchword.testing import FakeClock
from watchword.transport.provider_http import HttpxProviderHttp

JSON = {"content-type": "application/json"}
Misbehave = Callable[[DevProvider], object]
StartParty = Callable[..., RelyingParty]


def behave(**switches: Any) -> Misbehave:
    def change(provider: DevProvider) -> None:
        for name, value in switches.items():
            setattr(provider.behaviour, name, value)

    return change


@pytest.fixture
def start_party(own_server: DevProviderServer, own_clock: FakeClock, http: HttpxProviderHttp) -> StartParty:
    """Relying parties at one provider, which behaves."""
    own_server.provider.reset()
    return lambda **settings: relying_party(own_server, http, own_clock, **settings)


@pytest.fixture
def party(start_party: StartParty) -> RelyingParty:
    return start_party()


async def test_rp_26_a_refresh_confirms_and_rotates(party: RelyingParty) -> None:
    """The same person, once more as at the sign-in; the next refresh goes with the new token, and no
    token shows in what is printed."""
    signed_in = await party.sign_in()
    first = await party.confirmed(signed_in)
    second = await party.confirmed(signed_in, first.refresh_token)
    assert first.identity == second.identity == signed_in.identity
    tokens = [signed_in.refresh_token, first.refresh_token, second.refresh_token]
    assert None not in tokens
    assert len(set(tokens)) == 3
    said = repr((signed_in, first, second))
    assert not [token for token in [*tokens, first.id_token] if token is None or token in said]


async def test_rp_26_the_new_access_token_asks_for_userinfo(start_party: StartParty) -> None:
    """Which an old one would not be good for any more."""
    party = start_party(userinfo="always")
    signed_in = await party.sign_in()
    party.asked()
    party.clock.advance(400)
    await party.confirmed(signed_in)
    assert "/userinfo" in party.asked()


async def test_a_provider_that_keeps_the_token_gives_no_other(party: RelyingParty) -> None:
    """Then the one we have stays good, and is kept."""
    party.provider.behaviour.keep_refresh_tokens = True
    signed_in = await party.sign_in()
    assert (await party.confirmed(signed_in)).refresh_token is None
    assert (await party.confirmed(signed_in)).refresh_token is None


async def test_profile_and_roles_are_those_of_now(party: RelyingParty) -> None:
    """Read by the rules of a sign-in."""
    signed_in = await party.sign_in()
    party.provider.change_person("alice", name="Alice Elder", roles=("editor", "no role!"))
    identity = (await party.confirmed(signed_in)).identity
    assert (identity.name, identity.roles) == ("Alice Elder", frozenset({"editor"}))


WRONG_PEOPLE: dict[str, Any] = {
    "rp_27_issuer": put(iss="https://evil.test"),
    "rp_27_no_issuer": drop("iss"),
    "rp_28_subject": put(sub="dev-bob"),
    "rp_28_case": put(sub="Dev-Alice"),
    "rp_28_no_subject": drop("sub"),
}


@pytest.mark.parametrize("claims", WRONG_PEOPLE.values(), ids=WRONG_PEOPLE)
async def test_rp_27_rp_28_a_refreshed_token_of_another_is_refused(
    start_party: StartParty, claims: Any
) -> None:
    """Nothing of the answer is kept, and userinfo is not asked."""
    party = start_party(userinfo="always")
    signed_in = await party.sign_in()
    party.asked()
    party.provider.behaviour.id_token_claims = claims
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Withdrawn)
    assert answer.cause == "wrong_identity"
    assert party.asked() == ["/token"]


@pytest.mark.parametrize("body", [b"{}", b'{"error": "server_error"}', b'{"sub": null}'])
async def test_userinfo_about_nobody_is_no_withdrawal(start_party: StartParty, body: bytes) -> None:
    """As a fault of the endpoint may give it for everybody: nobody is signed out by that."""
    party = start_party(userinfo="always")
    signed_in = await party.sign_in()
    party.provider.fail("userinfo", status=200, headers=JSON, body=body)
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Unanswered)
    assert answer.refresh_token is not None


async def test_another_key_of_the_same_name_is_fetched_before_anybody_is_signed_out(
    party: RelyingParty,
) -> None:
    """A provider that was set up anew may name its keys as before; what it publishes now decides."""
    party.provider.behaviour.id_token_header = put(kid="1")
    party.provider.behaviour.jwks = lambda given: {"keys": [{**given["keys"][0], "kid": "1"}]}
    signed_in = await party.sign_in()
    party.provider.rotate_keys(keep_previous=False)
    assert (await party.confirmed(signed_in)).identity == signed_in.identity


async def test_a_signature_that_fails_under_the_named_key_ends_the_grant(party: RelyingParty) -> None:
    """The token names a key of the provider's and was signed with another."""
    signed_in = await party.sign_in()
    party.provider.behaviour.sign_with_unknown_key = True
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Withdrawn)
    assert answer.cause == "bad_signature"


@pytest.mark.parametrize(
    "misbehave",
    [
        behave(id_token_header=put(kid="not published yet")),
        behave(id_token_header=put(alg="none")),
        behave(id_token_claims=put(aud="another")),
        behave(id_token_claims=put(azp="another")),
        behave(id_token_claims=put(at_hash="wrong")),
        behave(id_token_claims=shift(exp=-60)),
        behave(id_token_claims=shift(auth_time=120)),
        behave(token_response=put(id_token="a.b.c")),
    ],
    ids=["kid", "alg", "aud", "azp", "at_hash", "exp", "auth_time", "malformed"],
)
async def test_what_cannot_be_verified_is_no_answer_and_its_token_is_kept(
    party: RelyingParty, misbehave: Misbehave, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that was sent is spent; with the new one the provider can be asked again. The log says
    what to mend."""
    signed_in = await party.sign_in()
    misbehave(party.provider)
    with caplog.at_level(logging.WARNING, "watchword"):
        answer = await party.refresh(signed_in)
    assert isinstance(answer, Unanswered)
    assert answer.error.detail in caplog.text
    party.provider.behaviour.reset()
    assert isinstance(await party.refresh(signed_in, answer.refresh_token), Confirmed)


async def test_keys_that_cannot_be_fetched_are_an_outage(start_party: StartParty) -> None:
    """A process that just started knows none yet."""
    signed_in = await start_party().sign_in()
    party = start_party()
    party.provider.fail("jwks")
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Unanswered)
    party.provider.heal()
    assert (await party.confirmed(signed_in, answer.refresh_token)).identity == signed_in.identity


@pytest.mark.parametrize("nonce", ["anything", 5])
async def test_a_nonce_is_not_compared(party: RelyingParty, nonce: Any) -> None:
    """Core §12.2: it need not be there, and that of the sign-in is not kept."""
    signed_in = await party.sign_in()
    party.provider.behaviour.id_token_claims = put(nonce=nonce)
    await party.confirmed(signed_in)


@pytest.mark.parametrize("username", ["alice", None])
async def test_a_withdrawn_grant_is_told(party: RelyingParty, username: str | None) -> None:
    """``invalid_grant``: by an administrator, or for a token that was used before."""
    signed_in = await party.sign_in()
    if username is None:
        await party.confirmed(signed_in)
    else:
        party.provider.revoke(username)
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Withdrawn)
    assert answer.cause == "invalid_grant"
    assert str(signed_in.refresh_token) not in answer.detail


OUTAGES: dict[str, Misbehave] = {
    "500": lambda provider: provider.fail("token", status=500),
    "503": lambda provider: provider.fail("token", status=503, headers={"retry-after": "7"}),
    "429": lambda provider: provider.fail("token", status=429, headers={"retry-after": "7"}),
    "page": lambda provider: provider.faults.captive_portal("token"),
    "dropped": lambda provider: provider.drop("token"),
    "lost": lambda provider: provider.drop("token", after_work=True),
    "cut off": lambda provider: provider.faults.break_off("token"),
    "no tokens": lambda provider: provider.fail("token", status=200, headers=JSON, body=b"{}"),
}


@pytest.mark.parametrize("misbehave", OUTAGES.values(), ids=OUTAGES)
async def test_an_outage_is_no_answer_and_nothing_is_sent_twice(
    party: RelyingParty, misbehave: Misbehave
) -> None:
    """The provider may have used the token up all the same."""
    signed_in = await party.sign_in()
    party.asked()
    misbehave(party.provider)
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Unanswered)
    assert answer.refresh_token is None
    assert party.asked() == ["/token"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((401, "invalid_client"), (400, "unauthorized_client"), (400, "invalid_request")),
        *((400, "unsupported_grant_type"), (400, "invalid_scope"), (404, "not_found")),
    ],
)
async def test_a_broken_registration_is_nobodys_fault_who_is_signed_in(
    party: RelyingParty, caplog: pytest.LogCaptureFixture, status: int, error: str
) -> None:
    """The operator reads what the provider said, once a minute however many sessions are due."""
    signed_in = await party.sign_in()
    body = json.dumps({"error": error}).encode()
    party.provider.fail("token", status=status, headers=JSON, body=body)
    for later_seconds, lines in ((0, 1), (59, 1), (2, 2)):
        party.clock.advance(later_seconds)
        with caplog.at_level(logging.WARNING, "watchword"):
            assert isinstance(await party.refresh(signed_in), Unanswered)
        told = (
            f"dev could not be asked again about somebody: the token endpoint answered {status} error={error}"
        )
        if error == "invalid_client":
            told += ": the provider does not take the value of WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET"
        assert caplog.messages == [told] * lines


async def test_the_provider_wants_the_person(party: RelyingParty) -> None:
    """An answer that only a sign-in can help against ends the grant as ``invalid_grant`` does."""
    signed_in = await party.sign_in()
    body = json.dumps({"error": "interaction_required"}).encode()
    party.provider.fail("token", status=400, headers=JSON, body=body)
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Withdrawn)
    assert answer.cause == "invalid_grant"


async def test_without_an_id_token_userinfo_says_who(party: RelyingParty) -> None:
    """Core §12.2 leaves it out where the provider likes; what is lacking then is asked for."""
    signed_in = await party.sign_in()
    party.asked()
    party.provider.behaviour.omit_refreshed_id_token = True
    party.provider.change_person("alice", roles=("editor",))
    answer = await party.confirmed(signed_in)
    assert party.asked() == ["/token", "/userinfo"]
    assert (answer.identity.roles, answer.identity.email) == (frozenset({"editor"}), signed_in.identity.email)
    assert answer.id_token is None


@pytest.mark.parametrize(
    ("settings", "misbehave"),
    [
        ({"userinfo": "never"}, behave()),
        ({}, lambda provider: provider.fail("userinfo")),
        ({}, behave(userinfo=drop("roles"))),
        ({}, behave(metadata=drop("userinfo_endpoint"))),
    ],
    ids=["never asked", "not answered", "not said", "no endpoint"],
)
async def test_roles_that_nobody_said_are_unknown(
    start_party: StartParty, settings: dict[str, Any], misbehave: Misbehave
) -> None:
    """Those the provider gave before stay, rather than that none are read out of silence."""
    party = start_party(**settings)
    misbehave(party.provider)
    signed_in = await party.sign_in()
    party.provider.behaviour.omit_refreshed_id_token = True
    identity = (await party.confirmed(signed_in)).identity
    assert (identity.issuer, identity.subject) == (signed_in.identity.issuer, "dev-alice")
    assert identity.roles is None


@pytest.mark.parametrize("without_id_token", [False, True])
async def test_userinfo_about_somebody_else_ends_the_grant(
    start_party: StartParty, without_id_token: bool
) -> None:
    """With an ID token that is right, too."""
    party = start_party(userinfo="always")
    signed_in = await party.sign_in()
    party.provider.behaviour.omit_refreshed_id_token = without_id_token
    party.provider.behaviour.userinfo = put(sub="dev-bob")
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Withdrawn)
    assert answer.cause == "wrong_identity"


async def test_userinfo_that_must_be_had_and_is_not_is_no_answer(start_party: StartParty) -> None:
    """As at a sign-in; with the new refresh token the provider is asked again."""
    party = start_party(userinfo="always")
    signed_in = await party.sign_in()
    party.provider.fail("userinfo")
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Unanswered)
    party.provider.heal()
    await party.confirmed(signed_in, answer.refresh_token)


async def test_a_hosted_domain_holds_at_every_re_check(start_party: StartParty) -> None:
    """Who left the domain is out; without a token that says so, nobody knows."""
    party = start_party(hosted_domains=["example.org"])
    behaviour = party.provider.behaviour
    behaviour.id_token_claims = put(hd="example.org")
    signed_in = await party.sign_in()
    first = await party.confirmed(signed_in)
    behaviour.omit_refreshed_id_token = True
    second = await party.refresh(signed_in, first.refresh_token)
    assert isinstance(second, Unanswered)
    behaviour.omit_refreshed_id_token = False
    for claims in (put(hd="example.net"), drop("hd")):
        behaviour.id_token_claims = claims
        signed_in_again = await start_party().sign_in()
        answer = await party.refresh(signed_in_again)
        assert isinstance(answer, Withdrawn)
        assert answer.cause == "wrong_identity"


async def test_an_endpoint_that_hangs_is_waited_for_no_longer_than_the_whole_may_take(
    party: RelyingParty,
) -> None:
    """The time that is left counts, wherever it was spent; keys that did not come in it are no verdict."""
    signed_in = await party.sign_in()
    party.provider.faults.hang("userinfo")
    party.provider.behaviour.omit_refreshed_id_token = True
    with operation(0.2):
        assert (await party.confirmed(signed_in)).identity.roles is None
    party.provider.faults.hang("token")
    with operation(0.2):
        assert isinstance(await party.refresh(signed_in), Unanswered)


async def test_metadata_that_cannot_be_had_are_an_outage(start_party: StartParty) -> None:
    """Nothing is sent then, and the token stays good."""
    signed_in = await start_party().sign_in()
    party = start_party()
    party.provider.fail("discovery")
    party.asked()
    answer = await party.refresh(signed_in)
    assert isinstance(answer, Unanswered)
    assert "/token" not in party.asked()
    party.provider.heal()
    await party.confirmed(signed_in)
