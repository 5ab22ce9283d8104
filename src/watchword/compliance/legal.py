"""The third checkpoint: the terms in force and who accepted them, and the licences of what is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hmac import compare_digest
from typing import Final

from watchword.auth.holdings_ports import Accepted
from watchword.compliance.deployment import Deployment, Held
from watchword.compliance.distributions import UNSTATED
from watchword.compliance.report import Checkpoint, Item, State, Table
from watchword.compliance.unread import unread
from watchword.protocol.terms import Terms

COUNSEL: Final = "counsel"
_TERMS_TESTS: Final = (
    "flows/test_terms.py::test_protected_routes_wait_for_the_terms",
    "flows/test_terms.py::test_a_new_version_asks_everybody_again",
    "flows/test_terms.py::test_an_acceptance_is_recorded_once",
)
_ACCEPTED: Final = "everybody who uses the service accepted the terms in force"


def legal(here: Deployment) -> Checkpoint:
    """The checkpoint as it stands."""
    items = (_terms(here.terms), *_acceptances(here), _drafts(), _licences(here))
    tables = (None if here.held is None else _accepted(here.held, here.terms), _packages(here))
    return Checkpoint("legal", "Legal", COUNSEL, items, tuple(filter(None, tables)))


def _terms(terms: Terms | None) -> Item:
    claim = "people are shown the terms in force"
    if terms is None:
        says = "WATCHWORD_TERMS__VERSION is not set: nobody is asked; whether that is right is not known here"
        return Item("legal.terms", claim, says, "deployment", "open", COUNSEL)
    where = f", published at {terms.url}" if terms.url else ""
    says = f"version {terms.version}, SHA-256 {terms.digest.hex()}{where}"
    return Item("legal.terms", claim, says, "deployment", "met", COUNSEL, tests=_TERMS_TESTS)


def _acceptances(here: Deployment) -> Iterator[Item]:
    terms, held = here.terms, here.held
    if terms is None:
        return
    if held is None:
        yield unread("legal.acceptances", _ACCEPTED, here)
        return
    of_version = [each for each in held.accepted if each.version == terms.version]
    accepted = sum(each.people for each in of_version if _in_force(each, terms))
    yield Item(
        "legal.acceptances",
        _ACCEPTED,
        f"{accepted} accounts accepted it; {held.not_accepted} active ones have not, and protected endpoints "
        "refuse them until they do",
        "deployment",
        "met",
        tests=_TERMS_TESTS,
    )
    other = sum(not _in_force(each, terms) for each in of_version)
    yield Item(
        "legal.one_text",
        "one version of the terms is one text",
        f"{other} other texts were accepted under version {terms.version}; name a changed text anew"
        if other
        else f"no other text was accepted as version {terms.version}",
        "deployment",
        "attention" if other else "met",
        COUNSEL if other else None,
    )


def _drafts() -> Item:
    return Item(
        "legal.drafts",
        "privacy notice and terms fit this service",
        "docs/legal of watchword has drafts for counsel, of what the code keeps and of the defaults; whether "
        "you have texts of your own is not known here",
        "code",
        "open",
        COUNSEL,
    )


def _licences(here: Deployment) -> Item:
    unknown = [each.name for each in here.packages if each.licence == UNSTATED]
    reciprocal = [f"{each.name} ({each.licence})" for each in here.packages if each.reciprocal]
    counted = Counter(each.licence for each in here.packages)
    says = f"{len(here.packages)} packages, {len(counted)} names of licences"
    if reciprocal:
        says += f"; asking more than a notice of who passes them on: {', '.join(reciprocal)}"
    if unknown:
        says += f"; not stated by {', '.join(unknown)}"
    state: State = "attention" if unknown or not here.packages else "met"
    judge = COUNSEL if unknown or reciprocal else None
    return Item("legal.licences", "the licence of every package is known", says, "deployment", state, judge)


def _in_force(accepted: Accepted, terms: Terms | None) -> bool:
    if terms is None or accepted.version != terms.version:
        return False
    return compare_digest(accepted.digest, terms.digest)


def _accepted(held: Held, terms: Terms | None) -> Table | None:
    columns = (
        *(("version", "Version"), ("digest", "SHA-256"), ("people", "Accounts")),
        *(("last_at", "Last accepted (UTC)"), ("in_force", "In force")),
    )
    rows = tuple(
        (
            *(each.version, each.digest.hex(), str(each.people), each.last_at.date().isoformat()),
            "yes" if _in_force(each, terms) else "no",
        )
        for each in held.accepted
    )
    return Table("acceptances", "Which terms were accepted", columns, rows) if rows else None


def _packages(here: Deployment) -> Table:
    columns = (("name", "Package"), ("version", "Version"), ("licence", "Licence, as it states it"))
    rows = tuple((each.name, each.version, each.licence) for each in here.packages)
    return Table("packages", "What is installed here for watchword", columns, rows)
