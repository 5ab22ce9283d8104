"""What a route asks, and who passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from watchword.errors import (
    AuthenticationRequired,
    InsufficientScope,
    SessionEnded,
    StepUpRequired,
    TokenInvalid,
)
from watchword.protocol.access import Requirement, decide, requirement
from watchword.protocol.max_age import LONGEST_MAX_AGE_SECONDS
from watchword.protocol.principal import AUTH_TIME_SOURCE, Anonymous, Principal, Rejected

NOW = 1_800_000_000
CALLER = Principal(
    user_id="u",
    session_id="s",
    client_id="browser",
    roles=frozenset({"editor"}),
    scopes=frozenset({"orders:read"}),
    issuer="https://api.test",
    subject="u",
    auth_time=NOW - 100,
)


def refusal(asked: Requirement, identity: Any = CALLER) -> Any:
    return decide(asked, identity, now_seconds=NOW)


def test_any_signed_in_caller_passes_a_bare_requirement() -> None:
    """``@require_auth`` without more asks only for a caller."""
    assert refusal(requirement()) is CALLER


def test_nobody_is_asked_to_sign_in() -> None:
    """X-01: no credential is another answer than a bad one."""
    assert type(refusal(requirement(), Anonymous())) is AuthenticationRequired


def test_a_refused_credential_keeps_its_own_reason() -> None:
    """What identification found out is what the caller is told."""
    error = SessionEnded("ended")
    assert refusal(requirement(), Rejected(error)) is error


def test_x_18_a_foreign_error_is_a_refusal() -> None:
    """Fail closed: an unexpected exception is never a pass."""
    assert type(refusal(requirement(), Rejected(KeyError("x")))) is TokenInvalid


def test_roles_are_any_of_and_exact() -> None:
    """One of the named roles, letter for letter."""
    assert refusal(requirement(roles=["admin", "editor"])) is CALLER
    for role in ("Editor", "edit", "editors", "admin"):
        assert isinstance(refusal(requirement(roles=[role])), InsufficientScope)


def test_scopes_are_all_of() -> None:
    """Every named scope, and the refusal names them (RFC 6750 §3)."""
    assert refusal(requirement(scopes=["orders:read"])) is CALLER
    error = refusal(requirement(scopes=["orders:write", "orders:read"]))
    assert isinstance(error, InsufficientScope)
    assert error.scopes == ("orders:read", "orders:write")


@pytest.mark.parametrize(("max_age", "passes"), [(99, False), (100, True), (101, True), (0, False)])
def test_a_sign_in_may_be_too_old(max_age: int, passes: bool) -> None:
    """One below, at and above the age of the sign-in (RFC 9470)."""
    answer = refusal(requirement(max_age_seconds=max_age))
    assert (answer is CALLER) is passes
    if not passes:
        assert isinstance(answer, StepUpRequired)
        assert answer.max_age_seconds == max_age


def test_a_caller_without_a_session_cannot_be_looked_at_again() -> None:
    """``live`` and ``max_age_seconds`` refuse machines with 401."""
    machine = Principal(None, None, "batch", frozenset(), frozenset(), "https://api.test", "batch")
    assert refusal(requirement(), machine) is machine
    assert isinstance(refusal(requirement(live=True), machine), TokenInvalid)
    assert isinstance(refusal(requirement(max_age_seconds=60), machine), TokenInvalid)


def test_an_unknown_sign_in_time_is_too_old() -> None:
    """No auth_time, no step-up."""
    caller = Principal("u", "s", "browser", frozenset(), frozenset(), "https://api.test", "u")
    assert isinstance(refusal(requirement(max_age_seconds=60), caller), StepUpRequired)


def test_a_time_the_provider_did_not_say_is_never_recent() -> None:
    """It is when we let the person in; they may have been signed in there for days. Everything else
    they may do as before."""
    caller = replace(CALLER, auth_time=NOW, claims={AUTH_TIME_SOURCE: "sign_in"})
    assert not caller.auth_time_asserted
    assert refusal(requirement(), caller) is caller
    answer = refusal(requirement(max_age_seconds=LONGEST_MAX_AGE_SECONDS), caller)
    assert isinstance(answer, StepUpRequired)
    assert "did not say" in answer.detail


def test_who_may_not_at_all_is_not_sent_to_sign_in_again() -> None:
    """403 before 401: a fresh sign-in would not help."""
    assert isinstance(refusal(requirement(roles=["admin"], max_age_seconds=1)), InsufficientScope)


@pytest.mark.parametrize("names", [[], [""], ["ok", ""], [7]])
def test_x_16_an_empty_or_odd_list_is_an_error_where_it_is_written(names: list[Any]) -> None:
    """An empty list could mean nobody or anybody, so it means an error at import."""
    with pytest.raises(ValueError, match="roles"):
        requirement(roles=names)
    with pytest.raises(ValueError, match="scopes"):
        requirement(scopes=names)


@pytest.mark.parametrize("one", ["admin", b"admin"])
def test_one_string_is_not_a_list(one: Any) -> None:
    """``roles="admin"`` would otherwise be five one-letter roles."""
    with pytest.raises(TypeError, match="admin"):
        requirement(roles=one)


def test_names_come_from_anything_that_can_be_gone_through_once() -> None:
    """Lists, sets, frozen sets, generators; the order and repetitions do not matter."""
    expected = requirement(roles=["a", "b"])
    assert requirement(roles={"b", "a"}) == requirement(roles=frozenset("ab")) == expected
    assert requirement(roles=(name for name in "abab")) == expected


@pytest.mark.parametrize("role", ["super admin", " admin", "admin\n", "админ", "a" * 65, "a,b"])
def test_x_16_a_role_that_nobody_can_have_is_an_error_where_it_is_written(role: str) -> None:
    """Exact names of the roles' own alphabet; everything else would shut the route for good."""
    with pytest.raises(ValueError, match="no caller can have"):
        requirement(roles=["admin", role])
    assert requirement(roles=["A-z_0.9:/" + "x" * 55])


@pytest.mark.parametrize("scope", ["orders read", "orders:read orders:write", 'a"b', "a\\b", "ü", "a" * 129])
def test_x_16_a_scope_that_nobody_can_have_is_an_error_where_it_is_written(scope: str) -> None:
    """RFC 6749 §3.3: several scopes are several names."""
    with pytest.raises(ValueError, match="no caller can have"):
        requirement(scopes=[scope])
    assert requirement(scopes=["https://api.example/orders!read"])


@pytest.mark.parametrize(
    ("age", "error"),
    [
        (-1, ValueError),
        (LONGEST_MAX_AGE_SECONDS + 1, ValueError),
        ("300", TypeError),
        (300.0, TypeError),
        (True, TypeError),
    ],
)
def test_an_age_that_no_sign_in_could_be_asked_for_is_an_error(age: Any, error: type[Exception]) -> None:
    """Whole seconds from 0 to a year: what ``/auth/login?max_age=`` takes."""
    with pytest.raises(error, match="max_age_seconds"):
        requirement(max_age_seconds=age)
