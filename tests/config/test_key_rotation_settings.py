"""How often signing keys may rotate, and by which algorithm they may sign."""

from __future__ import annotations

import pytest

from watchword import Settings
from watchword.config.deployment import insecurities
from watchword.errors import ConfigurationError


@pytest.mark.parametrize(("seconds", "refused"), [(1, True), (3599, True), (3600, False)])
def test_production_rotates_no_faster_than_readers_follow(seconds: int, refused: bool) -> None:
    """Development may, to watch it."""
    settings = Settings(keys={"rotate_after_seconds": seconds})
    told = [each for each in insecurities(settings) if "ROTATE_AFTER_SECONDS" in each]
    assert bool(told) is refused


@pytest.mark.parametrize(
    "keys",
    [
        {"rotate_after_seconds": 0},
        {"rotate_after_seconds": 31_536_001},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"algorithm": "EdDSA"},
    ],
)
def test_what_cannot_be_is_told(keys: dict[str, object]) -> None:
    """By the setting's name."""
    with pytest.raises(ConfigurationError, match="WATCHWORD_KEYS__"):
        Settings(keys=keys)
