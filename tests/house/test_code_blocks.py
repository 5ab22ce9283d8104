"""The code on every page parses, and what the pages name is there. Guides are run by tests of their own."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from tests.house.code_blocks import Block, blocks, problems
from tests.house.messages import LOCALE
from tests.house.test_docs import blocks as code
from tests.house.test_guides import run
from tests.house.tree import files, short
from watchword.config.references import SecretValue
from watchword.errors import SecretUnavailable

PAGES = {short(path): path for path in files(".md") if "tests/" not in short(path)}


def test_every_page_names_only_what_there_is() -> None:
    """Commands and options, settings, files, metrics, error codes, names to import; and its code parses."""
    found = {name: problems(path.read_text(encoding="utf-8")) for name, path in PAGES.items()}
    assert {name: told for name, told in found.items() if told} == {}


def test_the_blocks_are_found() -> None:
    """An empty search would hold everything."""
    kinds = [block.language for path in PAGES.values() for block in blocks(path.read_text(encoding="utf-8"))]
    for language, least in (("python", 30), ("sh", 60), ("json", 20), ("toml", 1), ("yaml", 3)):
        assert kinds.count(language) >= least, language
    assert blocks("- a\n\n  ```sh\n  b\n\n  c\n  ```\n") == [Block("sh", "b\n\nc\n")]


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (fenced("python", "def a(:\n    pass"), "python: "),
        (fenced("python", "from watchword import require_login"), "watchword has no require_login"),
        (fenced("json", '{"a": 1,}'), "json: "),
        (fenced("toml", "a = "), "toml: "),
        (fenced("yaml", "a: [1"), "yaml: "),
        (fenced("sh", "if true; then"), "sh: "),
        (fenced("sh", "watchword users lst"), "no such command: watchword users lst"),
        (fenced("sh", "A=1 watchword \\\n  users list --serch x"), "no such option: --serch"),
        (fenced("sh", "watchword db status && watchword dctor"), "no such command: watchword dctor"),
        (fenced("console", "$ watchword keys rotate --soon"), "no such option: --soon"),
        ("Run `watchword keys\nrotte`.", "no such command: watchword keys rotte"),
        ("Set `WATCHWORD_SESION_IDLE_SECONDS`.", "no such setting: WATCHWORD_SESION_IDLE_SECONDS"),
        ("`WATCHWORD_PROVIDERS__MAIN__ISUER`", "no such setting: WATCHWORD_PROVIDERS__MAIN__ISUER"),
        ("See docs/nowhere.md.", "no such file: docs/nowhere.md"),
        ("`watchword_refreshs_total`", "no such metric: watchword_refreshs_total"),
        ("The log says code=rate_limit there.", "no such error code: rate_limit"),
        ("It is refused as `no_such_token`.", "no such error code: no_such_token"),
    ],
)
def test_what_is_wrong_is_seen(page: str, said: str) -> None:
    """Each kind by itself, and nothing else with it."""
    (found,) = problems(page)
    assert said in found


@pytest.mark.parametrize(
    "page",
    [
        fenced("sh", "curl -s localhost | watchword token inspect"),
        fenced("sh", 'watchword users grant "$ID" editor --json  # or another'),
        "`WATCHWORD_PROVIDERS__<ID>__…`, `WATCHWORD_RATE_LIMITS__LOGIN`, `WATCHWORD_*`, `WATCHWORD_CONFIG`",
        "`watchword users list | show` and `watchword --help`",
        fenced("python", "from watchword.testing import FakeClock\nawait FakeClock()"),
    ],
)
def test_what_is_right_passes(page: str) -> None:
    """Placeholders, pipes and alternatives are no faults."""
    assert problems(page) == []


def test_the_guide_to_templates_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both folders are there, and the app is made of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages").mkdir()
    copytree(LOCALE, tmp_path / "locale")
    (block,) = code("docs/translating.md", "python")
    assert run(tmp_path, block)["auth"].pages is not None


def test_the_example_of_a_place_of_secrets_runs(tmp_path: Path) -> None:
    """It gives what it knows and names the cause of what it does not."""
    (block,) = code("docs/operations/secrets.md", "python")
    place = run(tmp_path, block)["Place"]()
    assert place.read("known", previous=False) == SecretValue("value", version="1")
    with pytest.raises(SecretUnavailable):
        place.read("other", previous=False)
