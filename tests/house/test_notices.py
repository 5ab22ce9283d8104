"""Nobody who installs watchword takes on a licence they were not told of."""

from __future__ import annotations

import pytest

from tests.house.notices import ALLOWED, PAGE, acceptable, licences, page, required


def test_the_notices_are_those_of_what_is_installed() -> None:
    """``python -m tests.house.notices`` was run after the last change to the requirements."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("name", required())
def test_every_licence_is_one_of_those_allowed(name: str) -> None:
    """No package asks for more than a notice, or for changes to its own files."""
    assert acceptable(licences()[name])


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("AGPL-3.0-or-later", False),
        ("SSPL-1.0 OR Elastic-2.0", False),
        ("", False),
    ],
)
def test_a_choice_is_enough_and_a_part_is_not(expression: str, verdict: bool) -> None:
    """One allowed side of an OR will do; every side of an AND has to be allowed."""
    assert acceptable(expression) is verdict
    assert not any("GPL" in licence for licence in ALLOWED)
