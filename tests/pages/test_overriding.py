"""A service puts its own templates and words in the place of ours."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.pages.speaking import asked, catalogue
from watchword.errors import ConfigurationError


def template(folder: Path, name: str, text: str) -> Path:
    folder.joinpath(name).write_text(text, encoding="utf-8")
    return folder


def test_one_page_in_the_place_of_ours(tmp_path: Path) -> None:
    """The others stay, policy and protective headers too, and it extends the one it stands in for."""
    text = '{% extends "watchword/signed_out.html" %}{% block body %}<p>Bye.</p>{{ super() }}{% endblock %}'
    folder = template(tmp_path, "signed_out.html", text)
    theirs, ours = asked(templates=folder), asked()
    assert "<p>Bye.</p>" in theirs.text
    assert "Sign in again" in theirs.text
    assert theirs.headers["content-security-policy"] == ours.headers["content-security-policy"]
    assert "default-src 'none'" in ours.headers["content-security-policy"]
    assert {*theirs.headers} == {*ours.headers}
    assert asked("/auth/nowhere", templates=folder).text.count("There is nothing at this address.") == 1


def test_the_frame_of_all_pages(tmp_path: Path) -> None:
    """``base.html`` is a template like the others."""
    text = '{% extends "watchword/base.html" %}{% block body %}<p>Example Works Ltd.</p>{% endblock %}'
    folder = template(tmp_path, "frame.html", text)
    template(folder, "signed_out.html", '{% extends "frame.html" %}{% block title %}Bye{% endblock %}')
    assert "<p>Example Works Ltd.</p>" in asked(templates=str(folder)).text


def test_a_template_of_a_service_escapes_too(tmp_path: Path) -> None:
    """Whatever its file is called; only what the service itself marks as safe is markup."""
    text = '{% extends "watchword/base.html" %}{% block title %}{{ error.title }}{{ "<b>" }}{% endblock %}'
    response = asked("/auth/nowhere", templates=template(tmp_path, "error.html", text))
    assert "<title>Not found&lt;b&gt;</title>" in response.text


@pytest.mark.parametrize(
    "text",
    [
        "{{ nobody.knows }}",
        "{{ 1 / 0 }}",
        "{% include 'nowhere.html' %}",
        "{{ 'a' + 1 }}",
        "{% include 'signed_out.html' %}",
        "{{ _('%(x)s') }}",
    ],
)
def test_a_template_that_fails_keeps_nobody_out(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Our page is shown in its place, and the operator reads which one it was."""
    with caplog.at_level(logging.ERROR, "watchword"):
        response = asked(templates=template(tmp_path, "signed_out.html", text))
    assert response.status_code == 200
    assert "You are signed out" in response.text
    (record,) = caplog.records
    assert (record.__dict__["event"], record.__dict__["template"]) == ("template_failed", "signed_out.html")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{% if %}", "error.html, line 1"),
        ("a\n{% nothing %}", "error.html, line 2"),
        ("{{ x | shout }}", "shout"),
    ],
)
def test_a_template_that_cannot_be_read_stops_the_start(tmp_path: Path, text: str, complaint: str) -> None:
    """With its file and line."""
    with pytest.raises(ConfigurationError, match=complaint):
        asked(templates=template(tmp_path, "error.html", text))


def test_bytes_that_are_no_text_stop_the_start(tmp_path: Path) -> None:
    """A template is UTF-8."""
    tmp_path.joinpath("error.html").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"error\.html cannot be read"):
        asked(templates=tmp_path)


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """Either of them; a spelling mistake would show our pages for ever."""
    with pytest.raises(ConfigurationError, match="does not exist"):
        asked(templates=tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        asked(translations=tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="no catalogue is in"):
        asked(translations=tmp_path)


def test_words_in_the_place_of_ours(tmp_path: Path) -> None:
    """English ones too, each by itself; the closest language that has the word says it."""
    catalogue(tmp_path, "en", {"Sign in again": "Come back", "You are signed out": "Bye"})
    catalogue(tmp_path, "de-AT", {"You are signed out": "Servus"})
    english = asked(translations=tmp_path).text
    assert "Come back" in english
    assert "<h1>Bye</h1>" in english
    austrian = asked(translations=tmp_path, headers={"accept-language": "de-AT"}).text
    assert "<h1>Servus</h1>" in austrian
    assert "Wieder anmelden" in austrian
    german = asked(translations=tmp_path, headers={"accept-language": "de"}).text
    assert "<h1>Sie sind abgemeldet</h1>" in german


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Sign in with %(provider)s", "Bei %(anbieter)s anmelden"),
        ("Sign in with %(provider)s", "Anmelden"),
        ("Sign in with %(provider)s", "Zu 100 % bei %(provider)s anmelden"),
        ("Sign in again", "Noch einmal mit %(provider)s"),
    ],
)
def test_a_translation_that_would_fail_stops_the_start(tmp_path: Path, source: str, said: str) -> None:
    """Placeholders are those of the message."""
    with pytest.raises(ConfigurationError, match="placeholders"):
        asked(translations=catalogue(tmp_path, "de", {source: said}))


def test_a_catalogue_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """Each of them is named."""
    catalogue(tmp_path, "fr", {}).joinpath("fr/LC_MESSAGES/watchword.po").write_text("<<<<<<< ours")
    catalogue(tmp_path, "es", {}).joinpath("es/LC_MESSAGES/watchword.po").write_bytes(b"\xff")
    catalogue(tmp_path, "deutsch!", {})
    with pytest.raises(ConfigurationError) as raised:
        asked(translations=tmp_path)
    assert len(raised.value.problems) == 3
    assert any("line 1" in each for each in raised.value.problems)
