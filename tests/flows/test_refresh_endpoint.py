"""``/auth/refresh`` in hostile hands: other tokens, other clients, other shapes (RFC 6749 §5.2, §6)."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from tests.flows.browser import Browser
from tests.flows.conftest import Service
from tests.flows.refusals import change

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def is_refused(response: httpx2.Response, status: int, error: str) -> None:
    """RFC 6749 §5.2: a JSON body, not to be kept, that repeats nothing."""
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert set(response.json()) == {"error", "error_description", "request_id"}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert "wtr_" not in response.text


def refresh(service: Service, **body: Any) -> httpx2.Response:
    return service.browser().post("/auth/refresh", json=body, site=None)


def damaged(token: str) -> dict[str, str]:
    """The token with one thing wrong with it."""
    return {
        "cut by one": token[:-1],
        "cut in half": token[: len(token) // 2],
        "prefix only": "wtr_",
        "without prefix": token.removeprefix("wtr_"),
        "another prefix": token.replace("wtr_", "wta_"),
        "one more": token + "A",
        "twice": token + token,
        "padded": token + "==",
        "upper case": token.upper(),
        "swapped case": "wtr_" + token[4:].swapcase(),
        "first bit": "wtr_" + ("A" if token[4] != "A" else "B") + token[5:],
        "last character": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "a blank before": " " + token,
        "a blank behind": token + " ",
        "a word": "refresh",
    }


def test_ses_29_a_damaged_token_is_refused_and_harms_nothing(shared: Service) -> None:
    """All the same 401, and the session goes on with the real token."""
    browser = shared.signed_in()
    for token in damaged(browser.refresh).values():
        is_refused(refresh(shared, refresh_token=token), 401, "invalid_grant")
        spoilt = Browser(shared.client, {"__Host-ww_refresh": token.strip()})
        if token.strip() == token:
            is_refused(spoilt.post("/auth/refresh"), 401, "invalid_grant")
    assert browser.post("/auth/refresh").status_code == 200


BODIES: dict[str, tuple[bytes, str, int]] = {
    "empty token": (b'{"refresh_token": ""}', JSON, 400),
    "null": (b'{"refresh_token": null}', JSON, 400),
    "a number": (b'{"refresh_token": 7}', JSON, 400),
    "a list": (b'{"refresh_token": ["x"]}', JSON, 400),
    "an object": (b'{"refresh_token": {}}', JSON, 400),
    "a newline behind": (b'{"refresh_token": "wtr_x\\n"}', JSON, 400),
    "NUL": (b'{"refresh_token": "wtr_\\u0000"}', JSON, 400),
    "not ASCII": ('{"refresh_token": "wtr_ü"}'.encode(), JSON, 400),
    "a lone surrogate": (b'{"refresh_token": "\\ud800"}', JSON, 400),
    "twice": (b'{"refresh_token": "a", "refresh_token": "b"}', JSON, 400),
    "a list of bodies": (b'[{"refresh_token": "a"}]', JSON, 400),
    "a string": (b'"wtr_x"', JSON, 400),
    "not JSON": (b"{", JSON, 400),
    "NaN": (b'{"refresh_token": NaN}', JSON, 400),
    "deep": (b"[" * 10_000, JSON, 400),
    "a BOM": (b'\xef\xbb\xbf{"refresh_token": "a"}', JSON, 400),
    "UTF-16": ('{"refresh_token": "a"}'.encode("utf-16"), JSON, 400),
    "client_id a number": (b'{"refresh_token": "a", "client_id": 7}', JSON, 400),
    "scope a list": (b'{"refresh_token": "a", "scope": ["x"]}', JSON, 400),
    "a form with it twice": (b"refresh_token=a&refresh_token=b", FORM, 400),
    "a form with empty token": (b"refresh_token=", FORM, 400),
    "a form in bad escapes": (b"refresh_token=%ff", FORM, 400),
    "a form of many": (b"&".join(b"a%d=1" % number for number in range(100)), FORM, 400),
    "a form without =": (b"refresh_token", FORM, 400),
    "JSON as plain text": (b'{"refresh_token": "a"}', "text/plain", 400),
    "JSON as nothing": (b'{"refresh_token": "a"}', "", 400),
    "JSON in latin-1": (b'{"refresh_token": "a"}', "application/json; charset=latin-1", 400),
    "multipart": (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
    "a broken type": (b"{}", "application/json; ;=;", 400),
    "no token at all": (b"{}", JSON, 401),
    "other members only": (b'{"access_token": "a", "token": "b"}', JSON, 401),
    "nothing": (b"", JSON, 401),
    "an unknown token": (b'{"refresh_token": "a"}', JSON, 401),
    "1 MB": (b'{"refresh_token": "' + b"x" * 1_000_000 + b'"}', JSON, 413),
    "1 MB of form": (b"refresh_token=" + b"x" * 1_000_000, FORM, 413),
    "1 MB of blanks": (b" " * 1_000_000, JSON, 413),
}


def test_ses_29_any_body_gets_its_own_clear_error(shared: Service) -> None:
    """400 for what is no request, 401 for what is no token, 413 for too much; never anything else."""
    errors = {400: "invalid_request", 401: "invalid_grant", 413: "invalid_request"}
    for name, (body, content_type, status) in BODIES.items():
        headers = {"content-type": content_type} if content_type else {}
        response = shared.browser().post("/auth/refresh", content=body, headers=headers, site=None)
        assert response.status_code == status, name
        is_refused(response, status, errors[status])


def test_a_bad_body_never_falls_back_to_the_cookie(shared: Service) -> None:
    """With both, only the body counts, also when it is wrong: the cookie's session is untouched."""
    browser = shared.signed_in()
    before = dict(browser.cookies)
    for body in ({"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "wtr_x"}):
        assert browser.post("/auth/refresh", json=body).status_code in (400, 401)
        assert browser.cookies == before
    assert browser.post("/auth/refresh").status_code == 200


def test_ses_28_a_token_belongs_to_its_client(shared: Service) -> None:
    """Another client's id is refused and costs the session nothing; the right one is accepted."""
    browser = shared.signed_in()
    token = browser.refresh
    for client_id in ("another", "Browser", "browser ", "x" * 300):
        is_refused(refresh(shared, refresh_token=token, client_id=client_id), 401, "invalid_grant")
    answer = refresh(shared, refresh_token=token, client_id="browser")
    assert answer.status_code == 200
    stolen = refresh(shared, refresh_token=token, client_id="another")
    is_refused(stolen, 401, "invalid_grant")
    assert refresh(shared, refresh_token=answer.json()["refresh_token"]).status_code == 200


def test_ses_28_a_wider_scope_is_never_granted(shared: Service) -> None:
    """Refused before anything is rotated; an empty one asks for nothing."""
    browser = shared.signed_in()
    for scope in ("admin", "openid", "orders:read orders:write", "  x "):
        is_refused(refresh(shared, refresh_token=browser.refresh, scope=scope), 400, "invalid_scope")
        is_refused(browser.post("/auth/refresh", json={"scope": scope}), 400, "invalid_scope")
    answer = refresh(shared, refresh_token=browser.refresh, scope="", audience="evil", resource="evil")
    assert (answer.status_code, answer.json()["scope"]) == (200, "")
    other_token = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert shared.browser().request("GET", "/private", headers=other_token).status_code == 200


def test_ses_29_a_token_of_a_disabled_or_vanished_account_is_refused(service: Service) -> None:
    """The token is authentic; whose session it was decides."""
    browser = service.signed_in()
    change(service, "UPDATE ww_users SET status = 'disabled'")
    is_refused(refresh(service, refresh_token=browser.refresh), 401, "invalid_grant")
    assert browser.get("/live").status_code == 401
    change(service, "DELETE FROM ww_sessions")
    is_refused(refresh(service, refresh_token=browser.refresh), 401, "invalid_grant")
    assert browser.get("/auth/me").status_code == 401


def test_x_11_no_token_stands_in_for_another(shared: Service) -> None:
    """Refresh as bearer, access at the refresh, the provider's tokens at either: refused, each."""
    kept: dict[str, str] = {}

    def keep(given: dict[str, Any]) -> dict[str, Any]:
        kept.update({name: given[name] for name in ("id_token", "access_token")})
        return given

    shared.provider.behaviour.token_response = keep
    begun = shared.browser()
    shared.begin(begun)
    (attempt,) = begun.attempts.values()
    browser = shared.signed_in()
    for token in (browser.refresh, kept["id_token"], kept["access_token"], attempt):
        response = shared.browser().request("GET", "/private", headers={"authorization": f"Bearer {token}"})
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["www-authenticate"]
        assert token not in response.text + str(response.headers)
        in_cookie = Browser(shared.client, {"__Host-ww_access": token})
        assert in_cookie.get("/private").status_code == 401
    for token in (browser.access, kept["id_token"], kept["access_token"], attempt):
        is_refused(refresh(shared, refresh_token=token), 401, "invalid_grant")
        in_cookie = Browser(shared.client, {"__Host-ww_refresh": token})
        is_refused(in_cookie.post("/auth/refresh"), 401, "invalid_grant")
    assert browser.get("/private").status_code == 200


def test_only_post_refreshes_and_logs_out(shared: Service) -> None:
    """SES-74: other methods are 405 and change nothing, with the cookies of a session at hand."""
    browser = shared.signed_in()
    before = dict(browser.cookies)
    for path in ("/auth/refresh", "/auth/logout"):
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
            response = browser.request(method, path, headers={"sec-fetch-site": "same-origin"})
            assert response.status_code == 405, method
            assert not browser.set_cookies
    assert browser.cookies == before
    assert browser.post("/auth/refresh").status_code == 200


def test_a_planted_duplicate_of_a_session_cookie_counts_for_nothing(shared: Service) -> None:
    """ST-7 for sessions: two cookies of one name are nobody, at every endpoint."""
    browser = shared.signed_in()
    for name in ("__Host-ww_access", "__Host-ww_refresh"):
        header = {"cookie": f"{name}={browser.cookies[name]}; {name}=planted"}
        anybody = shared.browser()
        assert anybody.request("GET", "/private", headers=header).status_code == 401
        assert anybody.post("/auth/refresh", headers=header).status_code == 401
    assert browser.post("/auth/refresh").status_code == 200


def test_the_answer_is_json_even_for_a_form(shared: Service) -> None:
    """A form and JSON get the same body."""
    tokens = [shared.signed_in().refresh for _ in range(2)]
    by_form = shared.browser().post("/auth/refresh", data={"refresh_token": tokens[0]}, site=None)
    by_json = shared.browser().post(
        "/auth/refresh",
        content=json.dumps({"refresh_token": tokens[1]}).encode(),
        headers={"content-type": "Application/JSON; Charset=UTF-8"},
        site=None,
    )
    assert set(by_form.json()) == set(by_json.json())
