"""Which language is chosen for a person (RFC 9110 §12.5.4, RFC 4647 §3.4)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.protocol.languages import (
    accepted_languages,
    best_language,
    direction,
    fallbacks,
    listed_languages,
)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("de", ("de",)),
        ("de-AT, de;q=0.9, en;q=0.8", ("de-AT", "de", "en")),
        ("en;q=0.2, de;q=0.9", ("de", "en")),
        ("en, de", ("en", "de")),
        ("da;q=1.000, *;q=0.001", ("da", "*")),
        ("en ; q=0.5 ,\tde", ("de", "en")),
        ("de;Q=0.3", ("de",)),
        ("de;q=0, en", ("en",)),
        ("de;q=0.0000, en", ("en",)),
        ("de;q=2, en", ("en",)),
        ("de;q=, en", ("en",)),
        ("de;level=1, en", ("en",)),
        ("de;q=1;q=0.5, en", ("en",)),
        ("de_DE, d e, <script>, 12, -, en-", ()),
        ("toolonglanguage, en-" + "x" * 9, ()),
        (",,;;,", ()),
        ("", ()),
        ("de, " * 300, ()),
    ],
)
def test_wishes_are_ranked_by_weight_and_garbage_is_no_wish(header: str, wanted: tuple[str, ...]) -> None:
    """The most wanted first, then as they stand there; nothing in the header can do harm."""
    assert accepted_languages([header]) == wanted


def test_several_header_lines_are_one_list() -> None:
    """RFC 9110 §5.3; their length counts together."""
    assert accepted_languages(["en;q=0.5", "de"]) == ("de", "en")
    assert accepted_languages(["de," * 200, "en," * 200]) == ()


def test_ui_locales_is_a_list_of_tags() -> None:
    """In order of preference, between single spaces; what is no tag is left out."""
    assert listed_languages("fr-CA fr en") == ("fr-CA", "fr", "en")
    assert listed_languages("  de * <b>  en ") == ("de", "en")
    assert listed_languages("de " * 400) == ()


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (("de",), "de"),
        (("DE-at",), "de"),
        (("fr", "de-CH-1996", "en"), "de"),
        (("pt-BR-x-ours",), "pt-BR"),
        (("pt",), "en"),
        (("fr",), "en"),
        (("*", "de"), "en"),
        ((), "en"),
    ],
)
def test_the_first_wish_that_can_be_met_counts(wanted: tuple[str, ...], chosen: str) -> None:
    """Whole, or shortened from its end; never another variant than the one asked for."""
    assert best_language(wanted, ["en", "de", "pt-BR"], default="en") == chosen


def test_a_tag_is_shortened_part_by_part() -> None:
    """RFC 4647 §3.4: a single letter is never left at the end."""
    assert fallbacks("zh-Hant-CN-x-private") == ("zh-Hant-CN-x-private", "zh-Hant-CN", "zh-Hant", "zh")


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "ltr"),
        ("de-AT", "ltr"),
        ("ar", "rtl"),
        ("HE-IL", "rtl"),
        ("az-Arab-IR", "rtl"),
        ("ks-Deva", "ltr"),
        ("zh-yue-Hant", "ltr"),
        ("de-1996", "ltr"),
    ],
)
def test_a_language_knows_its_direction(language: str, written: str) -> None:
    """By its script where the tag names one."""
    assert direction(language) == written


@given(st.text(max_size=1100))
@settings(derandomize=True, deadline=None, max_examples=examples(200))
def test_no_header_does_harm(header: str) -> None:
    """Whatever comes, an available language is chosen."""
    wanted = (*accepted_languages([header]), *listed_languages(header))
    assert best_language(wanted, ["en", "de"], default="en") in ("en", "de")
