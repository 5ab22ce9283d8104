"""What is known of providers and sessions as metrics; docs/operations/metrics.md says what each is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from watchword.api.key_metrics import ObservedKeys, key_families
from watchword.auth.cleanup_ports import CleanedTable
from watchword.auth.degraded_sessions import MOST_COUNTED
from watchword.auth.provider_health import BreakerState, CallOutcome, EndpointKind, ProviderHealth

_KINDS: Final[tuple[EndpointKind, ...]] = get_args(EndpointKind)
_STATES: Final[tuple[BreakerState, ...]] = get_args(BreakerState)
_OUTCOMES: Final[tuple[CallOutcome, ...]] = get_args(CallOutcome)


@dataclass(frozen=True, slots=True)
class Observed:
    """What one process knows; before its start nothing. ``degraded`` are sessions of every provider, None
    while the database does not answer; ``cache_up`` is None without a cache, and before it was first asked;
    ``rate_limited`` are requests by what was counted, ``cleaned_rows`` rows by table. ``cleanup_age_seconds``
    is None before the first run and where no task does it."""

    started: bool = False
    providers: Sequence[ProviderHealth] = ()
    degraded: Mapping[str, int] | None = None
    feed_age_seconds: float | None = None
    cache_up: bool | None = None
    rate_limited: Mapping[str, int] = field(default_factory=dict)
    cleaned_rows: Mapping[CleanedTable, int] = field(default_factory=dict)
    cleanup_age_seconds: float | None = None
    secrets_failing: Mapping[str, bool] = field(default_factory=dict)
    keys: ObservedKeys = field(default_factory=ObservedKeys)
    terms_pending: int | None = None
    terms_accepted: int | None = None


def families(observed: Observed) -> Iterator[Metric]:
    """Every metric there is, also those that have no value yet. Labels are ids of the settings and words
    of ours; every combination of them is there from the start, so that a first failure is an increase."""
    yield _gauge("watchword_started", "1 once database and keys were read.", float(observed.started))
    yield _gauge(
        "watchword_database_up",
        "1 while the database answers the questions of these metrics.",
        float(observed.degraded is not None) if observed.started else None,
    )
    yield _gauge(
        "watchword_revocation_feed_age_seconds",
        "How long ago this process read which sessions have ended.",
        observed.feed_age_seconds,
    )
    yield _gauge(
        "watchword_cache_up",
        "1 while the cache counts rate limits for all processes, 0 while this one counts by itself.",
        None if observed.cache_up is None else float(observed.cache_up),
    )
    yield _counted(
        "watchword_rate_limited",
        "Requests refused because of a rate limit.",
        "limit",
        observed.rate_limited.items(),
    )
    yield _gauge(
        "watchword_cleanup_age_seconds",
        "How long ago a look for expired rows by this process ended well.",
        observed.cleanup_age_seconds,
    )
    yield _counted(
        "watchword_cleanup_rows",
        "Expired rows that this process took away.",
        "table",
        observed.cleaned_rows.items(),
    )
    yield _count(
        "watchword_terms_pending",
        "Requests of people who had not accepted the terms in force.",
        observed.terms_pending,
    )
    yield _count(
        "watchword_terms_accepted",
        "Acceptances of the terms that this process recorded.",
        observed.terms_accepted,
    )
    yield from key_families(observed.keys)
    yield _secrets_stale(observed.secrets_failing)
    yield _breaker_state(observed.providers)
    yield _transitions(observed.providers)
    yield _calls(observed.providers)
    yield _by_provider(
        "watchword_provider_metadata_age_seconds",
        "Age of the provider's metadata in memory.",
        {each.provider_id: each.metadata_age_seconds for each in observed.providers},
    )
    yield _by_provider(
        "watchword_provider_keys_age_seconds",
        "Age of the provider's signing keys in memory.",
        {each.provider_id: each.keys_age_seconds for each in observed.providers},
    )
    yield _by_provider(
        "watchword_provider_clock_skew_seconds",
        "By how much the provider's clock was ahead of ours in its latest token response.",
        {each.provider_id: each.clock_skew_seconds for each in observed.providers},
    )
    yield _by_provider(
        "watchword_degraded_sessions",
        f"Live sessions, of the whole database, that go on although their provider could not be asked again; "
        f"at most {MOST_COUNTED} are counted.",
        observed.degraded or {},
    )


def _counted(name: str, documentation: str, label: str, counts: Iterable[tuple[str, int]]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in counts:
        family.add_metric([value], count)
    return family


def _count(name: str, documentation: str, count: int | None) -> Metric:
    family = CounterMetricFamily(name, documentation)
    if count is not None:
        family.add_metric([], count)
    return family


def _secrets_stale(failing: Mapping[str, bool]) -> Metric:
    family = GaugeMetricFamily(
        "watchword_secret_stale",
        "1 while a setting's reference cannot be read again and its last value goes on.",
        labels=["setting"],
    )
    for setting, fails in failing.items():
        family.add_metric([setting], float(fails))
    return family


def _breaker_state(providers: Sequence[ProviderHealth]) -> Metric:
    family = GaugeMetricFamily(
        "watchword_provider_breaker_state",
        "1 for the state that calls to an endpoint of the provider are in, 0 for the others.",
        labels=["provider", "endpoint", "state"],
    )
    for health in providers:
        for kind, endpoint in health.endpoints.items():
            for state in _STATES:
                family.add_metric([health.provider_id, kind, state], float(endpoint.state == state))
    return family


def _transitions(providers: Sequence[ProviderHealth]) -> Metric:
    family = CounterMetricFamily(
        "watchword_provider_breaker_transitions",
        "How often an endpoint of the provider came into a state.",
        labels=["provider", "endpoint", "state"],
    )
    for health in providers:
        for kind in _KINDS:
            for state in _STATES:
                family.add_metric([health.provider_id, kind, state], health.transitions.get((kind, state), 0))
    return family


def _calls(providers: Sequence[ProviderHealth]) -> Metric:
    family = CounterMetricFamily(
        "watchword_provider_calls",
        "Calls to an endpoint of the provider by how they ended.",
        labels=["provider", "endpoint", "outcome"],
    )
    for health in providers:
        for kind in _KINDS:
            for outcome in _OUTCOMES:
                family.add_metric([health.provider_id, kind, outcome], health.calls.get((kind, outcome), 0))
    return family


def _gauge(name: str, documentation: str, value: float | None) -> Metric:
    family = GaugeMetricFamily(name, documentation)
    if value is not None:
        family.add_metric([], value)
    return family


def _by_provider(name: str, documentation: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=["provider"])
    for provider_id, value in values.items():
        if value is not None:
            family.add_metric([provider_id], value)
    return family
