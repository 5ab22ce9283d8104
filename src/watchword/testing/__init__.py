"""For the tests of services that use watchword: a pytest plugin, a clock, a provider."""

from watchword.testing.clock import FakeClock
from watchword.testing.routes import assert_all_routes_protected

__all__ = ["FakeClock", "assert_all_routes_protected"]
