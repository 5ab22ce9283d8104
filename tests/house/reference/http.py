"""docs/reference/http.md: every address of ours."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir
from functools import cache
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route

from tests.house.reference.http_facts import FACTS, codes_of
from tests.house.reference.http_model import GROUPS, Facts
from tests.house.reference.words import first_sentence, table
from watchword import Settings, Watchword
from watchword.api.client_calls import GRANT_REFUSALS
from watchword.api.limited import limit_of
from watchword.api.own_routes import OwnRoutes
from watchword.config.rate_limits import RateLimitSettings
from watchword.errors import error_classes

_EVERY: Final = 6
_HEAD: Final = """\
# HTTP

Every address that `install` adds to an app and `watchword serve` serves. The page is made from the routes by
`python -m tests.house.reference`; tests compare it with the routes, with the error tree and with what
they answer.

- **Refuses with**: a *page* is HTML; *page or problem* goes by `Accept`, where a *problem* is
  `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `code`, `request_id`;
  *OAuth* is a body of RFC 6749 §5.2 with `error`, `error_description`, `request_id`.
- Any address may answer 405 [`method_not_allowed`](../errors.md#method_not_allowed), and 500
  [`internal_error`](../errors.md#internal_error) for what nobody foresaw.
- A field with `?` may be left out. Unknown fields are ignored.
- 401 carries `WWW-Authenticate`, 429 and 503 `Retry-After`, where it is known when to come back. 405
  carries `Allow`.
- Every answer has `X-Content-Type-Options: nosniff`; pages a content security policy without script,
  `Referrer-Policy`, and over https `Strict-Transport-Security`.
- What each code means, and what to do, is in [how it fails](../errors.md). Limits are per client address
  and are [settings](../settings.md#rate-limits).
"""
_YOURS: Final = """\
## Routes of yours

A route with `@require_auth` answers before its body is read:

- 401 `authentication_required`, `invalid_token`, `session_ended`, `token_superseded`; with `max_age_seconds`
  `insufficient_user_authentication`
- 403 `insufficient_scope`, `cross_site_request`, `terms_required`, `account_required`; with
  `default="deny"` an unmarked route `route_unclassified`
- 410 `version_sunset`, after the end of its version
- 503 `database_unavailable`, `identification_failed`, `not_installed`

All of them are problem documents, and in the OpenAPI document of the app.
"""


@cache
def own_routes() -> tuple[Route, ...]:
    """The routes of an app with nothing but us, in their order."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        app = Starlette()
        Watchword(Settings()).install(app)
    (own,) = [route for route in app.router.routes if isinstance(route, OwnRoutes)]
    return tuple(route for route in own.routes if isinstance(route, Route))


def keys_of(route: Route) -> list[str]:
    """Its method and path; one that answers every method has one entry."""
    methods = sorted((route.methods or set()) - {"HEAD"})
    return [f"ANY {route.path}"] if len(methods) >= _EVERY else [f"{each} {route.path}" for each in methods]


def page() -> str:
    keys = [(key, route) for route in own_routes() for key in keys_of(route)]
    overview = [(f"[`{key}`](#{anchor(key)})", FACTS[key].who) for key, _ in keys]
    parts = [_HEAD, "## All of them\n", table(("address", "who may call"), overview), ""]
    parts += ["## Codes they share\n", *_shared(), _YOURS, "## One by one\n"]
    parts += [_entry(key, route, FACTS[key]) for key, route in keys]
    return "\n".join(parts)


def anchor(key: str) -> str:
    """As Git hosts and the site name the heading."""
    kept = "".join(each for each in key.lower() if each.isalnum() or each in "-_ ")
    return kept.replace(" ", "-")


_SHARED: Final = {
    "start": "Wherever the parts of the service are needed",
    "caller": "Wherever a caller is looked at",
    "provider": "Wherever a provider is asked",
}


def _shared() -> Iterator[str]:
    for name, said in _SHARED.items():
        yield f"{said} (*{name}*): {_by_status(sorted(GROUPS[name]))}.\n"


def _entry(key: str, route: Route, facts: Facts) -> str:
    rows = [
        ("who may call", facts.who),
        ("query", _fields(facts.query)),
        ("body", f"{facts.takes}: {_fields(facts.body)}" if facts.body else ""),
        *((f"{status}", text) for status, text in facts.answers.items()),
        ("JSON", _fields(facts.json)),
        (
            "headers",
            f"`{'`, `'.join(each.strip() for each in facts.headers.split(','))}`" if facts.headers else "",
        ),
        ("refuses with", "a page" if facts.form == "page" else _FORMS.get(facts.form, facts.form)),
        ("codes of its own", _by_status(_own(key, facts), key)),
        ("and those of", ", ".join(f"*{each}*" for each in facts.groups)),
        ("limit", _limit(route.path)),
    ]
    said = first_sentence(route.endpoint.__doc__)
    shown = table(("what", "how it is"), [row for row in rows if row[1]])
    return f"### `{key}`\n\n{said}\n\n{shown}\n"


_FORMS: Final = {
    "page or problem": "a page or a problem",
    "OAuth": "an OAuth error",
    "problem": "a problem",
    "own": "",
}


def _own(key: str, facts: Facts) -> list[str]:
    shared = frozenset[str]().union(*(GROUPS[each] for each in facts.groups))
    return [code for code in codes_of(key) if code not in shared]


def _fields(names: str) -> str:
    return ", ".join(f"`{each}`" for each in names.split())


def _by_status(codes: Sequence[str], key: str = "") -> str:
    statuses = statuses_at(key)
    ordered = sorted(codes, key=lambda each: (statuses[each], each))
    return ", ".join(f"{statuses[each]} [`{each}`](../errors.md#{each})" for each in ordered)


@cache
def status_of_codes() -> dict[str, int]:
    return {each.code: each.status for each in error_classes() if each.__module__.startswith("watchword.")}


def statuses_at(key: str) -> dict[str, int]:
    """As an address answers them: of a grant that gives nothing the token endpoint says 400."""
    if key != "POST /auth/token":
        return status_of_codes()
    grants = {each.code for each in error_classes() if issubclass(each, GRANT_REFUSALS)}
    return status_of_codes() | dict.fromkeys(grants, 400)


def _limit(path: str) -> str:
    name, _ = limit_of(path)
    if name is None:
        return ""
    return f"{getattr(RateLimitSettings(), name)} (`WATCHWORD_RATE_LIMITS__{name.upper()}`)"
