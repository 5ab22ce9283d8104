"""What a request authenticates its client with (RFC 6749 §2.3, RFC 7521 §4.2)."""

from __future__ import annotations

import base64
import contextlib
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import bounded
from watchword.errors import InvalidClient, InvalidRequest
from watchword.protocol.client_authentication import (
    ASSERTION_TYPE,
    MAX_HEADER_BYTES,
    NoCredential,
    PresentedAssertion,
    PresentedSecret,
    read_credential,
)

ASSERTION = {"client_assertion": "a.b.c", "client_assertion_type": ASSERTION_TYPE}
VISIBLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)


def basic(pair: str | bytes, scheme: str = "Basic") -> bytes:
    raw = pair if isinstance(pair, bytes) else pair.encode()
    return scheme.encode() + b" " + base64.b64encode(raw)


def test_nothing_but_an_id_or_not_even_that() -> None:
    """Public clients, and holders of tokens."""
    assert read_credential({}, []) == NoCredential(None)
    assert read_credential({"client_id": "spa"}, []) == NoCredential("spa")


def test_a_secret_in_the_body_does_not_print() -> None:
    """``client_secret_post``."""
    presented = read_credential({"client_id": "batch", "client_secret": "hunter2"}, [])
    assert presented == PresentedSecret("batch", "hunter2", by_header=False)
    assert "hunter2" not in repr(presented)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_secret_in_the_header(scheme: str) -> None:
    """``client_secret_basic``; the same client_id in the body does no harm."""
    header = [basic("batch:hunter2", scheme)]
    for form in ({}, {"client_id": "batch"}, {"scope": "a"}):
        assert read_credential(form, header) == PresentedSecret("batch", "hunter2", by_header=True)


@pytest.mark.parametrize("encode", [quote_plus, lambda text: quote(text, safe="")], ids=["plus", "percent"])
def test_rfc_6749_2_3_1_both_parts_are_form_encoded_first(encode: object) -> None:
    """So that ``:`` ``%`` ``+`` and blanks may stand in either."""
    assert callable(encode)
    client_id, secret = "ba:t%ch+", "p:a%41+ s/ecret=&"
    presented = read_credential({}, [basic(f"{encode(client_id)}:{encode(secret)}")])
    assert presented == PresentedSecret(client_id, secret, by_header=True)


@bounded
@given(VISIBLE, VISIBLE)
def test_whatever_a_client_encodes_comes_back(client_id: str, secret: str) -> None:
    """Any printable id and secret."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    assert read_credential({}, [basic(pair)]) == PresentedSecret(client_id, secret, by_header=True)


def test_only_the_first_colon_separates() -> None:
    """The secret of a client that encoded too little still has its own."""
    assert read_credential({}, [basic("batch:a:b")]) == PresentedSecret("batch", "a:b", by_header=True)


@pytest.mark.parametrize(
    "header",
    [
        b"Basic",
        b"Basic ",
        b"Basic  YTpi",
        b"Basic YTpi=",
        b"Basic YTpi,Basic YTpi",
        b"Basic YT pi",
        b"Basic !!!!",
        b"Basic \xff\xfe",
        basic("no colon"),
        basic(":secret"),
        basic("batch:"),
        basic("batch:100%"),
        basic("batch:%zz"),
        basic("batch:%ff"),
        basic("batch:%00"),
        basic("batch:a%0d%0aSet-Cookie"),
        basic("ba%0atch:x"),
        basic("batch:\0"),
        basic("batch:é"),
        basic(b"batch:\xff"),
        basic("batch:" + "x" * MAX_HEADER_BYTES),
    ],
)
def test_a_header_that_cannot_be_read_is_told_by_its_scheme(header: bytes) -> None:
    """RFC 6749 §5.2: invalid_client with a challenge, whatever is wrong with it."""
    with pytest.raises(InvalidClient) as caught:
        read_credential({"client_id": "batch"}, [header])
    assert caught.value.by_header
    assert "batch" not in caught.value.detail


@pytest.mark.parametrize(
    "header", [b"Bearer abc", b"", b"DPoP x", b"Basicx YTpi", b"Basic\tYTpi", b" Basic YTpi"]
)
def test_another_scheme_is_no_client_authentication(header: bytes) -> None:
    """A wrapper that adds its bearer token everywhere does no harm, and gains nothing."""
    assert read_credential({"client_id": "spa"}, [header]) == NoCredential("spa")


def test_two_headers_are_refused() -> None:
    """Nobody knows which one is meant."""
    for second in (basic("batch:x"), b"Bearer abc"):
        with pytest.raises(InvalidRequest, match="more than one Authorization"):
            read_credential({}, [basic("batch:x"), second])


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ({"client_id": "batch", "client_secret": "x"}, [basic("batch:x")]),
        ({"client_secret": "x"}, [basic("batch:x")]),
        (ASSERTION, [basic("batch:x")]),
        ({"client_assertion": "a.b.c"}, [basic("batch:x")]),
        ({"client_assertion_type": ASSERTION_TYPE}, [basic("batch:x")]),
        ({"client_id": "batch", "client_secret": "x", **ASSERTION}, []),
        ({"client_id": "batch", "client_secret": "x", "client_assertion_type": "y"}, []),
        ({"client_id": "batch", "client_secret": "x", **ASSERTION}, [basic("batch:x")]),
    ],
)
def test_rfc_6749_2_3_more_than_one_way_is_an_invalid_request(
    form: dict[str, str], header: list[bytes]
) -> None:
    """Also when they agree."""
    with pytest.raises(InvalidRequest, match="more than one way"):
        read_credential(form, header)


def test_an_id_that_contradicts_the_header_is_an_invalid_request() -> None:
    """Neither of them is believed."""
    with pytest.raises(InvalidRequest, match="another one"):
        read_credential({"client_id": "other"}, [basic("batch:x")])


def test_a_secret_of_nobody_is_invalid_client() -> None:
    """There is no client to compare it with."""
    with pytest.raises(InvalidClient, match="without client_id"):
        read_credential({"client_secret": "x"}, [])


def test_an_assertion_is_read_with_and_without_the_id() -> None:
    """RFC 7521 §4.2: the id is optional beside it."""
    assert read_credential(ASSERTION, []) == PresentedAssertion(None, "a.b.c")
    presented = read_credential({"client_id": "batch", **ASSERTION}, [b"Bearer x"])
    assert presented == PresentedAssertion("batch", "a.b.c")
    assert "a.b.c" not in repr(presented)


@pytest.mark.parametrize("left_out", list(ASSERTION))
def test_half_an_assertion_is_an_invalid_request(left_out: str) -> None:
    """RFC 7521 §4.2: both parameters or none."""
    with pytest.raises(InvalidRequest, match="go together"):
        read_credential({name: value for name, value in ASSERTION.items() if name != left_out}, [])


@pytest.mark.parametrize("kind", ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt", "x"])
def test_another_kind_of_assertion_is_invalid_client(kind: str) -> None:
    """RFC 7521 §4.2.1: it proves nothing here."""
    with pytest.raises(InvalidClient, match="client_assertion_type"):
        read_credential({**ASSERTION, "client_assertion_type": kind}, [])


@bounded
@given(st.lists(st.binary(max_size=60).map(lambda raw: b"Basic " + raw), max_size=2))
def test_no_header_raises_anything_of_its_own(headers: list[bytes]) -> None:
    """Bytes of any kind are refused by name."""
    with contextlib.suppress(InvalidClient, InvalidRequest):
        assert isinstance(read_credential({}, headers), NoCredential | PresentedSecret)
