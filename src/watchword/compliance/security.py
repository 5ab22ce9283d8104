"""The second checkpoint: what the tests of this version show, and how this deployment stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from watchword.auth.key_ports import StoredKey
from watchword.compliance.connections import connections
from watchword.compliance.deployment import Deployment, Held
from watchword.compliance.evidence import Evidence, shipped
from watchword.compliance.report import Checkpoint, Item, State, Table
from watchword.compliance.secrets import secrets_table, unsafe_secrets
from watchword.compliance.unread import unread
from watchword.doctor.finding import SERVICE, Finding

REVIEWER: Final = "security reviewer"
_KEYS: Final = "signing_keys"
_IDENTIFIER: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|\b[0-9a-f]{32,}\b", re.I)
_ALSO_ELSEWHERE: Final = ("database", "secret_key")
"""Findings that items of their own tell."""


def security(here: Deployment) -> Checkpoint:
    """The checkpoint as it stands."""
    evidence = shipped()
    items = (
        *_code(evidence),
        _environment(here),
        _weakenings(here),
        _findings(here),
        _connections(here),
        _secrets(here),
        _migration(here),
        _secret_key(here),
        _keys(here),
        _trail(here),
        *_dependencies(here),
    )
    tables = (
        _asvs(evidence),
        _areas(evidence),
        _findings_table(here),
        _connections_table(here),
        secrets_table(here.settings),
        None if here.held is None else _keys_table(here.held, here.now),
    )
    return Checkpoint("security", "Security", REVIEWER, items, tuple(filter(None, tables)))


def _code(evidence: Evidence) -> Iterator[Item]:
    verdicts = Counter(row.verdict for row in evidence.asvs)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())
    yield Item(
        "security.asvs",
        "what OWASP ASVS 5.0 asks and watchword has a part in is shown by tests",
        f"{len(evidence.asvs)} rows: {counts}; nobody outside the project has looked",
        "code",
        "open" if verdicts["open"] or verdicts["partly"] else "met",
        REVIEWER,
    )
    held = sum(area.held for area in evidence.conformance)
    others = [result.partition(":")[0] for area in evidence.conformance for _, _, result in area.others]
    unheld = sum(result in ("open", "missing") for result in others)
    yield Item(
        "security.conformance",
        "what providers, attackers and networks may do to a sign-in or session is refused or survived",
        f"{held} rows are held by tests; {unheld} are open, {len(others) - unheld} not offered or soak only",
        "code",
        "open" if unheld else "met",
    )


def _environment(here: Deployment) -> Item:
    environment = here.settings.environment
    return Item(
        "security.environment",
        "insecure settings are refused",
        f"WATCHWORD_ENVIRONMENT is {environment}"
        + ("" if environment == "production" else ", where insecure settings are accepted"),
        "deployment",
        "met" if environment == "production" else "attention",
        tests=("config/test_production.py::test_production_refuses",),
    )


def _weakenings(here: Deployment) -> Item:
    found = [each for each in here.findings if each.check == "opt_out"]
    return Item(
        "security.weakenings",
        "no check was given up by a setting",
        _listed(found) or "none was",
        "deployment",
        "attention" if found else "met",
        REVIEWER if found else None,
    )


def _findings(here: Deployment) -> Item:
    found = [
        each
        for each in here.findings
        if each.level != "ok" and each.check not in ("opt_out", _KEYS, *_ALSO_ELSEWHERE)
    ]
    return Item(
        "security.doctor",
        "nothing else is misconfigured",
        _listed(found) or "watchword doctor --offline finds nothing; what it asks providers was not asked",
        "deployment",
        "attention" if found else "met",
    )


def _connections(here: Deployment) -> Item:
    bare = [f"{each.to} ({each.how})" for each in connections(here.settings) if not each.protected]
    return Item(
        "security.connections",
        "what leaves the machine is encrypted, to a side that proves who it is",
        "; ".join(bare) if bare else "every address that the settings name says so",
        "deployment",
        "attention" if bare else "met",
    )


def _secrets(here: Deployment) -> Item:
    unsafe = unsafe_secrets(here.settings)
    return Item(
        "security.secrets",
        "no secret is written in a file of settings or in code, or readable by others",
        ", ".join(unsafe) if unsafe else "each is an environment variable or a reference",
        "deployment",
        "attention" if unsafe else "met",
    )


def _migration(here: Deployment) -> Item:
    claim, state = "the database is at the revision of this version", here.migration
    if state is None:
        return unread("security.migrations", claim, here)
    newer = state.up_to_date and state.current != state.head
    says = f"it is at {state.current or 'no revision'}, this version needs {state.head}"
    return Item(
        "security.migrations",
        claim,
        says + ("; a newer version migrated it" if newer else ""),
        "deployment",
        "met" if state.up_to_date else "attention",
    )


def _secret_key(here: Deployment) -> Item:
    claim = "WATCHWORD_SECRET_KEY opens what is sealed"
    found = [each for each in here.findings if each.check == "secret_key"]
    if here.held is None:
        return unread("security.secret_key", claim, here)
    if not found:
        says = "the signing keys, by which it is tried, could not be read"
        return Item("security.secret_key", claim, says, "deployment", "open")
    state: State = "met" if all(each.level == "ok" for each in found) else "attention"
    return Item("security.secret_key", claim, _listed(found), "deployment", state)


def _keys(here: Deployment) -> Item:
    claim = "signing keys rotate, and the next one is published ahead"
    if here.held is None:
        return unread("security.keys", claim, here)
    if here.held.ring_unread is not None:
        return Item("security.keys", claim, here.held.ring_unread, "deployment", "attention")
    if not here.held.keys:
        says = "there are none yet: the first start of the service makes them"
        return Item("security.keys", claim, says, "deployment", "open")
    bad = [each for each in here.findings if each.check == _KEYS and each.level != "ok"]
    keys = here.settings.keys
    says = f"{len(here.held.keys)} keys in {keys.store}, due every {keys.rotate_after_seconds} seconds"
    return Item("security.keys", claim, _listed(bad) or says, "deployment", "attention" if bad else "met")


def _trail(here: Deployment) -> Item:
    return Item(
        "security.audit",
        "what people, operators and providers did to accounts, sessions and keys is on record",
        f"watchword audit list; kept for {here.settings.privacy.retention_days} days",
        "deployment",
        "met",
        tests=(
            "contract/test_audit_trail.py::test_every_event_is_on_the_list_with_what_it_tells",
            "flows/test_audit_command.py::test_the_trail_is_told_newest_first_and_narrowed",
        ),
    )


def _dependencies(here: Deployment) -> Iterator[Item]:
    yield Item(
        "security.dependencies",
        "what is installed here is known",
        f"{len(here.packages)} packages with their versions, under Legal",
        "deployment",
        "met" if here.packages else "attention",
        tests=(
            "house/test_bill_of_materials.py::test_asvs_15_1_2_every_pin_is_a_component_with_hashes_and_a_licence",
        ),
    )
    yield Item(
        "security.advisories",
        "none of it has a known weakness",
        "nothing here asks for known weaknesses: run scripts/advisories, or a scanner of yours",
        "deployment",
        "open",
        REVIEWER,
    )


def _listed(findings: list[Finding]) -> str:
    return "; ".join(f"{each.about}: {_harmless(each.text)}" for each in findings)


def _harmless(text: str) -> str:
    """Without ids of rows, which may be somebody's."""
    return _IDENTIFIER.sub("(an id)", text)


def _asvs(evidence: Evidence) -> Table:
    columns = (
        *(("ids", "Requirement"), ("level", "Level"), ("asks", "What is asked")),
        *(("result", "Result"), ("evidence", "Shown by")),
    )
    rows = tuple((row.ids, row.level, row.asks, row.result, ", ".join(row.evidence)) for row in evidence.asvs)
    return Table("asvs", "OWASP ASVS 5.0, in our words", columns, rows)


def _areas(evidence: Evidence) -> Table:
    columns = (("area", "Area"), ("held", "Rows held"), ("others", "Others"))
    rows = tuple(
        (
            area.title,
            str(area.held),
            "; ".join(f"{row}: {result}" for row, _, result in area.others) or "none",
        )
        for area in evidence.conformance
    )
    return Table("conformance", "What is refused or survived", columns, rows)


def _findings_table(here: Deployment) -> Table:
    columns = (
        *(("level", "Level"), ("about", "About"), ("check", "Check")),
        *(("text", "Finding"), ("fix", "What to do")),
    )
    rows = tuple(
        (each.level, each.about, each.check, _harmless(each.text), each.fix or "nothing")
        for each in sorted(here.findings, key=lambda each: (each.about != SERVICE, each.about))
    )
    return Table("findings", "What watchword doctor --offline finds", columns, rows)


def _connections_table(here: Deployment) -> Table:
    columns = (("to", "Connection"), ("how", "How"), ("protected", "Protected"))
    rows = tuple(
        (each.to, each.how, "yes" if each.protected else "no") for each in connections(here.settings)
    )
    return Table("connections", "Connections that the settings name", columns, rows)


def _keys_table(held: Held, now: datetime) -> Table | None:
    columns = (
        *(("kid", "Key id"), ("state", "State"), ("algorithm", "Algorithm")),
        *(("since", "Since (UTC)"), ("age_days", "Age in days")),
    )
    rows = tuple(_key(each, now) for each in held.keys)
    return Table("keys", "Signing keys, without any of their material", columns, rows) if rows else None


def _key(each: StoredKey, now: datetime) -> tuple[str, ...]:
    since = each.retired_at or each.activated_at or each.created_at
    age = max(0, (now - each.created_at).days)
    return each.kid, each.state, each.algorithm, since.astimezone(UTC).date().isoformat(), str(age)
