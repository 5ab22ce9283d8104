"""Reading what ``/metrics`` answers, as a scraper does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Samples = Mapping[tuple[str, Labels], float]


def samples(client: Any) -> Samples:
    """Every sample by its name and labels."""
    response = client.get("/metrics")
    assert response.status_code == 200
    return read(response.text)


def read(text: str) -> Samples:
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    by_labels = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in found}
    assert len(by_labels) == len(found), "a series stands there twice"
    return by_labels


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """Of the one series with exactly these labels; None where there is none."""
    return samples.get((name, frozenset(labels.items())))


def states(samples: Samples, *, provider: str = "dev") -> dict[str, str]:
    """The state of each endpoint of a provider, of which there is just one."""
    name = "watchword_provider_breaker_state"
    found: dict[str, str] = {}
    for (each, labels), on in samples.items():
        told = dict(labels)
        if each == name and told["provider"] == provider and on:
            assert found.setdefault(told["endpoint"], told["state"]) == told["state"]
    return found
