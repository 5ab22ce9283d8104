"""``version(…)``: what it accepts, what it refuses at import, and what settings change about it."""

from __future__ import annotations

import functools
import logging
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Route

import watchword
from tests.gate.versioned import DATES, DEPRECATED_AT, GUIDE, SUNSET_AT, announced, versioned
from tests.gate.workshop import NOW, started
from watchword.api.decorators import public, require_auth
from watchword.api.marks import marks_of
from watchword.api.versioning import Version, version
from watchword.errors import ConfigurationError

v1 = version("v1", **DATES)


def test_it_is_a_public_name() -> None:
    """``from watchword import version``."""
    assert watchword.version is version
    assert "version" in watchword.__all__


def test_it_says_what_it_is() -> None:
    """In a debugger and in the log."""
    assert repr(version("v1")) == "version('v1')"
    assert isinstance(v1, Version)


@pytest.mark.parametrize(
    "given",
    [
        datetime(2027, 1, 31, tzinfo=UTC),
        datetime(2027, 1, 31, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        date(2027, 1, 31),
        "2027-01-31",
        "2027-01-31T00:00:00Z",
        "2027-01-31T01:00:00.9+01:00",
    ],
)
def test_moments_may_be_written_in_several_ways(given: Any) -> None:
    """All of them aware, in whole seconds, a date being its first second in UTC."""
    assert version("v1", deprecated_at=given).definition.deprecated_at == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("faulty", "told"),
    [
        ({"deprecated_at": datetime(2027, 1, 31)}, "deprecated_at needs a time zone"),  # noqa: DTZ001
        ({"sunset_at": "2027-01-31T12:00:00"}, "sunset_at needs a time zone"),
        ({"sunset_at": "soon"}, "sunset_at must be an ISO date"),
        ({"sunset_at": "2027-02-30"}, "sunset_at is no date of the calendar"),
        ({"deprecated_at": 1_800_000_000}, "deprecated_at must be an ISO date"),
        ({"deprecated_at": "2027-06-01", "sunset_at": "2027-05-31"}, "must not be before"),
        ({"deprecated_at": "9999-12-01"}, "too far ahead"),
        ({"guide": "http://docs.example"}, "guide must be https"),
        ({"guide": "//docs.example/v1"}, "guide is an https address or a path"),
        ({"guide": ""}, "guide is an https address or a path"),
        ({"guide": 'https://docs.example/v1>; rel="next", <https://evil.example/'}, "character"),
        ({"guide": "https://docs.example/v1\r\nSet-Cookie: a=b"}, "character"),
        ({"guide": "/v1#\r\nX: y"}, "character"),
        ({"guide": 5}, "guide must be text"),
        ({"mode": "off"}, "mode is 'enforce' or 'observe'"),
        ({"successor": "V2"}, "successor is lower case"),
        ({"successor": 2}, "successor is lower case"),
    ],
)
def test_what_cannot_be_meant_is_an_error_at_import(faulty: dict[str, Any], told: str) -> None:
    """With the name of what is wrong; nothing of it ever reaches a header."""
    with pytest.raises(ValueError, match=told):
        version("v1", **faulty)


@pytest.mark.parametrize("name", ["", "V1", "v 1", "v1/", "-v", "v" * 33, "v1\n", None, 1])
def test_an_id_is_one_that_settings_can_name(name: Any) -> None:
    """Lower case, as the environment's names are read."""
    with pytest.raises(ValueError, match="a version is lower case letters"):
        version(name)


def test_the_order_of_decorators_does_not_matter() -> None:
    """Above, below and between ``@require_auth`` and ``@public``."""

    def endpoint() -> None: ...

    marks = marks_of(v1(require_auth(roles=["a"])(v1(require_auth(endpoint)))))
    assert marks.versions == (v1.definition,)
    assert len(marks.requirements) == 2
    assert marks_of(public(v1(lambda: None))).public
    assert marks_of(v1(public(lambda: None))).public


def test_it_gives_back_what_it_marks() -> None:
    """The same object, whatever it is."""
    app, router = FastAPI(), APIRouter()

    class Endpoint:
        def method(self) -> None: ...

    bound = Endpoint().method
    for target in (app, router, Endpoint, bound, functools.partial(bound), Route("/", Endpoint)):
        assert v1(target) is target
        assert marks_of(target).versions == (v1.definition,)


def test_what_cannot_carry_a_mark_is_told() -> None:
    """Instead of being left out in silence."""
    with pytest.raises(TypeError, match="a version marks endpoints"):
        v1("/v1/orders")
    with pytest.raises(TypeError, match="len cannot carry a mark"):
        v1(len)
    with pytest.raises(TypeError, match="below @staticmethod"):
        v1(staticmethod(len))


def test_an_endpoint_is_of_one_version() -> None:
    """The second is told what the first was; the same once more is nothing new."""

    def endpoint() -> None: ...

    v1(v1(endpoint))
    with pytest.raises(ValueError, match="endpoint is of version 'v1' already"):
        version("v2")(endpoint)


def served(settings: dict[str, Any], **dates: Any) -> dict[str, str]:
    app = FastAPI()
    app.get("/it")(version("v1", **dates)(public(lambda: "done")))
    versioned(app, settings={"v1": settings}, base_url="https://api.example")
    with started(app) as client:
        return announced(client.get("/it"))


@pytest.mark.parametrize(
    ("settings", "dates", "deprecation", "sunset"),
    [
        ({"deprecated_at": "2027-01-01"}, {}, "@1798761600", "Wed, 30 Jun 2027 00:00:00 GMT"),
        (
            {"deprecated_at": "2027-01-01"},
            {"deprecated_at": "2026-11-01"},
            "@1798761600",
            "Wed, 30 Jun 2027 00:00:00 GMT",
        ),
        (
            {"sunset_at": "2028-01-01"},
            {"deprecated_at": "2027-01-01"},
            "@1798761600",
            "Sat, 01 Jan 2028 00:00:00 GMT",
        ),
        (
            {"sunset_at": "2027-01-02"},
            {"deprecated_at": "2027-01-01"},
            "@1798761600",
            "Sat, 02 Jan 2027 00:00:00 GMT",
        ),
        (
            {"sunset_at": "2027-01-01"},
            {"deprecated_at": "2027-03-01"},
            "@1798761600",
            "Fri, 01 Jan 2027 00:00:00 GMT",
        ),
        (
            {"deprecated_at": "2027-01-01", "sunset_at": "2027-01-02"},
            {"deprecated_at": "2026-01-01", "sunset_at": "2026-01-02"},
            "@1798761600",
            "Sat, 02 Jan 2027 00:00:00 GMT",
        ),
    ],
)
def test_settings_count_more_than_code(
    settings: dict[str, Any], dates: dict[str, Any], deprecation: str, sunset: str
) -> None:
    """What is not set stays as the code says; an end that comes sooner moves the deprecation too."""
    assert served(settings, **dates) == {"deprecation": deprecation, "sunset": sunset}


def test_the_guide_can_be_set_too() -> None:
    """An address, or a path below ``BASE_URL``."""
    for guide, address in (("https://a.example/b", "https://a.example/b"), ("/g", "https://api.example/g")):
        said = served({"guide": guide}, deprecated_at="2027-01-01", guide=GUIDE)
        assert said["link"].startswith(f'<{address}>; rel="deprecation"; type="text/html", <{address}>')


@pytest.mark.parametrize(
    ("settings", "dates", "told"),
    [
        ({"deprecated_at": "2027-03-01"}, {"sunset_at": "2027-02-01"}, "must not be before"),
        ({"deprecated_at": "2027-01-01"}, {"sunset_at": "2027-02-01"}, "31 days.*set sunset_at"),
        (
            {"deprecated_at": "2027-01-11"},
            {"deprecated_at": "2027-01-01", "sunset_at": "2027-02-01"},
            "21 days",
        ),
    ],
)
def test_settings_that_leave_callers_less_time_stop_the_start(
    settings: dict[str, Any], dates: dict[str, Any], told: str
) -> None:
    """A moved deprecation needs a new end where it would shorten what was promised."""
    with pytest.raises(ConfigurationError, match=f"WATCHWORD_VERSIONS__V1__.*{told}"):
        served(settings, **dates)


def test_a_moved_deprecation_that_leaves_more_time_is_fine() -> None:
    """Earlier with the same end, even if that is short."""
    said = served({"deprecated_at": "2026-12-31"}, deprecated_at="2027-01-01", sunset_at="2027-02-01")
    assert said == {"deprecation": "@1798675200", "sunset": "Mon, 01 Feb 2027 00:00:00 GMT"}


def test_the_start_warns_of_what_was_overlooked(caplog: pytest.LogCaptureFixture) -> None:
    """Settings for a version that no route is of, and a window that is short."""
    app = FastAPI()
    app.get("/it")(v1(public(lambda: "done")))
    app.get("/new")(version("v2")(public(lambda: "done")))
    versioned(app, settings={"v3": {"sunset_at": "2030-01-01"}})
    with caplog.at_level(logging.WARNING, "watchword"), started(app):
        pass
    assert [record.getMessage() for record in caplog.records] == [
        "WATCHWORD_VERSIONS__V3: no route is of that version; known versions: v1, v2",
        "version v1 ends only 2 days after its deprecation",
    ]


def test_without_any_version_the_warning_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """An app whose routes are of none, such as ``watchword serve``."""
    versioned(app := FastAPI(), settings={"v1": {}})
    with caplog.at_level(logging.WARNING, "watchword"), started(app):
        pass
    assert caplog.messages == ["WATCHWORD_VERSIONS__V1: no route is of that version; known versions: none"]


def test_the_dates_of_these_tests_are_what_they_seem() -> None:
    """A day either way of the canned now."""
    assert (int(DEPRECATED_AT.timestamp()), int(SUNSET_AT.timestamp())) == (NOW - 86_400, NOW + 86_400)
