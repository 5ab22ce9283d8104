"""The catalogues hold the words of the code of today, all of them, in every language."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tests.house import messages

CATALOGUES = messages.languages()
LANGUAGES = [path.parent.parent.name for path in CATALOGUES]


def ids(catalog: Catalog) -> set[str | tuple[str, ...]]:
    return {tuple(each.id) if isinstance(each.id, list | tuple) else each.id for each in catalog if each.id}


def forms(message: Message) -> tuple[str, ...]:
    string = message.string
    return (string,) if isinstance(string, str) else tuple(string or ("",))


def test_there_is_a_second_language() -> None:
    """So that what is promised of languages is kept by one."""
    assert "de" in LANGUAGES


def test_the_template_is_what_the_code_says() -> None:
    """``python -m tests.house.messages`` renews it."""
    assert ids(messages.read_template()) == ids(messages.current())


@pytest.mark.parametrize("path", CATALOGUES, ids=LANGUAGES)
def test_a_catalogue_is_complete_and_current(path: Path) -> None:
    """Every message translated, none a guess, none that is gone."""
    catalog = messages.read(path)
    assert ids(catalog) == ids(messages.current())
    assert [each.id for each in catalog if each.id and not all(forms(each))] == []
    assert [each.id for each in catalog if each.id and each.fuzzy] == []
    assert not catalog.obsolete


@pytest.mark.parametrize("path", CATALOGUES, ids=LANGUAGES)
def test_placeholders_and_markup_are_the_same_in_both_languages(path: Path) -> None:
    """Babel's own checks, and ours: a translation has the names and tags of its message, each as often."""
    catalog = messages.read(path)
    assert list(catalog.check()) == []
    for message in catalog:
        if message.id:
            source = message.id if isinstance(message.id, str) else message.id[-1]
            for form in forms(message):
                assert messages.pieces(form) == messages.pieces(source), source


@pytest.mark.parametrize("path", CATALOGUES, ids=LANGUAGES)
def test_a_translation_ends_as_its_message_does(path: Path) -> None:
    """Sentences stay sentences, labels labels; no blank at an end."""
    for message in messages.read(path):
        if message.id:
            source = message.id if isinstance(message.id, str) else message.id[0]
            for form in forms(message):
                assert form == form.strip(), source
                assert (form[-1:] in tuple(".:?")) == (source[-1:] in tuple(".:?")), source
