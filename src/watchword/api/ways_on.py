"""What somebody may do after a refusal: go on, start again, choose another provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from watchword.auth.oauth_client import OAuthClient
from watchword.auth.way_back import WayBack
from watchword.errors import ProviderUnavailable, StepUpUnsupported, WatchwordError
from watchword.protocol.login_request import LoginRequest

LOGIN: Final = "/auth/login"


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider to sign in at. ``not_answering``: it did not when it was last asked; it may be back."""

    provider_id: str
    name: str
    href: str
    not_answering: bool


@dataclass(frozen=True, slots=True)
class WaysOn:
    """Links of an error page, None where there is none, all of them local paths.

    ``provider_name`` is where ``start_again`` leads at once; ``go_on`` is for somebody who is signed
    in already; ``in_app``: the sign-in was an app's, which alone can start it again. ``unavailable`` is
    the name of the provider that the refusal is about, and ``others`` are those left. ``back`` is the page of
    ours that the refused one belongs to.
    """

    start_again: str | None = None
    provider_name: str | None = None
    elsewhere: str | None = None
    go_on: str | None = None
    in_app: bool = False
    unavailable: str | None = None
    others: tuple[Choice, ...] = ()
    back: Literal["account", "admin"] | None = None


NO_WAY: Final = WaysOn()
PLAIN: Final = WaysOn(LOGIN)
TO_ACCOUNT: Final = WaysOn(back="account")


def choices(clients: Iterable[OAuthClient], query: str) -> tuple[Choice, ...]:
    """The buttons of a sign-in page, each with ``query``; nobody is asked for it."""
    return tuple(
        Choice(
            client.provider_id,
            client.display_name,
            f"{LOGIN}/{client.provider_id}{query}",
            not_answering=not client.health().answering,
        )
        for client in clients
    )


def ways_from(
    error: WatchwordError, asked: LoginRequest, provider_id: str, providers: Mapping[str, OAuthClient]
) -> WaysOn:
    """The same sign-in again at the same provider, unless it cannot do that, or at another one."""
    choice = LOGIN + asked.query
    client = providers.get(provider_id)
    if client is None or isinstance(error, StepUpUnsupported):
        return WaysOn(choice)
    ways = WaysOn(
        f"{LOGIN}/{provider_id}{asked.query}",
        provider_name=client.display_name,
        elsewhere=choice if len(providers) > 1 else None,
    )
    if not isinstance(error, ProviderUnavailable):
        return ways
    others = (each for each in providers.values() if each is not client)
    able = (each for each in others if asked.max_age_seconds is None or each.asserts_auth_time)
    return replace(ways, unavailable=client.display_name, others=choices(able, asked.query))


def ways_from_linking(
    error: WatchwordError, page: str | None, provider_id: str, providers: Mapping[str, OAuthClient]
) -> WaysOn:
    """Back to the page on which somebody wanted to add a provider."""
    client = providers.get(provider_id)
    if client is None or not isinstance(error, ProviderUnavailable):
        return WaysOn(page)
    return WaysOn(page, unavailable=client.display_name)


def ways_back(
    error: WatchwordError,
    back: WayBack | None,
    providers: Mapping[str, OAuthClient],
    *,
    default_return_to: str,
) -> WaysOn:
    """What is left of a sign-in whose answer was refused."""
    if back is None:
        return PLAIN
    if back.purpose == "client":
        return WaysOn(in_app=True)
    if back.purpose == "link":
        return ways_from_linking(error, back.return_to, back.provider_id, providers)
    return_to = None if back.return_to == default_return_to else back.return_to
    return ways_from(error, LoginRequest(return_to, back.max_age_seconds), back.provider_id, providers)


def signed_in_already(ways: WaysOn, back: WayBack | None, *, default_return_to: str) -> WaysOn:
    """The same for somebody who has a session here."""
    go_on = (None if back is None else back.return_to) or default_return_to
    return replace(ways, go_on=go_on, start_again=None if ways.start_again == go_on else ways.start_again)
