"""Promises of traces: children of the host's span, named for what was done, and nothing about anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as RecordedSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from watchword.auth.spans import note, span, traced
from watchword.dev_provider import DevProviderServer
from watchword.errors import DatabaseUnavailable, RefreshRefused
from watchword.transport.provider_http import HttpxProviderHttp

ROOT = Path(__file__).parents[2]
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


class Traced:
    """What a host's instrumentation does: one span for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tracer = TracerProvider().get_tracer("host")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._tracer.start_as_current_span(scope["path"]):
            await self._app(scope, receive, send)


class Unwell(SpanProcessor):
    """A processor of the host's, which raises at the ``moment`` that a test sets."""

    moment = ""

    def on_start(self, span: RecordedSpan, parent_context: Context | None = None) -> None:
        if self.moment == "start":
            raise RuntimeError("the processor is unwell")

    def on_end(self, span: ReadableSpan) -> None:
        if self.moment == "end":
            raise RuntimeError("the processor is unwell")


@pytest.fixture(scope="session")
def all_spans() -> InMemorySpanExporter:
    """Where every span of ours goes; OpenTelemetry is set up once in a process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.add_span_processor(Unwell())
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(all_spans: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    all_spans.clear()
    yield all_spans
    all_spans.clear()


@pytest.fixture
def service(start_service: StartService) -> Service:
    started = start_service()
    started.client.app = Traced(started.app)
    started.client._transport.app = started.client.app  # type: ignore[attr-defined]
    return started


def ours(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    """FastAPI makes some of its own."""
    scopes = ((each, each.instrumentation_scope) for each in spans.get_finished_spans())
    return [each for each, scope in scopes if scope is not None and scope.name == "watchword"]


def attributes(found: Sequence[ReadableSpan], name: str) -> list[dict[str, Any]]:
    return [dict(each.attributes or {}) for each in found if each.name == name]


def refresh(browser: Browser) -> int:
    return browser.post("/auth/refresh", headers=SAME_ORIGIN).status_code


def test_a_sign_in_is_told_step_by_step(service: Service, spans: InMemorySpanExporter) -> None:
    """Beginning, the calls to the provider with their answers, the database, the session."""
    service.signed_in()
    found = ours(spans)
    for name in ("watchword.sign_in.begin", "watchword.sign_in.complete"):
        assert attributes(found, name) == [{"watchword.provider": "dev"}]
    (token_call,) = attributes(found, "POST")
    assert token_call["http.response.status_code"] == 200
    assert token_call["server.address"] == "127.0.0.1"
    assert token_call["url.full"] == f"{service.provider.issuer}/token"
    assert {"watchword.operation": "open a session"} in attributes(found, "watchword.database")
    opened = next(each for each in found if each.name == "watchword.session.open")
    completed = next(each for each in found if each.name == "watchword.sign_in.complete")
    assert opened.parent is not None
    assert completed.context is not None
    assert opened.parent.span_id == completed.context.span_id
    assert {each.kind for each in found if each.name in ("POST", "GET", "watchword.database")} == {
        SpanKind.CLIENT
    }


async def test_what_a_provider_is_asked_behind_its_address_is_not_told(
    provider_server: DevProviderServer, http: HttpxProviderHttp, spans: InMemorySpanExporter
) -> None:
    """Some put a tenant or a policy there; a proxy might put more."""
    address = f"{provider_server.issuer}/.well-known/openid-configuration"
    with TracerProvider().get_tracer("host").start_as_current_span("host"):
        await http.get(f"{address}?p=kept-back", max_bytes=100_000)
    (call,) = attributes(ours(spans), "GET")
    assert call["url.full"] == address
    assert "kept-back" not in str(call)


def test_what_is_refused_has_its_code_and_is_no_failure(
    service: Service, spans: InMemorySpanExporter
) -> None:
    """A refresh that works, and one with a token that was already used."""
    browser, thief = service.signed_in(), service.browser()
    thief.cookies.update(browser.cookies)
    assert refresh(browser) == 200
    assert {} in attributes(ours(spans), "watchword.session.refresh")
    service.clock.advance(60)
    spans.clear()
    assert refresh(thief) == 401
    (refused,) = [each for each in ours(spans) if each.name == "watchword.session.refresh"]
    assert dict(refused.attributes or {}) == {"watchword.refusal": "refresh_replayed"}
    assert refused.status.status_code is StatusCode.UNSET
    assert refused.events == ()


def test_a_request_with_a_known_token_makes_no_span(service: Service, spans: InMemorySpanExporter) -> None:
    """Nothing is waited for, so there is nothing to tell; a live read is told."""
    browser = service.signed_in()
    browser.get("/private")
    spans.clear()
    assert browser.get("/private").status_code == 200
    assert ours(spans) == []
    assert browser.get("/live").status_code == 200
    assert [each.name for each in ours(spans)] == ["watchword.database", "watchword.session.confirm"]


def test_nothing_in_a_span_is_about_a_person_or_secret(service: Service, spans: InMemorySpanExporter) -> None:
    """Not after a sign-in, a refresh, an answer of the provider's that is no good, and a sign-out."""
    browser = service.signed_in("alice")
    me = browser.get("/auth/me").json()
    assert refresh(browser) == 200
    secrets = [str(value) for value in browser.cookies.values()]
    location = service.begin(service.browser())
    service.provider.fail("token", status=400, body=b'{"error":"alice@example.test"}', times=1)
    service.sign_in(service.browser(), "alice")
    browser.post("/auth/logout", headers=SAME_ORIGIN)
    told = " ".join(
        f"{each.name} {dict(each.attributes or {})} {each.status.description} {each.events}"
        for each in ours(spans)
    )
    assert "watchword.session.end" in told
    query = location.partition("?")[2]
    hidden = [me["email"], me["subject"], me["user_id"], me["session_id"], query, "alice", *secrets]
    assert [word for word in hidden if word in told] == []


def test_without_a_trace_of_the_host_there_is_none_of_ours(
    service: Service, spans: InMemorySpanExporter
) -> None:
    """So nothing that goes on in the background fills anybody's storage."""
    token = service.signed_in().cookies["__Host-ww_refresh"]
    spans.clear()

    async def work() -> None:
        services = await service.auth.services()
        await services.feed.poll()
        await services.sessions.refresh(token)

    service.call(work)
    assert ours(spans) == []


@pytest.mark.parametrize(
    ("error", "expected", "status"),
    [
        (RefreshRefused("secret"), {"watchword.refusal": "invalid_grant"}, StatusCode.UNSET),
        (DatabaseUnavailable("secret"), {"error.type": "database_unavailable"}, StatusCode.ERROR),
        (ValueError("secret"), {"error.type": "ValueError"}, StatusCode.ERROR),
        (KeyboardInterrupt("secret"), {"error.type": "KeyboardInterrupt"}, StatusCode.ERROR),
    ],
)
async def test_of_an_error_only_the_kind_is_told(
    error: BaseException, expected: dict[str, str], status: StatusCode, spans: InMemorySpanExporter
) -> None:
    """Its text may hold anything."""

    @traced("inner")
    async def fails() -> None:
        raise error

    with TracerProvider().get_tracer("host").start_as_current_span("host", record_exception=False):
        with pytest.raises(type(error)):
            await fails()
        with span("outer", {"a": 1}):
            pass
    inner, outer = ours(spans)
    assert dict(inner.attributes or {}) == expected
    assert (inner.status.status_code, inner.status.description, inner.events) == (status, None, ())
    assert dict(outer.attributes or {}) == {"a": 1}


@pytest.mark.parametrize("moment", ["start", "end"])
async def test_what_the_sdk_raises_costs_a_span_and_nothing_else(
    moment: str, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results and errors are as without it, and what is inside stays in the host's trace."""
    monkeypatch.setattr(Unwell, "moment", moment)
    host = TracerProvider().get_tracer("host")

    @traced("inner")
    async def fails() -> None:
        raise RefreshRefused("as it should")

    @traced("outer")
    async def works() -> int:
        note("noted", 1)
        with pytest.raises(RefreshRefused, match="as it should"):
            await fails()
        return trace.get_current_span().get_span_context().trace_id

    with host.start_as_current_span("host") as outermost:
        assert await works() == outermost.get_span_context().trace_id
        assert trace.get_current_span() is outermost
    assert isinstance(outermost, ReadableSpan)
    assert dict(outermost.attributes or {}) == {}


def test_the_page_names_every_span() -> None:
    """And none that there is not."""
    page = (ROOT / "docs/operations/tracing.md").read_text(encoding="utf-8")
    sources = " ".join(file.read_text(encoding="utf-8") for file in (ROOT / "src").rglob("*.py"))
    made = set(re.findall(r'(?:traced|span)\(\s*"(watchword\.[a-z_.]+)"', sources))
    told = set(re.findall(r"^\| (.+?) \|", page, re.MULTILINE))
    assert made == {name for cell in told for name in re.findall(r"`(watchword\.[a-z_.]+)`", cell)}
