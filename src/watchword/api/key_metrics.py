"""What is known of the signing keys as metrics; docs/operations/metrics.md says what each is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from watchword.auth.key_ports import KeyState
from watchword.auth.keyring import Keyring


@dataclass(frozen=True, slots=True)
class ObservedKeys:
    """What one process holds; before its start nothing."""

    store_up: bool | None = None
    signer_changes: int | None = None
    ages_seconds: Mapping[tuple[KeyState, str], float] = field(default_factory=dict)

    @classmethod
    def of(cls, keyring: Keyring) -> ObservedKeys:
        return cls(keyring.state == "ok", keyring.signer_changes, keyring.ages_seconds())


def key_families(observed: ObservedKeys) -> Iterator[Metric]:
    """No key id is a label: a rotation would leave a series behind."""
    ages = GaugeMetricFamily(
        "watchword_signing_key_age_seconds",
        "For how long the active key has signed, and the next one has been published.",
        labels=["state", "algorithm"],
    )
    for (state, algorithm), age_seconds in observed.ages_seconds.items():
        ages.add_metric([state, algorithm], age_seconds)
    yield ages
    store = GaugeMetricFamily(
        "watchword_key_store_up", "1 while the key ring is read from its store, 0 while it is not."
    )
    if observed.store_up is not None:
        store.add_metric([], float(observed.store_up))
    yield store
    changes = CounterMetricFamily(
        "watchword_signing_key_changes",
        "How often this process began to sign with another key, by a rotation or a revocation.",
    )
    if observed.signer_changes is not None:
        changes.add_metric([], observed.signer_changes)
    yield changes
