"""Pages speak the language that is asked for."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from tests.house import messages
from tests.pages.registry import VIEWS
from tests.pages.speaking import asked, catalogue
from tests.pages.values import DATA
from watchword.api.pages import page
from watchword.api.pages.rendering import Pages, own_pages
from watchword.api.pages.words import device, when
from watchword.errors import WatchwordError, error_classes

GERMAN = "Sie sind abgemeldet"
ERRORS = sorted(
    (each for each in error_classes() if each.__module__.startswith("watchword.")),
    key=lambda each: each.__qualname__,
)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.3, de;q=0.7", "de"),
        ("fr, en;q=0.5, de;q=0.4", "en"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("", "en"),
        ("de;;;q==1,\x7f,%00,../../etc", "en"),
        ("de," * 1000, "en"),
    ],
)
def test_by_accept_language(header: str, language: str) -> None:
    """With its name on the answer and on the page; nothing in the header does harm."""
    response = asked(headers={"accept-language": header})
    assert response.status_code == 200
    assert response.headers["content-language"] == language
    assert f'<html lang="{language}" dir="ltr">' in response.text
    assert (GERMAN in response.text) is (language == "de")
    assert "Accept-Language" in response.headers["vary"]


def test_bytes_that_are_no_text_are_no_wish() -> None:
    """A header may hold any byte (RFC 9110 §5.5); the rest of the list counts."""
    with own_pages().answering({"headers": [(b"accept-language", b"\xff\xfe, de")]}):
        assert page("signed_out.html", secure=False).headers["content-language"] == "de"


@pytest.mark.parametrize(
    ("ui_locales", "language"), [("de", "de"), ("fr-CA de en", "de"), ("xx", "en"), ("%00%ff <b>", "en")]
)
def test_by_ui_locales_first(ui_locales: str, language: str) -> None:
    """OpenID Connect Core §3.1.2.1: an app knows better than the browser; what is unknown is no error."""
    response = asked(f"/auth/signed-out?ui_locales={ui_locales}", headers={"accept-language": "en"})
    assert response.headers["content-language"] == language


@pytest.mark.parametrize(
    ("header", "said", "on"),
    [
        (b"en", "3 Nov 2026, 09:05 UTC", "Firefox on Linux"),
        (b"de", "3. November 2026, 09:05 Uhr (UTC)", "Firefox auf Linux"),
    ],
)
def test_times_and_devices_are_said_in_it(header: bytes, said: str, on: str) -> None:
    """Whatever the process's own locale is."""
    with own_pages().answering({"headers": [(b"accept-language", header)]}):
        assert when("2026-11-03T09:05:07Z") == said
        assert device("Firefox on Linux") == on
        assert device("curl") == "curl"


def test_a_refusal_speaks_it_too_and_programs_are_told_in_english() -> None:
    """Pages of unknown addresses; problem documents stay as they are for whoever matches on them."""
    german = {"accept-language": "de"}
    page = asked("/auth/nowhere", headers=german)
    assert page.status_code == 404
    assert "Unter dieser Adresse gibt es nichts." in page.text
    problem = asked("/auth/nowhere", headers={**german, "accept": "application/json"})
    assert problem.json()["detail"] == "There is nothing at this address."
    assert "content-language" not in problem.headers


def test_a_language_from_the_right(tmp_path: Path) -> None:
    """A catalogue of the service's own: direction, and what it lacks stays English."""
    folder = catalogue(tmp_path, "ar", {"You are signed out": "تم تسجيل خروجك"})
    response = asked(translations=folder, headers={"accept-language": "ar-EG"})
    assert '<html lang="ar" dir="rtl">' in response.text
    assert "تم تسجيل خروجك" in response.text
    assert "Sign in again" in response.text


def test_every_word_can_be_said_in_another_language(tmp_path: Path) -> None:
    """In a language that puts every message between brackets, nothing but people's data is outside."""
    place = tmp_path / "qps" / "LC_MESSAGES"
    place.mkdir(parents=True)
    catalog = messages.current()
    for message in catalog:
        if message.id:
            one = isinstance(message.id, str)
            message.string = f"⟦{message.id}⟧" if one else tuple(f"⟦{each}⟧" for each in message.id)
    place.joinpath("watchword.po").write_text(messages.written(catalog), encoding="utf-8")
    pages = Pages(translations=tmp_path)
    for view in VIEWS:
        with pages.answering({"headers": [(b"accept-language", b"qps")]}):
            html = bytes(view.make().body).decode()
        assert outside(html) == [], view.name


def outside(html: str) -> list[str]:
    """The words of a page that are in no brackets and no data of the registry."""
    labels = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', html)
    text = " ".join([*labels, re.sub(r"<code>[^⟦⟧]*?</code>", " ", html)])
    while (left := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = left
    text = unescape(re.sub(r"<[^>]*>", " ", text))
    for known in sorted(DATA, key=len, reverse=True):
        text = text.replace(known, " ")
    return re.findall(r"[^\W\d_]+", text)


@pytest.mark.parametrize("error", ERRORS)
def test_no_sentence_of_an_error_is_a_format(error: type[WatchwordError]) -> None:
    """They are said as they are, whatever a translation makes of them."""
    assert "%" not in error.public + error.title
