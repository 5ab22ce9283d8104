"""Every page of ours is asked what all pages are asked."""

from __future__ import annotations

from tests.house.tree import ROOT
from tests.pages.registry import PARTS, VIEWS

TEMPLATES = ROOT / "src/watchword/api/pages/templates"


def test_every_template_is_in_the_registry() -> None:
    """What is not there is checked by nothing: add a view to ``tests/pages/registry.py``."""
    found = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    assert found - PARTS == {view.template for view in VIEWS}


def test_every_view_has_a_name_of_its_own() -> None:
    """The name is what a report says and where the browser finds it."""
    names = [view.name for view in VIEWS]
    assert len(set(names)) == len(names)


def test_every_view_can_be_made() -> None:
    """With the values that it is filled with."""
    for view in VIEWS:
        assert view.make().media_type == "text/html", view.name
