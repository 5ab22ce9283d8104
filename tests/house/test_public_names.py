"""The Python surface: the names others build on, frozen. A name that goes or changes its arguments is a
breaking change; a new one is added here, to the pages and to the changelog in the same commit."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any, get_overloads

import pytest

import watchword
import watchword.testing
from tests.house.tree import ROOT, files
from watchword import Principal, Watchword, public, require_auth, version
from watchword.testing import FakeClock, assert_all_routes_protected
from watchword.testing.provider import provider_settings
from watchword.testing.signed_in import signed_in

NAMES = {
    "CurrentPrincipal",
    "OptionalPrincipal",
    "Principal",
    "Settings",
    "Watchword",
    "current_principal",
    "optional_principal_of",
    "principal_of",
    "public",
    "require_auth",
    "version",
}
TESTING = {"FakeClock", "assert_all_routes_protected"}
FIXTURES = {"signed_in", "watchword_clock", "watchword_provider"}
FOR_TESTS = {"SignedIn", "provider_settings"}
OF_A_PRINCIPAL = (
    "user_id session_id client_id roles scopes issuer subject email name auth_time token_id claims"
)
ARGUMENTS: dict[Callable[..., Any], str] = {
    Watchword: "settings default clock templates translations",
    Watchword.install: "self app operations",
    Watchword.metrics: "self request",
    public: "endpoint",
    version: "id deprecated_at sunset_at guide mode successor",
    FakeClock: "start",
    FakeClock.advance: "self seconds",
    assert_all_routes_protected: "app public allow",
    provider_settings: "server",
    signed_in: "app roles scopes subject email name accept_terms signed_in_seconds_ago machine",
}


def test_the_names_of_the_package_are_these() -> None:
    """Each is there when asked for, and a name that is not is an AttributeError as in any module."""
    assert set(watchword.__all__) == NAMES
    assert all(getattr(watchword, name) is not None for name in NAMES)
    assert set(dir(watchword)) >= NAMES
    with pytest.raises(AttributeError, match="no attribute 'requires_auth'"):
        _ = watchword.requires_auth


def test_the_names_for_tests_are_these() -> None:
    """What a service's tests import, and the fixtures that come by installation."""
    from watchword.testing import plugin

    assert set(watchword.testing.__all__) == TESTING
    marked = {
        name for name, value in vars(plugin).items() if type(value).__name__ == "FixtureFunctionDefinition"
    }
    assert marked == FIXTURES


def test_a_principal_has_these_fields() -> None:
    """Frozen, and no field goes without a word."""
    assert set(OF_A_PRINCIPAL.split()) <= {field.name for field in dataclasses.fields(Principal)}


@pytest.mark.parametrize("function", ARGUMENTS, ids=lambda function: str(function.__qualname__))
def test_these_take_these_arguments(function: Callable[..., Any]) -> None:
    """In this order; everything but the first is given by name."""
    assert list(inspect.signature(function).parameters) == ARGUMENTS[function].split()


def test_require_auth_takes_these_arguments() -> None:
    """An endpoint, or what is asked of its caller."""
    _, called = get_overloads(require_auth)
    assert list(inspect.signature(called).parameters) == ["roles", "scopes", "live", "max_age_seconds"]


@pytest.mark.parametrize("name", sorted(NAMES | TESTING | FIXTURES | FOR_TESTS))
def test_every_name_is_on_a_page(name: str) -> None:
    """Written as code, in a guide and not only in a decision or the changelog."""
    pages = [ROOT / "README.md", *(page for page in files(".md", under="docs") if page.parent.name != "adr")]
    code = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
    assert any(
        re.search(rf"\b{name}\b", found)
        for page in pages
        for found in code.findall(page.read_text(encoding="utf-8"))
    )
