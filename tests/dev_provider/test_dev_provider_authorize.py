"""The authorization endpoint (RFC 6749 §4.1, RFC 7636, RFC 8252, RFC 9207, OpenID Connect Core §3.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from watchword.dev_provider import DevClient, DevProvider

if TYPE_CHECKING:
    from tests.dev_provider.conftest import FakeClock, RelyingParty


def test_the_page_has_a_button_per_person_and_a_cancel_button(rp: RelyingParty) -> None:
    """Everyone can be chosen by name, and the page says what it is."""
    page = rp.open_page()
    assert page.status_code == 200
    for name in ("Alice Example", "Bob Example", "Carol Example", "Cancel"):
        assert f">{name}</button>" in page.text
    assert "anyone can sign in as anyone" in page.text
    assert "<script" not in page.text


def test_the_redirect_carries_code_state_and_issuer(rp: RelyingParty) -> None:
    """A choice ends in a 303 to the redirect URI with code, state and iss (RFC 9207 §2)."""
    answer = rp.press(rp.open_page(), person="bob")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{rp.callback}?")
    assert answer.headers["cache-control"] == "no-store"
    response = rp.query_of(answer.headers["location"])
    assert response.keys() == {"code", "state", "iss"}
    assert (response["state"], response["iss"]) == ("the-state", rp.issuer)


def test_a_query_of_the_redirect_uri_is_kept(provider: DevProvider, rp: RelyingParty) -> None:
    """Parameters are added to a registered query, not put in its place (RFC 6749 §4.1.2)."""
    provider.add_client(DevClient("q", None, ["https://app.example.test/cb?x=1"], auth_method="none"))
    page = rp.open_page(client_id="q", redirect_uri="https://app.example.test/cb?x=1")
    location = rp.press(page, person="alice").headers["location"]
    assert location.startswith("https://app.example.test/cb?x=1&code=")


def test_cancel_answers_access_denied(rp: RelyingParty) -> None:
    """The person may say no (RFC 6749 §4.1.2.1)."""
    answer = rp.press(rp.open_page(), cancel="yes")
    response = rp.query_of(answer.headers["location"])
    assert (response["error"], response["state"], response["iss"]) == (
        "access_denied",
        "the-state",
        rp.issuer,
    )
    assert "code" not in response


def test_a_page_answers_once(rp: RelyingParty) -> None:
    """A double click or the back button gives no second code."""
    page = rp.open_page()
    assert rp.press(page, person="alice").status_code == 303
    again = rp.press(page, person="alice")
    assert again.status_code == 400
    assert "location" not in again.headers


@pytest.mark.parametrize(("age_seconds", "status"), [(599, 303), (600, 400)])
def test_a_page_lives_ten_minutes(rp: RelyingParty, clock: FakeClock, age_seconds: int, status: int) -> None:
    """A page left open for ten minutes is refused."""
    page = rp.open_page()
    clock.now += age_seconds
    assert rp.press(page, person="alice").status_code == status


@pytest.mark.parametrize(
    "form",
    [
        {"person": "mallory"},
        {},
        {"person": "alice", "cancel": "yes"},
        {"person": "alice", "page": "forged"},
        {"cancel": "yes", "page": "forged"},
    ],
)
def test_a_strange_decision_is_refused(rp: RelyingParty, form: dict[str, str]) -> None:
    """Only a button of an open page decides anything."""
    page = rp.open_page()
    answer = rp.press(page, **form)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("client_id", [None, "", "unknown", "WEB APP", "web app "])
def test_an_unknown_client_gets_a_page(rp: RelyingParty, client_id: str | None) -> None:
    """Never a redirect to an address nobody vouches for (RFC 6749 §4.1.2.1)."""
    answer = rp.open_page(client_id=client_id)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "https://app.example.test/auth/callback/de",
        "https://app.example.test/auth/callback/dev2",
        "https://app.example.test/auth/callback/dev/",
        "https://app.example.test/auth/callback/DEV",
        "https://APP.example.test/auth/callback/dev",
        "https://app.example.test/auth/callback/dev?next=1",
        "https://app.example.test/auth/callback/dev#top",
        "https://app.example.test/auth/callback/%64ev",
        "https://app.example.test/auth//callback/dev",
        "https://app.example.test/auth/callback/../callback/dev",
        "https://app.example.test:443/auth/callback/dev",
        "https://app.example.test:8443/auth/callback/dev",
        "http://app.example.test/auth/callback/dev",
        "https://app.example.test.evil.test/auth/callback/dev",
        "https://evil.test/https://app.example.test/auth/callback/dev",
        "https://user@app.example.test/auth/callback/dev",
        "//app.example.test/auth/callback/dev",
        "javascript:alert(1)",
        " https://app.example.test/auth/callback/dev",
        "https://app.example.test/auth/callback/dev\r\nX: y",
        "http://127.0.0.1:5000/callback/",
        "http://127.0.0.1:5000/Callback",
        "http://127.0.0.1:5000/callback?x=1",
        "http://127.0.0.1:5000/callback#x",
        "http://localhost:5000/callback",
        "http://[::1]:5000/callback",
        "http://127.0.0.2:5000/callback",
        "https://127.0.0.1:5000/callback",
        "HTTP://127.0.0.1:5000/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:５０００/callback",
        "http://127.0.0.1:80@evil.test/callback",
        "http://127.0.0.1.evil.test/callback",
    ],
)
def test_a_foreign_redirect_uri_gets_a_page(rp: RelyingParty, redirect_uri: str | None) -> None:
    """Redirect URIs match exactly; near misses of every kind are refused (RFC 9700 §2.1)."""
    answer = rp.open_page(redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("port", ["", ":1", ":5000", ":65535"])
def test_loopback_ports_are_free(rp: RelyingParty, port: str) -> None:
    """A native app listens on whatever port it gets (RFC 8252 §7.3)."""
    uri = f"http://127.0.0.1{port}/callback"
    location = rp.press(rp.open_page(redirect_uri=uri), person="alice").headers["location"]
    assert location.startswith(f"{uri}?code=")


@pytest.mark.parametrize(
    ("redirect_uri", "status"),
    [
        ("http://127.0.0.1:8000/auth/callback/dev", 200),
        ("http://localhost:3000/", 200),
        ("http://[::1]:3000/a?b=c", 200),
        ("http://localhost", 200),
        ("https://app.example.test/auth/callback/dev", 400),
        ("http://localhost.evil.test/", 400),
        ("http://localhost:80@evil.test/", 400),
        ("http://localhost\\@evil.test/", 400),
        ("http://localhost:3000/#x", 400),
        ("http://localhost:3000/ü", 400),
        ("http://10.0.0.1/", 400),
    ],
)
def test_any_loopback_is_loopback_only(rp: RelyingParty, redirect_uri: str, status: int) -> None:
    """The standalone provider's client may live anywhere on this machine and nowhere else."""
    assert rp.open_page(client_id="anywhere", redirect_uri=redirect_uri).status_code == status


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "OpenID"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://app.example.test/r"}, "request_uri_not_supported"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "１"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "whatever"}, "invalid_request"),
    ],
)
def test_other_faults_go_to_the_client(
    rp: RelyingParty, overrides: dict[str, str | None], error: str
) -> None:
    """Once client and redirect URI are known, the client is told, with state and iss."""
    answer = rp.open_page(**overrides)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{rp.callback}?")
    response = rp.query_of(answer.headers["location"])
    assert (response["error"], response["state"], response["iss"]) == (error, "the-state", rp.issuer)


@pytest.mark.parametrize("name", ["scope", "state", "nonce", "code_challenge"])
def test_a_repeated_parameter_is_a_fault(rp: RelyingParty, name: str) -> None:
    """Parameters come once (RFC 6749 §3.1); a doubled state is not echoed."""
    answer = rp.http.get(f"{rp.authorization_url()}&{name}=second")
    response = rp.query_of(answer.headers["location"])
    assert response["error"] == "invalid_request"
    assert ("state" in response) == (name != "state")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_gets_a_page(rp: RelyingParty, name: str) -> None:
    """What decides where to redirect must be unambiguous."""
    answer = rp.http.get(f"{rp.authorization_url()}&{name}=second")
    assert answer.status_code == 400


@pytest.mark.parametrize("query", ["%ff=%ff", "a=%80", "&".join(f"p{n}=1" for n in range(200)), "", "%"])
def test_broken_parameters_get_a_page(rp: RelyingParty, query: str) -> None:
    """Bytes that are no UTF-8, floods and nothing at all end in a page, never in a crash."""
    answer = rp.http.get(f"{rp.issuer}/authorize?{query}")
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]


def test_the_request_may_be_posted(rp: RelyingParty) -> None:
    """Authorization requests come by POST too (OpenID Connect Core §3.1.2.1)."""
    page = rp.http.post(f"{rp.issuer}/authorize", data=rp.query_of(rp.authorization_url()))
    assert rp.press(page, person="carol").status_code == 303


def test_a_post_of_another_kind_gets_a_page(rp: RelyingParty) -> None:
    """JSON or a flood instead of a form is refused."""
    assert rp.http.post(f"{rp.issuer}/authorize", json={}).status_code == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    for path in ("authorize", "decision", "end-session"):
        answer = rp.http.post(f"{rp.issuer}/{path}", content=b"a=" + b"b" * 70_000, headers=form)
        assert answer.status_code == 413


def test_max_age_and_prompt_login_show_the_page(rp: RelyingParty) -> None:
    """Nobody stays signed in, so a fresh sign-in is all there is."""
    for overrides in ({"max_age": "0"}, {"max_age": "3600"}, {"prompt": "login consent"}):
        assert rp.open_page(**overrides).status_code == 200


@pytest.mark.parametrize("hint", ["bob", "bob@example.test", "dev-bob"])
def test_a_login_hint_puts_the_focus(rp: RelyingParty, hint: str) -> None:
    """The hinted person's button, and only it, has the focus."""
    page = rp.open_page(login_hint=hint).text
    assert page.count("autofocus") == 1
    assert "autofocus>Bob Example" in page


def test_an_unknown_login_hint_changes_nothing(rp: RelyingParty) -> None:
    """A hint is a hint; what it says is not shown."""
    page = rp.open_page(login_hint="<script>alert(1)</script>").text
    assert "autofocus" not in page
    assert "alert(1)" not in page


def test_what_clients_send_is_escaped(provider: DevProvider, rp: RelyingParty) -> None:
    """A client id with markup is shown as text."""
    provider.add_client(DevClient("<b>x</b>", None, [rp.callback], auth_method="none"))
    page = rp.open_page(client_id="<b>x</b>").text
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


def test_state_travels_unchanged(rp: RelyingParty) -> None:
    """Whatever the client puts into state comes back, encoded (RFC 6749 §4.1.2)."""
    state = "a b&c=d%2F+#é\r\nSet-Cookie: x=1"
    answer = rp.press(rp.open_page(state=state), person="alice")
    assert rp.query_of(answer.headers["location"])["state"] == state
    assert "set-cookie" not in answer.headers


def test_a_request_without_state_gets_none(rp: RelyingParty) -> None:
    """state is the client's business; no empty one is invented."""
    answer = rp.press(rp.open_page(state=None), person="alice")
    assert "state" not in rp.query_of(answer.headers["location"])


def test_pages_send_safe_headers(rp: RelyingParty) -> None:
    """Every page is unframeable, uncached, scriptless and sends no referrer."""
    pages = (rp.open_page(), rp.open_page(client_id="unknown"), rp.end_session())
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in page.headers
    assert rp.http.get(f"{rp.issuer}/style.css").headers["content-type"].startswith("text/css")


def test_approve_and_cancel_do_what_the_page_does(provider: DevProvider, rp: RelyingParty) -> None:
    """Tests drive the same checks without HTML."""
    approved = rp.query_of(provider.approve(rp.authorization_url(), "alice"))
    assert rp.redeem(approved["code"]).status_code == 200
    assert rp.query_of(provider.cancel(rp.authorization_url()))["error"] == "access_denied"
    fault = rp.query_of(provider.approve(rp.authorization_url(scope="profile"), "alice"))
    assert fault["error"] == "invalid_scope"
