"""Harnesses of what holds tokens together: base64url, JSON, keys, signatures, claims."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import jwt
import pydantic_core
from joserfc.jwk import import_key

from tests.fuzz.harness import Harness
from tests.protocol.workshop import ALL_KEYS, EVERY_ALGORITHM, NOW, P256, SIGNERS, jwk_of, seal, token
from watchword.protocol import base64url
from watchword.protocol.access_token import check_access_token
from watchword.protocol.claims import ClaimError, is_safe_text
from watchword.protocol.frozen import frozen
from watchword.protocol.jwk import KeySetError, key_from_jwk, parse_key_set, thumbprint
from watchword.protocol.jwk_material import InvalidKey
from watchword.protocol.jws import JwsError, parse, verify_with
from watchword.protocol.strict_json import MalformedJson, loads

MAX_BYTES = 4096
ISSUER, AUDIENCE = "https://app.example.test", "https://api.example.test"
GENUINE = {alg: token({"sub": "anna"}, alg=alg) for alg in SIGNERS}


def in_base64url(data: bytes) -> None:
    """What decodes has no other spelling, and the standard library reads the same."""
    try:
        raw = base64url.decode(data)
    except base64url.InvalidBase64Url:
        return
    assert base64url.encode(raw).encode() == data
    assert base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4)) == raw
    assert base64url.decode(data.decode("ascii")) == raw


def in_strict_json(data: bytes) -> None:
    """What is accepted means the same to two other parsers, and is accepted again when written out."""
    try:
        value = loads(data, max_bytes=MAX_BYTES)
    except MalformedJson:
        return
    assert json.loads(data) == value
    assert pydantic_core.from_json(data, allow_inf_nan=False) == value
    for ascii_only in (True, False):
        written = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert loads(written, max_bytes=len(written)) == value


def in_keys(data: bytes) -> None:
    """A key that is accepted is one to joserfc too, with the same thumbprint; as its own set likewise."""
    with contextlib.suppress(KeySetError):
        found = parse_key_set(data)
        assert found.skipped == len(found.faults)
    try:
        jwk = loads(data, max_bytes=MAX_BYTES)
        if not isinstance(jwk, dict):
            return
        key = key_from_jwk(jwk)
    except (MalformedJson, InvalidKey):
        return
    assert thumbprint(jwk) == import_key(jwk).thumbprint()
    assert parse_key_set(json.dumps({"keys": [jwk]}).encode()).keys == (key,)


def in_compact_jws(data: bytes) -> None:
    """Nobody makes a signature by chance: what verifies holds the very content that was signed."""
    text = data.decode("latin-1")
    try:
        found = verify_with(parse(text, max_bytes=MAX_BYTES), ALL_KEYS, algorithms=EVERY_ALGORITHM)
    except JwsError:
        return
    assert text in GENUINE.values() or found.alg == "ES256"
    assert text.split(".")[:2] in [each.split(".")[:2] for each in GENUINE.values()]


def in_signed_content(data: bytes) -> None:
    """Header and payload, parted by a NUL, under our own signature: a caller of safe parts or one of our
    two errors; who is let in, PyJWT lets in as well."""
    header, _, payload = data.partition(b"\x00")
    text = seal(header, payload)
    try:
        verified = verify_with(parse(text, max_bytes=MAX_BYTES), ALL_KEYS, algorithms=EVERY_ALGORITHM)
        caller = check_access_token(
            verified, issuer=ISSUER, audience=AUDIENCE, now_seconds=NOW, max_life_seconds=900
        )
    except (JwsError, ClaimError):
        return
    identifying = (caller.subject, caller.client_id, caller.token_id, caller.session_id or "none")
    assert all(map(is_safe_text, identifying))
    assert all(isinstance(each, str) and each for each in caller.roles | caller.scopes)
    read = jwt.decode(
        text, P256.public_key(), algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER, **LATER
    )
    assert frozen(read) == caller.claims


LATER: dict[str, Any] = {
    "options": {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "sub"]}
}
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "anna",
    "client_id": "browser",
    "jti": "1.AbCdEfGh",
    "iat": NOW,
    "exp": NOW + 900,
}
HEADER = b'{"alg":"ES256","kid":"p256","typ":"at+jwt"}'
JSON_WORDS = (
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"1e400",
    b"-0",
    b"NaN",
    b"Infinity",
    b"true",
    b"null",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"9" * 101,
)
CLAIM_WORDS = tuple(
    f'"{name}":'.encode()
    for name in (
        "exp",
        "nbf",
        "iat",
        "auth_time",
        "sid",
        "roles",
        "scope",
        "aud",
        "crit",
        "b64",
        "jwk",
        "kid",
    )
)

TOKEN_HARNESSES = (
    Harness("base64url", in_base64url, (b"", b"AA", b"AAA", b"AAAA", b"-_-_"), (b"=", b"+", b"/", b"\n")),
    Harness(
        "strict_json",
        in_strict_json,
        (
            b"{}",
            b'{"a": [1, -2.5e-3, true, null, "\\ud83d\\ude00"], "b": {"a": {}}}',
            b'"\\u00e9"',
            b"[[[]]]",
            b"123456789012345678901234567890",
            '"é😀"'.encode(),
            b'{"a":1,"a":2}',
        ),
        JSON_WORDS,
    ),
    Harness(
        "keys",
        in_keys,
        (
            *(json.dumps(jwk_of(key, kid=alg, alg=alg, use="sig")).encode() for alg, key in SIGNERS.items()),
            json.dumps({"keys": [jwk_of(P256, kid="a"), {"kty": "oct", "k": "AA"}]}).encode(),
        ),
        (
            *JSON_WORDS,
            b'"kty":',
            b'"d":',
            b'"P-256"',
            b'"OKP"',
            b'"RSA"',
            b'"keys":',
            b'"key_ops":["verify"]',
        ),
    ),
    Harness(
        "compact_jws", in_compact_jws, tuple(each.encode() for each in GENUINE.values()), (b".", b"=", b"..")
    ),
    Harness(
        "signed_content",
        in_signed_content,
        (
            HEADER + b"\x00" + json.dumps(CLAIMS).encode(),
            HEADER + b"\x00" + json.dumps({**CLAIMS, "roles": ["a"], "scope": "a b", "sid": "s"}).encode(),
        ),
        (*JSON_WORDS, *CLAIM_WORDS, b"\x00"),
    ),
)
