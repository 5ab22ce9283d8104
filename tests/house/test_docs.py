"""What the pages say is so: links lead somewhere, examples run, every error is explained."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import watchword.api.admission  # noqa: F401 -- defines an error class too
from tests.house.tree import ROOT, files, short
from watchword.errors import WatchwordError, error_classes

SignedIn = Callable[..., AbstractContextManager[TestClient]]

LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
ENTRY = re.compile(r"^### `(\w+)`\n(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str, *, section: str | None = None) -> list[str]:
    """The fenced blocks of a language, of one ``##`` section where named."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if section is not None:
        text = re.split(r"^## ", text, flags=re.MULTILINE)[1:][titles(text).index(section)]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def titles(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def own_errors() -> dict[str, type[WatchwordError]]:
    """Our error classes by code, those of tests left out; the first of a code counts."""
    ours: dict[str, type[WatchwordError]] = {}
    for error in error_classes():
        if error.__module__.startswith("watchword."):
            ours.setdefault(error.code, error)
    return ours


def entries() -> dict[str, str]:
    return dict(ENTRY.findall((ROOT / "docs/errors.md").read_text(encoding="utf-8")))


def test_every_error_code_has_an_entry_and_every_entry_a_code() -> None:
    """An operator who searches for a code finds it."""
    assert set(entries()) == set(own_errors())


@pytest.mark.parametrize("code", sorted(own_errors()))
def test_an_entry_says_what_the_code_does(code: str) -> None:
    """Status, OAuth error and the person's sentence as they are; when it happens and what to do."""
    error, entry = own_errors()[code], entries()[code]
    assert entry.strip().startswith(f"HTTP {error.status}, OAuth error `{error.oauth_error}`\n")
    plain = " ".join(entry.split())
    assert f"**The person reads:** {error.public}" in plain
    for part in ("**When:**", "**You do:**"):
        assert re.search(rf"{re.escape(part)} \S+", plain)


def links() -> Iterator[tuple[str, str]]:
    for page in files(".md"):
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://", "mailto:")):
                yield short(page), target


def test_links_between_pages_lead_somewhere() -> None:
    """File and heading."""
    broken = [(page, target) for page, target in links() if not leads_somewhere(ROOT / page, target)]
    assert not broken


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page
    if not anchor:
        return path.exists()
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_table_of_contributing_names_files_that_exist() -> None:
    """``what you want to change | look in`` stays true when a file moves."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [line.rsplit("|", 2)[1] for line in page.splitlines() if line.startswith("| ")]
    named = [name for row in rows for name in re.findall(r"`([\w./-]+)`", row)]
    assert len(named) >= 6
    missing = [
        name for name in named if not ((ROOT / "src/watchword" / name).exists() or (ROOT / name).exists())
    ]
    assert not missing


def test_start_is_two_commands() -> None:
    """What a newcomer types, and nothing else."""
    assert blocks("README.md", "sh", section="Start") == ["make demo\n", "make test\n"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test"} <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


def test_the_readmes_python_runs(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The app of the README serves, and its test passes, word for word."""
    monkeypatch.chdir(tmp_path)
    for name, block in zip(("service.py", "test_service.py"), blocks("README.md", "python"), strict=True):
        (tmp_path / name).write_text(block)
    app = runpy.run_path(str(tmp_path / "service.py"))["app"]
    tests = runpy.run_path(str(tmp_path / "test_service.py"), init_globals={"app": app})
    tests["test_orders_need_a_sign_in"](signed_in)
    with signed_in(app) as client:
        answer = client.get("/v2/orders")
        assert answer.json() == {"hello": client.get("/auth/me").json()["user_id"]}
        assert client.get("/v1/orders").json() == {"hello": "anyone"}
        assert TestClient(app).get("/v2/orders").status_code == 401


def test_the_settings_of_the_readme_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The lines to set for a real provider are accepted, and the place-holders in them refused."""
    from watchword import Settings
    from watchword.errors import ConfigurationError

    monkeypatch.chdir(tmp_path)
    (block,) = blocks("README.md", "sh", section="Point it at a real provider")
    for name, value in re.findall(r"^(WATCHWORD_\w+)=(\S+)", block, re.MULTILINE):
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        Settings()
    placeholders = {
        "WATCHWORD_SECRET_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "WATCHWORD_PROVIDERS__MAIN__CLIENT_SECRET": "qWq7-not-from-a-page",
        "WATCHWORD_DATABASE_URL": "postgresql://orders:q8sWx2@db.internal/orders",
    }
    assert {problem.partition(":")[0] for problem in refused.value.problems} == set(placeholders)
    for name, value in placeholders.items():
        monkeypatch.setenv(name, value)
    assert Settings().environment == "production"
