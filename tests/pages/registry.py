"""Every page of ours as people meet it, for what is asked of all of them alike.

A new template needs an entry here (``tests/house/test_pages.py`` says so): a view with the values its
endpoint fills in, and the controls it has, in the order in which Tab reaches them. Everything else
follows: axe, keyboard, focus, names, small and large screens, dark and forced colours, words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tests.pages import values
from watchword.api.pages import error_page, page
from watchword.api.ways_on import NO_WAY, PLAIN, WaysOn
from watchword.errors import AttemptMissing, DatabaseUnavailable, NotFound, ProviderUnavailable, RateLimited

PARTS: Final = {"base.html", "parts.html", "provider_state.html"}
"""Templates that are no page by themselves."""


@dataclass(frozen=True, slots=True)
class View:
    """One page. ``controls`` are its roles and names as Chromium tells them to assistive technology;
    ``alert``: it says at once what went wrong, and has the focus there."""

    name: str
    template: str
    make: Callable[[], Response]
    heading: str
    controls: tuple[str, ...] = ()
    alert: bool = False


def shown(
    name: str, template: str, heading: str, *controls: str, alert: bool = False, **context: Any
) -> View:
    return View(name, template, lambda: page(template, secure=False, **context), heading, controls, alert)


def refused(name: str, error: Exception, ways: WaysOn, heading: str, *controls: str) -> View:
    template = "error.html" if ways.unavailable is None else "provider_unavailable.html"
    return View(
        name,
        template,
        lambda: error_page(error, request_id=values.REQUEST_ID, secure=False, ways=ways),  # type: ignore[arg-type]
        heading,
        controls,
        alert=True,
    )


VIEWS: Final = (
    shown(
        "sign-in",
        "sign_in.html",
        "Sign in",
        "link Sign in with Example Works",
        f"link Sign in with {values.LONG_NAME} (not answering at the moment)",
        providers=values.CHOICES,
        recent=True,
    ),
    shown(
        "sign-in-in-an-outage",
        "sign_in.html",
        "Sign in",
        f"link Sign in with {values.LONG_NAME} (not answering at the moment)",
        providers=values.CHOICES[1:],
        recent=False,
    ),
    shown("sign-in-without-providers", "sign_in.html", "Sign in", providers=[], recent=False),
    shown(
        "confirm-client",
        "confirm_client.html",
        "Continue to cli?",
        "button Continue with Example Works",
        f"button Continue with {values.LONG_NAME} (not answering at the moment)",
        "button Cancel",
        providers=values.CHOICES,
        client_id="cli",
        place="127.0.0.1:43123",
        request="sealed",
    ),
    shown(
        "account",
        "account.html",
        "Your account",
        "button Also sign in with Example Works",
        f"button Also sign in with {values.LONG_NAME} (not answering at the moment)",
        "link Where you are signed in",
        "link Terms of this service",
        "link Download your data",
        "link Erase your account",
        "button Sign out",
        account=values.ACCOUNT,
        identities=values.IDENTITIES,
        addable=values.CHOICES,
        terms=True,
    ),
    shown(
        "sessions",
        "sessions.html",
        "Where you are signed in",
        "button Sign out here",
        "button End this session",
        "button End this session",
        "button End all other sessions",
        "button Sign out everywhere",
        "link Your account",
        sessions=values.SESSIONS,
    ),
    shown(
        "one-session",
        "sessions.html",
        "Where you are signed in",
        "button Sign out here",
        "button Sign out everywhere",
        "link Your account",
        sessions=values.SESSIONS[:1],
    ),
    shown("signed-out", "signed_out.html", "You are signed out", "link Sign in again"),
    shown(
        "erase",
        "erase.html",
        "Erase your account?",
        "button Erase bob@example.test",
        "link Download your data",
        "link Keep my account",
        account=values.ACCOUNT,
    ),
    shown("erased", "erased.html", "Your account was erased"),
    shown(
        "terms",
        "terms.html",
        "Terms of this service",
        "region Text of the terms",
        "button I accept these terms",
        "button I do not accept, sign me out",
        "link Your account",
        view=values.TermsShown(),
        signed_in=True,
        return_to="/",
        sign_in="/auth/login",
    ),
    shown(
        "terms-that-changed",
        "terms.html",
        "Terms of this service",
        "link Terms, version 2",
        "link Read the terms at https://example.test/terms",
        "region Text of the terms",
        "button I accept these terms",
        "button I do not accept, sign me out",
        "link Your account",
        alert=True,
        view=values.TermsShown(changed=True, url="https://example.test/terms"),
        signed_in=True,
        return_to="/",
        sign_in="/auth/login",
    ),
    shown(
        "terms-accepted",
        "terms.html",
        "Terms of this service",
        "region Text of the terms",
        "link Continue",
        "link Your account",
        view=values.TermsShown(accepted_at="2026-11-23T09:05:00Z"),
        signed_in=True,
        return_to="/",
        sign_in="/auth/login",
    ),
    shown(
        "migration",
        "migration.html",
        "Leaving version v1",
        "link Sign in",
        "link /.well-known/oauth-authorization-server",
        version="v1",
        ended=False,
        deprecated={"machine": "2026-10-24T00:00:00Z"},
        ends={"machine": "2027-04-22T00:00:00Z"},
        steps=values.STEPS,
        base_url="https://api.example.test",
    ),
    shown(
        "migration-of-an-ended-version",
        "migration.html",
        "Leaving version v1",
        "link Sign in",
        "link /.well-known/oauth-authorization-server",
        version="v1",
        ended=True,
        deprecated=None,
        ends={"machine": "2026-04-22T00:00:00Z"},
        steps=[],
        base_url="https://api.example.test",
    ),
    refused("not-found", NotFound(), NO_WAY, "Not found"),
    refused("rate-limited", RateLimited(), NO_WAY, "Too many requests"),
    refused("database-away", DatabaseUnavailable(), PLAIN, "Database unavailable", "link Start again"),
    refused(
        "start-again",
        AttemptMissing(),
        values.AGAIN,
        "Sign-in was not started here",
        "link Start again with Example Works",
        "link Choose another way to sign in",
    ),
    refused(
        "signed-in-already",
        AttemptMissing(),
        WaysOn("/auth/login", go_on="/v2/orders"),
        "You are signed in already",
        "link Continue",
        "link Start again",
    ),
    refused("back-to-the-app", AttemptMissing(), WaysOn(in_app=True), "Sign-in was not started here"),
    refused(
        "provider-down",
        ProviderUnavailable(retry_after_seconds=60),
        values.DOWN,
        "Example Works is not available",
        "link Try again with Example Works",
        f"link Sign in with {values.LONG_NAME} (not answering at the moment)",
    ),
    refused(
        "provider-down-while-linking",
        ProviderUnavailable(retry_after_seconds=7200),
        WaysOn("/auth/account", unavailable="Example Works"),
        "Example Works is not available",
        "link Back to your account",
    ),
)
"""Each template at least once, and each of its forms that has other controls or words."""
