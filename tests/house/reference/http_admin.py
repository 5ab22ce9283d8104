"""Addresses for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.house.reference.http_model import EITHER, Facts

_ADMIN: Final = "a browser's session whose account was granted `watchword-admin`"
_ACTING: Final = f"{_ADMIN}, from the same origin; in production with a sign-in of the last 10 minutes"
_ASKING: Final = f"{_ADMIN}; in production with a sign-in of the last 10 minutes"
_LED: Final = "a person is led to the sign-in or the terms"
_GROUPS: Final = ("start", "caller")


def _shown(what: str, *, query: str = "", json: str = "", codes: str = "") -> Facts:
    answers = {200: f"{what}, as a page or JSON by `Accept`", 303: _LED}
    codes = f"admin_required terms_required {codes}"
    return Facts(_ADMIN, answers, query=query, json=json, codes=codes, groups=_GROUPS)


def _asked(codes: str) -> Facts:
    answers = {200: "the page that asks whether it is meant", 303: _LED}
    codes = f"admin_required insufficient_user_authentication terms_required {codes}"
    return Facts(_ASKING, answers, codes=codes, groups=_GROUPS)


def _done(codes: str) -> Facts:
    answers = {204: "done", 303: "done, for a person: back to the account; or the sign-in"}
    codes = f"""admin_required insufficient_user_authentication invalid_request request_too_large
    terms_required {codes}"""
    return Facts(_ACTING, answers, body="confirm", takes=EITHER, codes=codes, groups=_GROUPS)


FACTS: Final[Mapping[str, Facts]] = {
    "GET /auth/admin": _shown("counts and health"),
    "GET /auth/admin/users": _shown(
        "accounts, newest first", query="status? before?", json="users before", codes="invalid_request"
    ),
    "POST /auth/admin/users": Facts(
        f"{_ADMIN}, from the same origin",
        {200: "the accounts that were searched for, as a page or JSON by `Accept`", 303: _LED},
        body="q? status? before?",
        takes=EITHER,
        json="users before",
        codes="admin_required invalid_request request_too_large terms_required",
        groups=_GROUPS,
    ),
    "GET /auth/admin/users/{user_id}": _shown(
        "one account", json="user sessions events", codes="account_not_found"
    ),
    "GET /auth/admin/sessions": _shown(
        "live sessions, newest first", query="before?", json="sessions before", codes="invalid_request"
    ),
    "GET /auth/admin/keys": _shown("signing keys", json="keys"),
    "GET /auth/admin/providers": _shown("providers", json="providers"),
    "GET /auth/admin/users/{user_id}/disable": _asked("account_not_found own_account_kept"),
    "POST /auth/admin/users/{user_id}/disable": _done("account_not_found own_account_kept"),
    "GET /auth/admin/users/{user_id}/enable": _asked("account_not_found"),
    "POST /auth/admin/users/{user_id}/enable": _done("account_not_found"),
    "GET /auth/admin/users/{user_id}/end-sessions": _asked("account_not_found"),
    "POST /auth/admin/users/{user_id}/end-sessions": _done("account_not_found"),
    "GET /auth/admin/sessions/{session_id}/end": _asked("session_not_found"),
    "POST /auth/admin/sessions/{session_id}/end": _done("session_not_found"),
}
