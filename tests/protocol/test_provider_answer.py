"""Published JSON documents of a provider: metadata and keys."""

from __future__ import annotations

import pytest

from watchword.errors import (
    ProviderPersonUnreadable,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderThrottled,
    ProviderUnavailable,
)
from watchword.protocol.provider_answer import check_answering, check_document, read_json


@pytest.mark.parametrize("content_type", ["application/json", "application/jwk-set+json; charset=utf-8"])
def test_a_published_document_is_accepted(content_type: str) -> None:
    """200 and JSON, under any of its names."""
    check_document("the key set", 200, {"Content-Type": content_type})


@pytest.mark.parametrize("status", [204, 301, 302, 304, 307, 404])
def test_net_9_another_status_is_no_document(status: int) -> None:
    """Redirects are not followed, absence is a misconfiguration."""
    with pytest.raises(ProviderResponseInvalid, match=f"the key set answered {status}"):
        check_document("the key set", status, {"content-type": "application/json"})


@pytest.mark.parametrize("status", [429, 500, 503])
def test_net_13_an_outage_is_told_as_one(status: int) -> None:
    """Whatever the content type says; that it was asked too often is told apart."""
    with pytest.raises(ProviderUnavailable) as caught:
        check_document("the key set", status, {"content-type": "text/html"})
    assert isinstance(caught.value, ProviderThrottled) is (status == 429)


@pytest.mark.parametrize(("status", "refused"), [(399, False), (400, True), (404, True), (499, True)])
def test_a_refusal_is_told_from_what_is_no_answer(status: int, refused: bool) -> None:
    """4xx says that the provider is there; it and nothing else counts as no fault of it."""
    with pytest.raises(ProviderResponseInvalid) as caught:
        check_document("the key set", status, {})
    assert isinstance(caught.value, ProviderRefused) is refused


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/html"}, {"content-type": "application/jose"}])
def test_flt_12_a_captive_portal_is_no_document(headers: dict[str, str]) -> None:
    """200 with a page."""
    with pytest.raises(ProviderResponseInvalid, match="JSON"):
        check_document("the key set", 200, headers)


@pytest.mark.parametrize("status", [400, 401, 404, 405])
def test_a_refusal_is_the_answer_of_an_endpoint(status: int) -> None:
    """That wants credentials or another method; its page may look as it likes."""
    check_answering("token", status, {"content-type": "text/html"})
    check_answering("token", 200, {"content-type": "application/json"})


@pytest.mark.parametrize(("status", "headers"), [(200, {"content-type": "text/html"}), (302, {}), (204, {})])
def test_flt_12_a_captive_portal_is_no_endpoint(status: int, headers: dict[str, str]) -> None:
    """A page or a redirect where somebody without credentials should be refused."""
    with pytest.raises(ProviderResponseInvalid, match=f"token answered {status}, but not with JSON"):
        check_answering("token", status, headers)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_that_is_down_does_not_answer(status: int) -> None:
    """As for anybody."""
    with pytest.raises(ProviderUnavailable):
        check_answering("token", status, {"content-type": "application/json"})


@pytest.mark.parametrize(
    ("body", "of_a_person"),
    [
        (b'{"name": "\\ud800"}', True),
        (b'{"name": "Jos\xe9"}', True),
        (b'{"limit": 1e999}', True),
        (b'{"groups": 1, "groups": 2}', True),
        (b'{"groups": ' + b"[" * 40 + b"]" * 40 + b"}", True),
        (b'{"groups": "' + b"g" * 70_000 + b'"}', True),
        (b"", False),
        (b"[]", False),
        (b'{"sub": "alice", "na', False),
        (b"<!doctype html>", False),
    ],
)
def test_odd_json_may_be_about_one_person_and_no_json_is_not(body: bytes, of_a_person: bool) -> None:
    """What somebody put into a profile is told from an endpoint that is broken."""
    with pytest.raises(ProviderResponseInvalid) as caught:
        read_json("userinfo", {"content-type": "application/json"}, body)
    assert isinstance(caught.value, ProviderPersonUnreadable) is of_a_person
