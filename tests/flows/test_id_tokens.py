"""Conformance of the relying party: which ID tokens are believed (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.flows.changes import always, drop, put, shift
from tests.flows.conftest import Service
from tests.flows.refusals import Refusals
from watchword.dev_provider.behaviour import Change

DAY = 86_400


def listed(*others: object) -> Change:
    return lambda claims: {**claims, "aud": [claims["aud"], *others]}


BAD_CLAIMS: dict[str, tuple[Change, str]] = {
    "rp-02 iss differs": (put(iss="https://evil.example"), "iss: mismatch"),
    "rp-02 iss with a slash more": (lambda claims: {**claims, "iss": claims["iss"] + "/"}, "iss: mismatch"),
    "rp-49 iss missing": (drop("iss"), "iss: missing"),
    "iss a list": (lambda claims: {**claims, "iss": [claims["iss"]]}, "iss: wrong_type"),
    "rp-03 sub missing": (drop("sub"), "sub: missing"),
    "sub null": (put(sub=None), "sub: wrong_type"),
    "sub empty": (put(sub=""), "sub: unsafe_text"),
    "sub a number": (put(sub=7), "sub: wrong_type"),
    "sub of 256 characters": (put(sub="x" * 256), "sub: unsafe_text"),
    "sub with NUL": (put(sub="a\x00b"), "sub: unsafe_text"),
    "sub with CR LF": (put(sub="a\r\nSet-Cookie: x=y"), "sub: unsafe_text"),
    "sub with a line separator": (put(sub="a\u2028b"), "sub: unsafe_text"),
    "sub with a lone surrogate": (put(sub="\ud800"), "lone surrogate"),
    "rp-04 aud another client": (put(aud="another"), "aud: mismatch"),
    "rp-05 aud missing": (drop("aud"), "aud: missing"),
    "aud empty list": (put(aud=[]), "aud: wrong_type"),
    "aud with a number": (listed(1), "aud: wrong_type"),
    "aud an object": (lambda claims: {**claims, "aud": {claims["aud"]: True}}, "aud: wrong_type"),
    "aud of many without azp": (listed("another"), "azp: missing"),
    "rp-53 azp another": (put(azp="another"), "azp: mismatch"),
    "azp null": (put(azp=None), "azp: wrong_type"),
    "rp-06 iat missing": (drop("iat"), "iat: missing"),
    "rp-55 iat a day old": (shift(iat=-DAY), "life_too_long"),
    "iat eleven minutes old": (shift(iat=-660), "iat: too_old"),
    "rp-55 iat a day ahead": (shift(iat=DAY, exp=DAY + 300), "iat: in_the_future"),
    "rp-55 iat a fraction": (lambda claims: {**claims, "iat": claims["iat"] + 0.5}, "iat: wrong_type"),
    "rp-49 exp missing": (drop("exp"), "exp: missing"),
    "rp-48 exp five minutes ago": (shift(iat=-600, exp=-301), "exp: expired"),
    "rp-55 exp a string": (lambda claims: {**claims, "exp": str(claims["exp"])}, "exp: wrong_type"),
    "rp-55 exp a float": (lambda claims: {**claims, "exp": float(claims["exp"])}, "exp: wrong_type"),
    "rp-55 exp a bool": (put(exp=True), "exp: wrong_type"),
    "exp in ten years": (shift(exp=3650 * DAY), "life_too_long"),
    "exp beyond all dates": (put(exp=10**30), "exp: out_of_range"),
    "rp-55 nbf ahead": (shift(nbf=300), "nbf: not_yet_valid"),
    "rp-17 nonce wrong": (put(nonce="another"), "nonce: mismatch"),
    "rp-49 nonce missing": (drop("nonce"), "nonce: missing"),
    "nonce a list": (lambda claims: {**claims, "nonce": [claims["nonce"]]}, "nonce: wrong_type"),
    "rp-30 at_hash wrong": (put(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "at_hash: mismatch"),
    "at_hash a number": (put(at_hash=1), "at_hash: wrong_type"),
    "auth_time a day ahead": (shift(auth_time=DAY), "auth_time"),
    "auth_time a string": (put(auth_time="yesterday"), "auth_time: wrong_type"),
    "sid with a control character": (put(sid="a\nb"), "sid: unsafe_text"),
}


@pytest.mark.parametrize(("change", "detail"), BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_rp_bad_claims_are_refused(refusals: Refusals, change: Change, detail: str) -> None:
    """RP-02 … RP-06, RP-17, RP-30, RP-48, RP-49, RP-53, RP-55: the named claim refuses, and userinfo,
    which this provider is always asked for, is not asked."""
    service = refusals.service
    service.provider.behaviour.id_token_claims = change
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="other"))
    refusals.callback(browser, target, reason="id_token_rejected", detail=detail, calls=("/token",))
    refusals.still_open_to_honest_people()


def test_claims_that_are_no_object_are_refused(refusals: Refusals) -> None:
    """A signed list, string or null is not a claims set."""
    service = refusals.service
    not_claims: list[Any] = [[], "text", None, 7]
    for claims in not_claims:
        service.provider.behaviour.id_token_claims = always(claims)
        browser = service.browser()
        target = service.approve(service.begin(browser))
        refusals.callback(browser, target, reason="id_token_rejected", detail="payload", calls=("/token",))


BAD_HEADERS: dict[str, tuple[Change, str]] = {
    "rp-10 alg none": (put(alg="none"), "alg_not_allowed"),
    "rp-49 alg null": (put(alg=None), "malformed"),
    "alg missing": (drop("alg"), "malformed"),
    "alg NONE": (put(alg="NONE"), "alg_not_allowed"),
    "rp-49 alternate alg": (put(alg="RS256"), "alg_not_allowed"),
    "alg that the metadata does not list": (put(alg="ES384"), "alg_not_allowed"),
    "alg HS256": (put(alg="HS256"), "alg_not_allowed"),
    "crit": (put(crit=["exp"]), "critical_header"),
    "crit null": (put(crit=None), "critical_header"),
    "b64": (put(b64=False), "critical_header"),
    "kid a number": (put(kid=1), "malformed"),
    "typ of an access token": (put(typ="at+jwt"), "typ: mismatch"),
    "typ of a logout token": (put(typ="logout+jwt"), "typ: mismatch"),
}


@pytest.mark.parametrize(("change", "detail"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_rp_bad_headers_are_refused(refusals: Refusals, change: Change, detail: str) -> None:
    """RP-10, RP-49 and the algorithm family: no ``none``, no other algorithm, no other kind of token."""
    service = refusals.service
    service.provider.behaviour.id_token_header = change
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="other"))
    refusals.callback(browser, target, reason="id_token_rejected", detail=detail, calls=("/token",))
    refusals.still_open_to_honest_people()


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def with_public_key_as_secret(token: str, service: Service) -> str:
    """HS256 over the published key, the oldest confusion of all."""
    header = {"alg": "HS256", "kid": service.provider.keys.signing.kid, "typ": "JWT"}
    signed = f"{part(header)}.{token.split('.')[1]}"
    secret = json.dumps(service.provider.keys.jwks()["keys"][0]).encode()
    tag = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


def flipped(token: str, position: int) -> str:
    """The token with one character of its signature replaced, canonically."""
    head, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[position] ^= 1
    return f"{head}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


FORGERIES = {
    "rp-13 first byte of the signature": lambda token, _: flipped(token, 0),
    "rp-13 last byte of the signature": lambda token, _: flipped(token, -1),
    "no signature": lambda token, _: token.rpartition(".")[0] + ".",
    "signature of zeros": lambda token, _: token.rpartition(".")[0] + "." + "A" * 86,
    "padded": lambda token, _: token + "==",
    "two parts": lambda token, _: token.rpartition(".")[0],
    "four parts": lambda token, _: token + ".e30",
    "five parts": lambda token, _: token + "..",
    "text": lambda token, _: "not-a-token",
    "public key as secret": with_public_key_as_secret,
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_rp_13_forged_tokens_are_refused(refusals: Refusals, forge: Any) -> None:
    """RP-11, RP-13: a token that is not exactly what the provider signed."""
    service = refusals.service
    service.provider.behaviour.token_response = lambda answer: {
        **answer,
        "id_token": forge(answer["id_token"], service),
    }
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="other"))
    refusals.callback(browser, target, reason="id_token_rejected", calls=("/token",))
    refusals.still_open_to_honest_people()


def test_a_key_that_the_token_brings_along_is_never_used(refusals: Refusals) -> None:
    """``jwk``, ``jku``, ``x5u`` in the header are no source of keys; nothing is fetched from them."""
    service = refusals.service
    behaviour = service.provider.behaviour
    behaviour.sign_with_unknown_key = True
    elsewhere = f"{service.provider.issuer}/evil"
    for brought in ({"jwk": {"kty": "EC"}}, {"jku": elsewhere}, {"x5u": elsewhere}, {"x5c": ["MII"]}):
        behaviour.id_token_header = put(**brought)
        browser = service.browser()
        target = service.approve(service.begin(browser))
        refusals.callback(
            browser, target, reason="id_token_rejected", detail="bad_signature", calls=("/token",)
        )


def test_no_1_an_id_token_of_another_sign_in_is_refused(refusals: Refusals) -> None:
    """The provider answers a second sign-in with the first one's whole token response."""
    service = refusals.service
    kept: list[Any] = []

    def the_first_again(answer: dict[str, Any]) -> Any:
        kept.append(answer)
        return kept[0]

    service.provider.behaviour.token_response = the_first_again
    assert service.sign_in(service.browser()).status_code == 303
    browser = service.browser()
    target = service.approve(service.begin(browser))
    refusals.callback(browser, target, reason="id_token_rejected", detail="nonce", calls=("/token",))
    refusals.still_open_to_honest_people()
