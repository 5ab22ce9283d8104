"""``docs/operations/metrics.md`` names every metric there is, and no other; its examples can be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, get_args

import pytest
from prometheus_client.core import Metric
from starlette.testclient import TestClient

from tests.house.test_docs import blocks
from tests.house.test_guides import run
from tests.house.tree import ROOT
from watchword.api.key_metrics import ObservedKeys
from watchword.api.metric_families import Observed, families
from watchword.auth.cleanup_ports import CLEANED_TABLES
from watchword.auth.degraded_sessions import COUNT_AGAIN_SECONDS, MOST_COUNTED
from watchword.auth.first_look import LOOK_AGAIN_SECONDS
from watchword.auth.key_ports import KeyState
from watchword.auth.provider_health import (
    BreakerState,
    CallOutcome,
    EndpointHealth,
    EndpointKind,
    ProviderHealth,
)
from watchword.auth.rate_limits import COUNTS
from watchword.doctor.readiness import SERVICE_SECONDS
from watchword.rate_limiting.shared import RETRY_SECONDS

PAGE = "docs/operations/metrics.md"
ROW = re.compile(r"^\| `(watchword_\w+)` \| (\w+) \| ((?:`\w+`(?:, )?)*) ?\| \S", re.MULTILINE)
RULE = re.compile(r"^      - alert: (\w+)\n((?:        .*\n)+)", re.MULTILINE)
SERIES = re.compile(r"(watchword_\w+)(?:\{([^}]*)\})?")
SignedIn = Callable[..., AbstractContextManager[TestClient]]


def text() -> str:
    return (ROOT / PAGE).read_text(encoding="utf-8")


def exposed() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of every metric, by the name of its samples; each has a value here."""
    endpoint = EndpointHealth("closed", None, 0, None)
    health = ProviderHealth(
        "dev", "Dev", "closed", dict.fromkeys(get_args(EndpointKind), endpoint), {}, {}, 1.0, 2.0, 3
    )
    observed = Observed(
        started=True,
        providers=[health],
        degraded={"dev": 1},
        feed_age_seconds=1.0,
        cache_up=True,
        rate_limited=dict.fromkeys(COUNTS, 0),
        cleaned_rows=dict.fromkeys(CLEANED_TABLES, 0),
        cleanup_age_seconds=1.0,
        secrets_failing={"WATCHWORD_SECRET_KEY": False},
        keys=ObservedKeys(store_up=True, signer_changes=0, ages_seconds={("active", "ES256"): 1.0}),
        terms_pending=0,
        terms_accepted=0,
    )
    return {_name(family): (family.type, _labels(family)) for family in families(observed)}


def _name(family: Metric) -> str:
    (name,) = {sample.name for sample in family.samples}
    return str(name)


def _labels(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels}


def test_the_page_has_every_metric_with_its_type_and_labels() -> None:
    """Nobody finds one in Prometheus that is not explained, or looks for one that is not there."""
    told = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in ROW.findall(text())}
    assert told == exposed()
    assert set(re.findall(r"\bwatchword_\w+", text())) == set(exposed())


@pytest.mark.parametrize("words", [*map(get_args, (EndpointKind, BreakerState, CallOutcome)), COUNTS])
def test_the_page_has_every_word_a_label_can_be(words: tuple[str, ...]) -> None:
    """Whoever writes a query finds the values in the page."""
    assert not [word for word in words if f"`{word}`" not in text()]


def rules() -> Iterator[tuple[str, str]]:
    """Each alert and its expression on one line."""
    (block,) = blocks(PAGE, "yaml")
    for name, body in RULE.findall(block):
        (expression,) = re.findall(r"^        expr:(?: >-)?((?:.|\n          )*)$", body, re.MULTILINE)
        yield name, " ".join(expression.split())


def test_every_alert_can_fire() -> None:
    """Each is about metrics that exist, with labels they have and values those can be."""
    words = {
        "endpoint": set(get_args(EndpointKind)),
        "state": {*get_args(BreakerState), *get_args(KeyState)},
        "outcome": set(get_args(CallOutcome)),
    }
    found = dict(rules())
    assert len(found) == len(re.findall(r"alert:", "".join(blocks(PAGE, "yaml")))) > 5
    for name, expression in found.items():
        series = SERIES.findall(expression)
        assert series, name
        assert expression.count("(") == expression.count(")"), name
        for metric, selectors in series:
            labels = exposed()[metric][1]
            for label, values in re.findall(r'(\w+)=~?"([^"]+)"', selectors):
                assert label in labels, (name, label)
                assert set(values.split("|")) <= words[label], (name, values)
        for grouped in re.findall(r"\bby \(([^)]+)\)", expression):
            known = set.intersection(*(exposed()[metric][1] for metric, _ in series))
            assert set(grouped.split(", ")) <= known, (name, grouped)


def test_the_alerts_are_yaml_of_one_shape() -> None:
    """Two spaces a level, no tabs, and every rule with an expression, a severity and a summary."""
    (block,) = blocks(PAGE, "yaml")
    assert "\t" not in block
    for name, body in RULE.findall(block):
        keys = re.findall(r"^        (\w+):", body, re.MULTILINE)
        assert keys in (
            ["expr", "for", "labels", "annotations"],
            ["expr", "labels", "annotations"],
        ), name
        assert re.search(r"labels: \{severity: (page|ticket)\}", body), name
        assert re.search(r'annotations: \{summary: "[^"]+"\}\n', body), name


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """How often and how long something is asked."""
    plain = " ".join(text().split())
    for said in (
        f"at most once in {LOOK_AGAIN_SECONDS:g} seconds, so that",
        f"counts at most once in {COUNT_AGAIN_SECONDS:g} seconds",
        f"at most {MOST_COUNTED:,} of one provider",
        f"asked for {SERVICE_SECONDS:g} seconds at most",
        f"no request has asked for {RETRY_SECONDS:g} seconds",
    ):
        assert said in plain


def test_the_route_of_the_page_is_for_operators_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signed_in: SignedIn
) -> None:
    """The app serves, word for word, and nobody else reads it."""
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(PAGE, "python")
    app: Any = run(tmp_path, block)["app"]
    assert TestClient(app).get("/internal/metrics").status_code == 401
    for roles, status in ((["editor"], 403), (["operator"], 200)):
        with signed_in(app, roles=roles) as client:
            assert client.get("/internal/metrics").status_code == status
            assert client.get("/metrics").status_code == 404
