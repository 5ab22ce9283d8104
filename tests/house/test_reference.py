"""docs/reference and the facts of docs/errors.md are what the code says."""

from __future__ import annotations

import re

import pytest

from tests.house.reference import errors, http, http_facts, log_lines, pages, settings
from tests.house.reference.http_model import GROUPS
from watchword.api.own_answers import OAUTH_PATHS
from watchword.config.auth import Settings
from watchword.config.problems import setting_names


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    """It is what ``python -m tests.house.reference`` writes."""
    assert pages.written(name) == pages.PAGES[name]()


def test_every_address_is_described_and_nothing_else_is() -> None:
    """A new route says in tests/house/reference who may call it, what it takes and what it answers."""
    assert set(http_facts.FACTS) == {key for route in http.own_routes() for key in http.keys_of(route)}


def test_every_code_of_an_address_is_one_of_ours() -> None:
    """And none of a group is listed once more."""
    known = set(errors.own_classes())
    for key, facts in http_facts.FACTS.items():
        assert set(http_facts.codes_of(key)) <= known, key
        shared = frozenset[str]().union(*(GROUPS[each] for each in facts.groups))
        assert not shared & set(facts.codes.split()), key


ANYWHERE = {"internal_error", "method_not_allowed"}
"""What every address of ours may answer."""


def test_every_code_is_said_to_come_from_somewhere() -> None:
    """An address of ours, every one of them, a protected route, or a command and nothing else."""
    ours = {code for key in http_facts.FACTS for code in http_facts.codes_of(key)}
    yours = set(
        re.findall(
            r"`([a-z_]+)`", pages.written("http.md").partition("## Routes of yours")[2].partition("\n## ")[0]
        )
    )
    assert set(errors.own_classes()) == (ours | yours | ANYWHERE | log_lines.COMMANDS_ONLY) & set(
        errors.own_classes()
    )
    assert not ours & (ANYWHERE | log_lines.COMMANDS_ONLY)


def test_the_endpoints_of_clients_refuse_by_rfc_6749() -> None:
    """The page says so of those that do."""
    said = {key.partition(" ")[2] for key, facts in http_facts.FACTS.items() if facts.form == "OAuth"}
    assert said == {*OAUTH_PATHS, "/auth/backchannel-logout/{provider}"}


def test_every_address_and_every_public_name_is_explained() -> None:
    """By its docstring, which the pages show."""
    assert not [route.path for route in http.own_routes() if not route.endpoint.__doc__]
    sections = re.split(r"^#{3,4} ", pages.written("python.md"), flags=re.MULTILINE)[1:]
    assert len(sections) > 20
    for each in sections:
        title, _, text = re.sub(r"```.*?```", "", each, flags=re.DOTALL).partition("\n")
        assert text.partition("\n## ")[0].strip(), title


def test_every_setting_is_read_as_the_page_says() -> None:
    """In the order of the code, and what production refuses is found where it is said."""
    assert [name for name, _ in settings.every_setting(Settings)] == list(setting_names(Settings))
    only_production = {name for name, _ in settings.refusals()[True]}
    assert {"WATCHWORD_BASE_URL", "WATCHWORD_ACCESS_TOKEN_SECONDS", "WATCHWORD_KEYS__PATH"} <= only_production
    assert "WATCHWORD_SECRET_KEY" in {name for name, _ in settings.refusals()[False]}
    assert len(settings.value_refusals()) > 40


def test_every_entry_of_how_it_fails_names_its_line_in_the_log() -> None:
    """As ``python -m tests.house.reference`` writes it."""
    page = log_lines.PAGE.read_text(encoding="utf-8")
    assert page == log_lines.with_log_lines(page)
    assert page.count("- **In the log:**") == page.count("\n### `") > 70


def test_a_stale_line_in_the_log_is_seen() -> None:
    """A wrong level, or none at all, is put right in its place."""
    entry = "### `rate_limited`\n\nHTTP 429, OAuth error `x`\n\n- **When:** a\n{}\n## Next\n"
    right = entry.format(log_lines.log_line("rate_limited"))
    for line in ("", "- **In the log:** `code=rate_limited`, ERROR.\n"):
        assert log_lines.with_log_lines(entry.format(line)) == right
