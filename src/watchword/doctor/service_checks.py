"""The settings of the service as a whole: what a deployment should know, what was weakened."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.auth import Settings
from watchword.config.base_url import is_loopback_url
from watchword.config.deployment import deployment_warnings
from watchword.config.rate_limits import RateLimitSettings
from watchword.doctor.finding import SERVICE, Finding
from watchword.doctor.recheck_checks import NO_RECHECK

_USUAL_LEEWAY_SECONDS = 30
_USUAL_STALE_SECONDS = 30


def service_findings(settings: Settings, *, workers: int) -> Iterator[Finding]:
    """What can be said without asking anybody."""
    said = f"{settings.environment}, reached at {settings.base_url}"
    yield Finding("ok", SERVICE, "settings", f"the settings can be used: {said}")
    for warning in deployment_warnings(settings, workers=workers):
        name, _, text = warning.partition(": ")
        yield Finding("warning", SERVICE, "deployment", f"{name}: {text}")
    if settings.environment == "development" and not is_loopback_url(settings.base_url):
        yield Finding(
            "warning",
            SERVICE,
            "environment",
            "WATCHWORD_ENVIRONMENT is development, while the base URL is not of this machine",
            "set WATCHWORD_ENVIRONMENT=production, which refuses insecure settings",
        )
    yield from _weakened(settings)


def _weakened(settings: Settings) -> Iterator[Finding]:
    if settings.clock_leeway_seconds > _USUAL_LEEWAY_SECONDS:
        yield _opt_out(
            "WATCHWORD_CLOCK_LEEWAY_SECONDS",
            f"tokens count for {settings.clock_leeway_seconds} s past their end",
            "have the clocks set by NTP and remove it",
        )
    if settings.revocation_stale_seconds > _USUAL_STALE_SECONDS:
        yield _opt_out(
            "WATCHWORD_REVOCATION_STALE_SECONDS",
            f"with the database away, ended sessions are let in for {settings.revocation_stale_seconds} s",
            f"{_USUAL_STALE_SECONDS} s is the default",
        )
    if settings.provider_recheck_seconds == 0:
        yield _opt_out(
            "WATCHWORD_PROVIDER_RECHECK_SECONDS",
            NO_RECHECK,
            "3600 is the default; 0 only where accounts are disabled here as well",
        )
    if settings.environment == "development":
        return
    off = [name for name in RateLimitSettings.model_fields if getattr(settings.rate_limits, name) is None]
    if off:
        names = ", ".join(f"WATCHWORD_RATE_LIMITS__{name.upper()}" for name in off)
        yield _opt_out(names, "requests are not limited", "remove it for the default")


def _opt_out(setting: str, text: str, fix: str) -> Finding:
    return Finding("warning", SERVICE, "opt_out", f"{setting}: {text}", fix)
