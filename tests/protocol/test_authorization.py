"""The authorization request and response (RFC 6749 §4.1, RFC 9207)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import (
    AttemptMissing,
    AuthorizationRequestRefused,
    AuthorizationResponseInvalid,
    ProviderDenied,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.protocol.authorization import (
    RESERVED_PARAMETERS,
    authorization_request,
    authorization_url,
    check_authorization_response,
    read_state,
)
from watchword.protocol.issuer_rule import IssuerRule

ISSUER = "https://idp.test"
STATE = "s" * 43
FIXED: dict[str, Any] = {
    "client_id": "our client",
    "redirect_uri": "https://app.test/auth/callback/main",
    "scopes": ["openid", "email"],
    "state": STATE,
    "nonce": "n" * 43,
    "code_challenge": "c" * 43,
}

Params = list[tuple[str, str]]


def sent(url: str) -> Params:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)


def check(params: Params, *, state: str = STATE, issuer: str = ISSUER, iss_required: bool = False) -> str:
    return check_authorization_response(
        params, state=state, issuer=IssuerRule(issuer), iss_required=iss_required
    )


def url_for(endpoint: str, **asked: Any) -> str:
    return authorization_url(endpoint, authorization_request(**asked))


# --- the request ------------------------------------------------------------------------------


def test_pk_1_rp_18_request_always_has_s256_state_and_nonce() -> None:
    """PKCE is S256 and the nonce goes along in the code flow too, each parameter once."""
    url = url_for("https://idp.test/authorize", **FIXED)
    assert url.startswith("https://idp.test/authorize?")
    assert sorted(sent(url)) == sorted(
        {
            "response_type": "code",
            "client_id": "our client",
            "redirect_uri": "https://app.test/auth/callback/main",
            "scope": "openid email",
            "state": STATE,
            "nonce": "n" * 43,
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
        }.items()
    )
    assert "+" not in url


def test_optional_parameters_are_sent_when_asked() -> None:
    """max_age=0 is a request for a fresh sign-in, not nothing."""
    got = dict(
        sent(url_for("https://idp.test/a", **FIXED, max_age=0, prompt="login", login_hint="a+b@c&d=e"))
    )
    assert (got["max_age"], got["prompt"], got["login_hint"]) == ("0", "login", "a+b@c&d=e")


@pytest.mark.parametrize(
    ("asked", "configured", "sent_prompt"),
    [
        (None, None, "login"),
        ("login", None, "login"),
        ("consent", "select_account", "login consent"),
        (None, "select_account", "login select_account"),
        (None, "none", "login"),
    ],
)
def test_rp_53_an_age_of_0_is_also_said_as_prompt_login(
    asked: str | None, configured: str | None, sent_prompt: str
) -> None:
    """Both mean the same (Core §3.1.2.1); what else the page is to do stays, ``none`` contradicts."""
    extra = {} if configured is None else {"prompt": configured}
    for max_age, expected in ((0, sent_prompt), (1, asked or configured)):
        url = url_for("https://idp.test/a", **FIXED, extra=extra, max_age=max_age, prompt=asked)
        assert dict(sent(url)).get("prompt") == expected


def test_the_endpoints_own_query_is_kept() -> None:
    """RFC 6749 §3.1: the query of the endpoint stays, byte for byte and in front."""
    url = url_for("https://idp.test/a?p=B2C_1%5Fsignin&&flag", **FIXED)
    assert url.startswith("https://idp.test/a?p=B2C_1%5Fsignin&flag&response_type=code&")


@pytest.mark.parametrize("name", sorted(RESERVED_PARAMETERS))
def test_extra_parameters_never_override_the_protocols_own(name: str) -> None:
    """Neither configuration nor the endpoint's query can plant a second or another value."""
    encoded = "%" + f"{ord(name[0]):02x}" + name[1:]
    url = url_for(f"https://idp.test/a?{encoded}=evil&{name}=evil", **FIXED, extra={name: "evil"})
    assert "evil" not in url
    assert len({given for given, _ in sent(url)}) == len(sent(url))


def test_configured_extras_are_sent_and_give_way_to_the_request() -> None:
    """A configured prompt stands until a step-up asks for another one."""
    extra = {"access_type": "offline", "prompt": "consent", "audience": "https://api.test/?a=b"}
    got = dict(sent(url_for("https://idp.test/a?access_type=online", **FIXED, extra=extra)))
    assert got["access_type"] == "offline"
    assert got["prompt"] == "consent"
    assert got["audience"] == "https://api.test/?a=b"
    got = dict(sent(url_for("https://idp.test/a", **FIXED, extra=extra, prompt="login")))
    assert got["prompt"] == "login"


@settings(derandomize=True, deadline=None)
@given(st.text(), st.text(), st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_values_cannot_inject_parameters(hint: str, client_id: str, extra: dict[str, str]) -> None:
    """Whatever a value holds, it stays one value, and the URL stays plain ASCII."""
    url = url_for("https://idp.test/a", **(FIXED | {"client_id": client_id}), extra=extra, login_hint=hint)
    assert url.isascii()
    got = sent(url)
    assert dict(got)["client_id"] == client_id.encode("utf-8", "replace").decode()
    assert dict(got)["login_hint"] == hint.encode("utf-8", "replace").decode()
    assert [value for name, value in got if name == "state"] == [STATE]


# --- the response -----------------------------------------------------------------------------


def test_rp_01_an_honest_response_gives_its_code() -> None:
    """With and without iss, other parameters beside it."""
    assert check([("code", "abc"), ("state", STATE)]) == "abc"
    assert check([("state", STATE), ("iss", ISSUER), ("code", "a b~"), ("session_state", "x")]) == "a b~"


@pytest.mark.parametrize(
    "params",
    [
        [],
        [("code", "abc")],
        [("state", "")],
        [("state", STATE + "x")],
        [("state", STATE[:-1] + "t")],
        [("state", STATE.upper())],
        [("state", "\u00e9")],
        [("state", "\ud800")],
        [("state", "s" * 5000)],
        [("State", STATE)],
    ],
)
def test_st_1_rp_45_a_foreign_or_missing_state_is_no_attempt_of_ours(params: Params) -> None:
    """Checked before anything else, in constant time, whatever characters it holds."""
    for more in ([("code", "abc")], [("error", "access_denied")], [("iss", "https://evil.test")]):
        with pytest.raises(AttemptMissing):
            check([*params, *more] if ("code", "abc") not in params else params)


def test_read_state_finds_the_attempt() -> None:
    """The state names the attempt's cookie; twice is never a choice."""
    assert read_state([("code", "x"), ("state", STATE)]) == STATE
    assert read_state([("state", "s" * 1024)]) == "s" * 1024
    with pytest.raises(AttemptMissing):
        read_state([("state", "s" * 1025)])
    with pytest.raises(AuthorizationResponseInvalid, match="state"):
        read_state([("state", STATE), ("state", STATE)])


@pytest.mark.parametrize("name", ["code", "state", "iss", "error"])
def test_a_parameter_that_decides_must_not_come_twice(name: str) -> None:
    """RFC 6749 §3.1: duplicates are refused, equal ones too."""
    values = {"code": "abc", "state": STATE, "iss": ISSUER, "error": "access_denied"}
    params = [("code", "abc"), ("state", STATE), ("iss", ISSUER)]
    params += [(name, values[name])] * (2 if name == "error" else 1)
    with pytest.raises(AuthorizationResponseInvalid, match=name):
        check(params)


@pytest.mark.parametrize("iss", ["", "https://evil.test", ISSUER + "/", "HTTPS://idp.test", "\ud800\n"])
@pytest.mark.parametrize("beside", [("code", "abc"), ("error", "access_denied")])
def test_mix_1_rp_43_another_iss_is_refused_before_error_and_code(iss: str, beside: tuple[str, str]) -> None:
    """RFC 9207 §2.4: compared as a string; nothing of a response from elsewhere is used."""
    with pytest.raises(AuthorizationResponseInvalid) as caught:
        check([("state", STATE), ("iss", iss), beside])
    assert "RFC 9207" in caught.value.detail
    assert caught.value.detail.isprintable()


def test_rp_44_a_promised_iss_must_be_there() -> None:
    """When the metadata promise iss, its absence is an attack."""
    with pytest.raises(AuthorizationResponseInvalid, match="iss is missing"):
        check([("state", STATE), ("code", "abc")], iss_required=True)
    assert check([("state", STATE), ("code", "abc"), ("iss", ISSUER)], iss_required=True) == "abc"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("access_denied", ProviderDenied),
        ("login_required", ProviderDenied),
        ("consent_required", ProviderDenied),
        ("interaction_required", ProviderDenied),
        ("account_selection_required", ProviderDenied),
        ("temporarily_unavailable", ProviderUnavailable),
        ("server_error", ProviderUnavailable),
        ("invalid_scope", AuthorizationRequestRefused),
        ("unauthorized_client", AuthorizationRequestRefused),
        ("invalid_request_object", AuthorizationRequestRefused),
        ("unheard_of", AuthorizationResponseInvalid),
        ("ACCESS_DENIED", AuthorizationResponseInvalid),
        ("", AuthorizationResponseInvalid),
    ],
)
def test_provider_errors_become_ours(error: str, expected: type[WatchwordError]) -> None:
    """An error wins over a code beside it and is told to the operator, not to the public."""
    with pytest.raises(WatchwordError) as caught:
        check([("state", STATE), ("error", error), ("code", "abc")])
    assert type(caught.value) is expected
    assert f"error={error}" in caught.value.detail
    assert not error or error not in caught.value.public


def test_co_4_error_text_is_capped_and_printable_and_never_public() -> None:
    """Markup, line breaks and floods in error and error_description stay harmless."""
    hostile = "<script>\r\n\u2028" + "x" * 5000
    with pytest.raises(AuthorizationResponseInvalid) as caught:
        check([("state", STATE), ("error", hostile), ("error_description", hostile)])
    assert caught.value.detail.isprintable()
    assert caught.value.detail.isascii()
    assert len(caught.value.detail) < 400
    assert "script" not in caught.value.public


@pytest.mark.parametrize("name", ["id_token", "access_token", "token"])
def test_rp_31_tokens_in_the_redirect_are_refused(name: str) -> None:
    """A code was asked for; a hybrid or implicit answer is not one."""
    with pytest.raises(AuthorizationResponseInvalid, match=name):
        check([("state", STATE), ("code", "abc"), (name, "eyJ")])


@pytest.mark.parametrize(
    "code", ["", "a" * 4097, "a" * 65536, "a\x00b", "a\nb", "a\x7f", "caf\u00e9", "\ud800"]
)
def test_co_3_a_code_that_cannot_be_one_is_refused(code: str) -> None:
    """Length cap 4 KB, printable ASCII only; the code is never repeated in the error."""
    with pytest.raises(AuthorizationResponseInvalid) as caught:
        check([("state", STATE), ("code", code)])
    assert not code or code not in caught.value.detail


def test_co_3_a_code_at_the_cap_and_with_an_ampersand_is_only_a_code() -> None:
    """Its characters are for the form encoder to escape."""
    for code in ("a" * 4096, "x&client_id=evil"):
        assert check([("state", STATE), ("code", code)]) == code


def test_a_response_with_neither_code_nor_error_is_refused() -> None:
    """There is nothing to go on with."""
    with pytest.raises(AuthorizationResponseInvalid, match="neither a code nor an error"):
        check([("state", STATE)])


NAMES = st.sampled_from(["code", "state", "iss", "error", "error_description", "id_token"]) | st.text()


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from([STATE, ISSUER, "abc"]) | st.text()), max_size=6), st.booleans()
)
def test_any_response_ends_in_a_code_or_in_our_error(params: Params, iss_required: bool) -> None:
    """A code only comes out of a response with our state and no foreign issuer."""
    try:
        code = check(params, iss_required=iss_required)
    except WatchwordError:
        return
    assert ("state", STATE) in params
    assert ("code", code) in params
    assert all(value == ISSUER for name, value in params if name == "iss")
