"""The table of good tokens: unusual, and nothing is wrong with them."""

from __future__ import annotations

import json

from tests.gate.bad_forms import ORDER, of_size
from tests.gate.bad_headers import INJECTED
from tests.gate.forge import (
    ABSENT,
    CANARY,
    Case,
    Forge,
    fleeting,
    with_claims,
    with_header,
    with_literal,
    with_payload,
)
from tests.protocol.workshop import b64


def _with_high_s(forge: Forge) -> str:
    """The other of the two signatures that ECDSA has (RFC 7515 asks for neither)."""

    def change(raw: bytes) -> bytes:
        return raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")

    return forge.signed_as(change)


def _spaced(forge: Forge) -> str:
    head = json.dumps(forge.header(), indent=2).encode() + b"\r\n"
    return forge.token(b"\n\t" + json.dumps(forge.claims(), indent="\t").encode() + b" ", header=head)


def _escaped(forge: Forge) -> str:
    """``\\u0061lg`` is the same name as ``alg``."""
    head = json.dumps(forge.header()).replace('"alg"', '"\\u0061lg"').encode()
    return forge.token(forge.json().replace(b'"sub"', b'"\\u0073ub"'), header=head)


def _upside_down(forge: Forge) -> str:
    claims, header = forge.claims(), forge.header()
    return forge.token(
        json.dumps(dict(reversed(claims.items()))).encode(), header=dict(reversed(header.items()))
    )


def _in_utf_8(forge: Forge) -> str:
    return forge.token(json.dumps(forge.claims(sub="Zoë-😀-用户"), ensure_ascii=False).encode())


GOOD_TOKENS = (
    with_claims("plain", ""),
    with_claims("no-roles", "", roles=ABSENT),
    with_claims("empty-roles", "", roles=[]),
    with_claims("roles-twice", "", roles=["editor", "editor"]),
    with_claims("no-scope", "", scope=ABSENT),
    with_claims("empty-scope", "", scope=""),
    with_claims("no-auth-time", "", auth_time=ABSENT),
    with_claims("no-session", "", sid=ABSENT),
    with_claims("a-machine", "", sub="robot", client_id="robot", sid=ABSENT, auth_time=ABSENT),
    with_claims("aud-list-of-one", "", aud=lambda forge: [forge.audience]),
    with_claims("aud-among-others", "", aud=lambda forge: ["https://x.example", forge.audience]),
    with_claims("aud-twice", "", aud=lambda forge: [forge.audience, forge.audience]),
    with_claims("sub-255-chars", "", sub="é" * 255),
    with_claims("sub-one-char", "", sub="0"),
    with_claims("sub-with-blanks", "", sub=" a b "),
    with_claims("sub-markup", "", sub="<script>alert(1)</script>"),
    with_claims("sub-astral", "", sub="😀\U0010ffff"),
    with_claims("client-id-255-chars", "", client_id="c" * 255),
    with_claims("nbf-now", "", nbf=lambda forge: forge.now),
    with_claims("nbf-in-the-leeway", "", nbf=lambda forge: forge.now + 5),
    with_claims("nbf-zero", "", nbf=0),
    with_claims("iat-in-the-leeway", "", iat=lambda forge: forge.now + 5, exp=lambda forge: forge.now + 60),
    fleeting(with_claims("exp-in-the-leeway", "", exp=lambda forge: forge.now - 4)),
    fleeting(with_claims("exp-now", "", exp=lambda forge: forge.now)),
    with_claims(
        "longest-life",
        "",
        iat=lambda forge: forge.now - 60,
        exp=lambda forge: forge.now - 60 + forge.life_seconds,
    ),
    with_claims("auth-time-zero", "", auth_time=0),
    with_claims("auth-time-now", "", auth_time=lambda forge: forge.now),
    with_claims("jti-of-no-generation", "", jti="0b9f"),
    with_claims("further-claims", "", tenant={"id": 7}, cnf={"jkt": "x"}, act={"sub": "y"}, amr=["pwd"]),
    with_claims("email-of-another-type", "", email=1, name=["x"]),
    with_claims("claims-with-odd-names", "", **{"": 1, "__proto__": {"sub": "x"}, "a.b": None}),
    with_literal("number-of-100-digits", "", "x", "9" * 100),
    with_literal("largest-double", "", "x", "1.7976931348623157e308"),
    with_literal("smallest-double", "", "x", "5e-324"),
    with_literal("minus-zero", "", "x", "-0"),
    with_literal("exponents", "", "x", "[1E5, 1e-5, 0.0, -1.5E+3]"),
    with_literal("pair-of-surrogates", "", "x", '"\\ud83d\\ude00"'),
    with_literal("escapes", "", "x", '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"'),
    with_literal("depth-32", "", "x", "[" * 31 + "]" * 31),
    with_literal("brackets-in-a-string", "", "x", f'"{"[{" * 500}"'),
    with_literal("one-name-in-two-objects", "", "x", '[{"a": 1}, {"a": 2}, {"b": {"a": 3}}]'),
    with_payload("blank-behind", "", lambda payload: payload + b" \r\n\t"),
    Case("spaced", "", _spaced),
    Case("escaped-names", "", _escaped),
    Case("upside-down", "", _upside_down),
    Case("utf-8", "", _in_utf_8),
    Case("high-s", "", _with_high_s),
    Case("exactly-8192", "", lambda forge: of_size(forge, 8192)),
    with_header("typ-upper-case", "", typ="AT+JWT"),
    with_header("typ-in-full", "", typ="application/at+jwt"),
    with_header("typ-in-full-upper-case", "", typ="Application/AT+jwt"),
    with_header("no-kid", "", kid=ABSENT),
    with_header("further-header-members", "", cty="JWT", zip="DEF", x={"y": [1]}, iss=CANARY),
    with_header("brings-keys-that-nobody-uses", "", **INJECTED),
    with_header("epk-and-other-members-of-encryption", "", enc="A256GCM", epk={}, apu=b64(b"x")),
)
