"""Name and e-mail address as the provider states them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.protocol.profile import Profile, read_profile

MAIL = "alice@app.test"


def test_rp_19_profile_comes_from_the_id_token_else_from_userinfo() -> None:
    """The signed source first; a missing optional claim is no fault."""
    assert read_profile(
        {"email": MAIL, "name": " Alice "}, {"email": "other@x.test", "name": "Eve"}
    ) == Profile(MAIL, False, "Alice")
    assert read_profile({}, {"email": MAIL, "email_verified": True, "name": "Alice"}) == Profile(
        MAIL, True, "Alice"
    )
    assert read_profile({}, None) == Profile(None, False, None)


@pytest.mark.parametrize("value", [None, "true", "True", 1, 1.0, [True], {"v": True}, False, ""])
def test_lk_2_only_json_true_is_verified(value: Any) -> None:
    """Absent, a string, a number and null are not a verification."""
    assert read_profile({"email": MAIL, "email_verified": value}, None).email_verified is False
    assert read_profile({"email": MAIL}, None).email_verified is False
    assert read_profile({"email": MAIL, "email_verified": True}, None).email_verified is True


@pytest.mark.parametrize(
    ("id_token", "userinfo", "verified"),
    [
        ({"email": MAIL}, {"email": MAIL, "email_verified": True}, True),
        ({"email": MAIL}, {"email": "other@x.test", "email_verified": True}, False),
        ({"email": MAIL}, {"email_verified": True}, False),
        ({"email": MAIL, "email_verified": False}, {"email": MAIL, "email_verified": True}, False),
        ({"email": MAIL, "email_verified": True}, {"email": MAIL, "email_verified": "yes"}, False),
        ({"email_verified": True}, {"email": MAIL}, False),
        ({"email_verified": True}, None, False),
    ],
)
def test_lk_1_a_verification_counts_for_the_address_beside_it(
    id_token: dict[str, Any], userinfo: dict[str, Any] | None, verified: bool
) -> None:
    """Never one source's flag on another source's address; a contradiction is no verification."""
    assert read_profile(id_token, userinfo).email_verified is verified


@pytest.mark.parametrize(
    "email",
    [
        None,
        1,
        ["a@b"],
        "",
        "a",
        "@b",
        "a@",
        "a b@c.test",
        "a@b.test\n",
        "a@b\x00.test",
        "a@b\u2028.test",
        "\ud800@b.test",
        "a\u202eb@c.test",
        "a" * 319 + "@b",
    ],
)
def test_an_address_that_cannot_be_one_is_left_out(email: Any) -> None:
    """Control characters, blanks, lone surrogates and over-long values are not stored."""
    assert read_profile({"email": email, "email_verified": True}, None) == Profile(None, False, None)


def test_lengths_at_the_edge() -> None:
    """320 and 200 characters fit, one more does not."""
    fits, fits_not = "a" * 318 + "@b", "a" * 319 + "@b"
    assert read_profile({"email": fits}, None).email == fits
    assert read_profile({"email": fits_not}, {"email": MAIL}).email == MAIL
    assert read_profile({"name": "n" * 200}, None).name == "n" * 200
    assert read_profile({"name": "n" * 201}, None).name is None


@pytest.mark.parametrize(
    "name", [None, 5, {}, "", "   ", "a\x00b", "a\rb", "a\x9fb", "\ud800", "a\u2029b", "\u2066x"]
)
def test_a_name_that_cannot_be_shown_is_left_out(name: Any) -> None:
    """PostgreSQL refuses NUL, logs break on line separators, screens lie on direction overrides."""
    assert read_profile({"name": name}, None).name is None


@pytest.mark.parametrize("name", ["Zoë", "李小龍", "نرگس\u200cخاتون", "O'Neil <x>", "👩\u200d🚀"])
def test_names_of_any_script_are_kept(name: str) -> None:
    """Joiners inside names are part of them; escaping is the page's task."""
    assert read_profile({"name": name}, None).name == name


VALUE = st.none() | st.booleans() | st.integers() | st.text(st.characters()) | st.just(MAIL)
CLAIMS = st.dictionaries(st.sampled_from(["email", "email_verified", "name"]), VALUE)


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(CLAIMS, st.none() | CLAIMS)
def test_any_claims_make_a_storable_profile(
    id_token: dict[str, Any], userinfo: dict[str, Any] | None
) -> None:
    """What comes out encodes to UTF-8, holds no NUL and keeps its bounds."""
    profile = read_profile(id_token, userinfo)
    for text, cap in ((profile.email, 320), (profile.name, 200)):
        assert text is None or (0 < len(text) <= cap and b"\0" not in text.encode())
    assert not profile.email_verified or profile.email is not None
