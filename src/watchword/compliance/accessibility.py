"""The fourth checkpoint: what was tested of the pages as they are shipped, and what is shown here instead."""

from __future__ import annotations

from typing import Final

from watchword.compliance.deployment import Deployment, OwnPages
from watchword.compliance.evidence import PageTests, shipped
from watchword.compliance.report import Checkpoint, Item, State, Table

_OWN: Final = "your own, not tested by us"
REVIEWER: Final = "accessibility reviewer"
_FITS: Final = frozenset({"supports", "not applicable"})


def accessibility(here: Deployment) -> Checkpoint:
    """The checkpoint as it stands."""
    tested = shipped().accessibility
    items = (
        _pages(tested),
        _criteria(tested),
        _by_people(),
        _languages(here.pages),
        _own_templates(here.pages),
    )
    tables = (
        Table("checks", "What every page is asked", (("asked", "Asked"), ("how", "How")), tested.checks),
        _templates(tested, here.pages),
        _criteria_table(tested),
        Table("not_tested", "What was not tested", (("what", "Left out"),), _rows(tested.not_tested)),
    )
    return Checkpoint("accessibility", "Accessibility", REVIEWER, items, tables)


def _pages(tested: PageTests) -> Item:
    forms = sum(number for _, number in tested.templates)
    return Item(
        "accessibility.pages",
        "every page as it is shipped passes what a browser can measure of WCAG 2.2 AA",
        f"{len(tested.templates)} pages in {forms} forms, each asked {len(tested.checks)} things in Chromium",
        "code",
        "met",
        tests=(
            "browser/test_accessibility.py::test_every_page_is_plain_to_see_to_hear_and_to_press",
            "house/test_pages.py::test_every_template_is_in_the_registry",
        ),
    )


def _criteria(tested: PageTests) -> Item:
    others = [f"{name}: {result}" for name, _, result, _ in tested.criteria if result not in _FITS]
    return Item(
        "accessibility.criteria",
        "the pages support every criterion of WCAG 2.2, A and AA, that applies",
        f"{len(tested.criteria) - len(others)} of {len(tested.criteria)}; {'; '.join(others)}",
        "code",
        "open" if others else "met",
        REVIEWER,
    )


def _by_people() -> Item:
    return Item(
        "accessibility.people",
        "people who use a screen reader can use the pages",
        "nobody has tested it; docs/accessibility.md has the script for it",
        "code",
        "open",
        REVIEWER,
    )


def _languages(pages: OwnPages) -> Item:
    return Item(
        "accessibility.languages",
        "pages are shown in the reader's language, and say in which",
        f"here: {', '.join(pages.languages)}; ours, English and German, are tested",
        "deployment",
        "met",
    )


def _own_templates(pages: OwnPages) -> Item:
    claim = "the pages shown here are those that were tested"
    if not pages.named:
        says = (
            "no folder of templates was named to this report (--templates): name what your app hands to "
            "Watchword(templates=), or an empty one where it hands over none"
        )
        return Item("accessibility.own_templates", claim, says, "deployment", "open", REVIEWER)
    names = ", ".join((*pages.overridden, *pages.others))
    says = f"not tested by us: {names}" if names else "no template of your own is in the folder"
    state: State = "attention" if names else "met"
    return Item("accessibility.own_templates", claim, says, "deployment", state, REVIEWER if names else None)


def _templates(tested: PageTests, pages: OwnPages) -> Table:
    columns = (("template", "Template"), ("forms", "Forms tested"), ("here", "Shown here"))
    ours = [
        (name, str(forms), _OWN if name in pages.overridden else "as shipped")
        for name, forms in tested.templates
    ]
    known = {name for name, _ in tested.templates}
    parts = [(name, "part of others", _OWN) for name in pages.overridden if name not in known]
    theirs = [(name, "0", _OWN) for name in pages.others]
    return Table("templates", "Pages, and where they come from", columns, (*ours, *parts, *theirs))


def _criteria_table(tested: PageTests) -> Table:
    columns = (("criterion", "Criterion"), ("level", "Level"), ("result", "Our pages"), ("why", "Why"))
    return Table("criteria", "WCAG 2.2, criterion by criterion", columns, tested.criteria)


def _rows(texts: tuple[str, ...]) -> tuple[tuple[str], ...]:
    return tuple((text,) for text in texts)
