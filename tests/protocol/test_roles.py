"""Roles from a provider's claims."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.protocol.roles import ROLE_PATTERN, RoleReading, effective_roles, map_roles, roles_at

CLAIMS: dict[str, Any] = {
    "roles": ["editor", "viewer", "editor"],
    "realm_access": {"roles": ["realm-admin"], "realm_access.roles": ["dotted"]},
    "https://ns.test/roles": "single",
    "is_admin": True,
    "count": 5,
    "nothing": None,
    "mixed": ["ok", 1, None, ["nested"], "", "has space", "x" * 65, "\u00e9", "nl\n", "x" * 64],
    "map": {"admin": {"org": 1}},
}


@pytest.mark.parametrize(
    ("paths", "roles", "dropped"),
    [
        ([["roles"]], {"editor", "viewer"}, 0),
        ([["realm_access", "roles"]], {"realm-admin"}, 0),
        ([["realm_access", "realm_access.roles"]], {"dotted"}, 0),
        ([["https://ns.test/roles"]], {"single"}, 0),
        ([["roles"], ["https://ns.test/roles"]], {"editor", "viewer", "single"}, 0),
        ([], set(), 0),
        ([["absent"], ["absent", "deeper"], ["count", "deeper"], ["roles", "0"]], set(), 0),
        ([["is_admin"]], set(), 1),
        ([["count"], ["nothing"], ["map"]], set(), 3),
        ([["mixed"]], {"ok", "x" * 64}, 8),
        ([[]], set(), 1),
    ],
)
def test_lk_6_roles_are_read_only_where_configured(
    paths: list[list[str]], roles: set[str], dropped: int
) -> None:
    """A list of names or one name at the path; other shapes are dropped and counted, absence is fine."""
    assert roles_at(CLAIMS, paths) == RoleReading(frozenset(roles), dropped)


def test_names_a_mapping_knows_may_be_of_any_form() -> None:
    """A directory's group name with blanks can be mapped; without a mapping it is dropped."""
    claims = {"groups": ["Domain Admins", "Domain Users", "plain"]}
    mapping = {"Domain Admins": "admin"}
    reading = roles_at(claims, [["groups"]], mapping=mapping)
    assert reading == RoleReading(frozenset({"Domain Admins", "plain"}), 1)
    assert map_roles(reading.roles, mapping) == {"admin"}


def test_a_mapping_drops_what_it_does_not_know() -> None:
    """No mapping keeps names, an empty one drops them all."""
    assert map_roles({"a", "b"}, {"a": "ours", "z": "never"}) == {"ours"}
    assert map_roles({"a", "b"}, {}) == frozenset()
    assert map_roles({"a", "b"}, None) == {"a", "b"}
    assert map_roles({"bad name"}, None) == frozenset()
    assert map_roles({"a"}, {"a": "bad name"}) == frozenset()


def test_effective_roles_are_identity_plus_granted_minus_denied() -> None:
    """Three stored sets; a denial wins over both others."""
    assert effective_roles({"a", "b"}, {"c"}, {"b", "x"}) == {"a", "c"}
    assert effective_roles({"a"}, {"a"}, {"a"}) == frozenset()
    assert effective_roles((), (), ()) == frozenset()


def test_the_admin_role_counts_only_where_granted() -> None:
    """No claim, mapping or stored identity role opens the admin pages."""
    assert map_roles({"watchword-admin", "a"}, None) == {"a"}
    assert map_roles({"boss"}, {"boss": "watchword-admin"}) == frozenset()
    assert effective_roles({"watchword-admin"}, (), ()) == frozenset()
    assert effective_roles((), {"watchword-admin"}, ()) == {"watchword-admin"}
    assert effective_roles((), {"watchword-admin"}, {"watchword-admin"}) == frozenset()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=10,
)


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(
    st.dictionaries(st.sampled_from("ab"), JSON),
    st.lists(st.lists(st.sampled_from("ab"), max_size=3), max_size=3),
)
def test_any_claims_give_well_formed_roles(claims: dict[str, Any], paths: list[list[str]]) -> None:
    """Whatever a provider puts there, only names of the pattern come out."""
    reading = roles_at(claims, paths)
    assert all(ROLE_PATTERN.fullmatch(role) for role in reading.roles)
    assert reading.dropped >= 0
