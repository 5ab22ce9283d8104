"""For the tests of services that use watchword: a pytest plugin, a clock, a provider."""

from watchword.testing.clock import FakeClock

__all__ = ["FakeClock"]
