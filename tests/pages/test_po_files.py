"""``.po`` files as translators write them, read without any tool; Babel is the judge."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.api.pages.po_files import read_po, translations

HEADING = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
PLURAL = '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'

TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from('\n\t"\\'), min_size=1
)


def test_what_is_written_is_what_is_said() -> None:
    """Strings over several lines, escapes, plural forms; guesses, half translations and old ones count
    for nothing."""
    read = translations(
        read_po(
            HEADING
            + PLURAL
            + '# a note\n#: place.html\nmsgid ""\n"Sign "\n"in"\nmsgstr "\\"An\\"\\n\\tmelden\\\\"\n'
            + 'msgid "%(num)d hour"\nmsgid_plural "%(num)d hours"\n'
            + 'msgstr[0] "%(num)d Stunde"\nmsgstr[1] "%(num)d Stunden"\n'
            + '\n#, fuzzy\nmsgid "Guess"\nmsgstr "Rate"\n\nmsgid "Left"\nmsgstr ""\n'
            + '#~ msgid "Old"\n#~ msgstr "Alt"\n'
        )
    )
    assert read.gettext("Sign in") == '"An"\n\tmelden\\'
    assert [read.ngettext("%(num)d hour", "%(num)d hours", each) for each in (1, 2)] == [
        "%(num)d Stunde",
        "%(num)d Stunden",
    ]
    assert [read.gettext(each) for each in ("Guess", "Left", "Old")] == ["Guess", "Left", "Old"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("hello", "line 1: neither"),
        ('msgid "a"\nmsgstr "b" c', "line 2: neither"),
        ('msgid "a\\x"', "line 1: neither"),
        ('msgstr "b"', "line 1: this does not belong here"),
        ('"b"', "line 1: this does not belong here"),
        ('msgctxt "menu"\nmsgid "a"', "line 1: this does not belong here"),
        ('msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"', "line 3: the message of line 1 is there again"),
        ("<<<<<<< HEAD", "line 1: neither"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_its_line(text: str, complaint: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=complaint):
        read_po(text)


@pytest.mark.parametrize(
    "plural", ["nplurals=2; plural=x;", "nplurals=2; plural=(n;", "nplurals=2; plural=n**9;"]
)
def test_a_heading_that_gettext_cannot_use_is_refused(plural: str) -> None:
    """Rather than failing when the first number is said."""
    with pytest.raises(ValueError, match="heading"):
        translations(read_po(HEADING + f'"Plural-Forms: {plural}\\n"\n'))


@pytest.mark.parametrize("heading", ["", 'msgid ""\nmsgstr "Content-Type: text/plain; charset=latin1\\n"\n'])
def test_a_catalogue_is_utf_8_whatever_it_says(heading: str) -> None:
    """It was read as UTF-8 before its heading was."""
    assert translations(read_po(heading + 'msgid "a"\nmsgstr "ä"\n')).gettext("a") == "ä"


@given(st.dictionaries(TEXT, TEXT, max_size=8))
@settings(derandomize=True, deadline=None, max_examples=examples(60))
def test_what_babel_writes_is_read(messages: dict[str, str]) -> None:
    """Any text there and back."""
    catalog = Catalog(locale="de", creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for source, translation in messages.items():
        catalog.add(source, translation)
    out = io.BytesIO()
    write_po(out, catalog, width=60)
    read = translations(read_po(out.getvalue().decode()))
    assert {source: read.gettext(source) for source in messages} == messages
