"""Tokens with a genuine signature and claims that must not count."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.gate.forge import ABSENT, CANARY, Case, Forge, fleeting, with_claims, with_literal

TIMES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "string": '"{}"',
    "list": "[{}]",
    "object": '{{"at": {}}}',
    "fraction": "{}.5",
    "whole-fraction": "{}.0",
    "exponent": "{}e0",
}
"""How a time may be written other than as an integer."""

BEYOND = {
    "negative": -1,
    "past-year-9999": 253_402_300_800,
    "64-bits": 2**63,
    "thirty-digits": 10**30,
}


def _otherwise_written(claim: str, text: str, forge: Forge) -> str:
    """A time that would be right if it were an integer."""
    right = forge.now + 60 if claim == "exp" else forge.now - 1
    return forge.token(forge.literal(claim, text.format(right)))


def times() -> Iterator[Case]:
    for claim in ("exp", "nbf", "iat", "auth_time"):
        for name, text in TIMES.items():
            yield Case(f"{claim}-{name}", f"{claim}: wrong_type", partial(_otherwise_written, claim, text))
        for name, value in BEYOND.items():
            yield with_claims(f"{claim}-{name}", f"{claim}: out_of_range", **{claim: value})
        for name, literal in (("1e400", "1e400"), ("nan", "NaN"), ("infinity", "Infinity")):
            yield with_literal(f"{claim}-{name}", "payload: malformed", claim, literal)
    for claim in ("exp", "iat"):
        yield with_claims(f"{claim}-missing", f"{claim}: missing", **{claim: ABSENT})


MOMENTS = [
    with_claims("exp-an-hour-ago", "exp: expired", exp=lambda forge: forge.now - 3600),
    with_claims(
        "exp-a-day-ago", "exp: expired", iat=lambda f: f.now - 90_000, exp=lambda f: f.now - 90_000 + 900
    ),
    fleeting(with_claims("exp-leeway-over", "exp: expired", exp=lambda forge: forge.now - 5)),
    with_claims("exp-zero", "exp: expired", exp=0),
    with_claims("exp-in-1970", "exp: expired", iat=0, exp=1),
    with_claims("exp-a-second-too-late", "exp: life_too_long", exp=lambda f: f.now + f.life_seconds + 1),
    with_claims("exp-in-ten-years", "exp: life_too_long", exp=lambda forge: forge.now + 315_360_000),
    with_claims("exp-milliseconds", "exp: out_of_range", exp=lambda forge: (forge.now + 60) * 1000),
    with_claims("exp-last-second-there-is", "exp: life_too_long", exp=253_402_300_799),
    fleeting(with_claims("nbf-just-ahead", "nbf: not_yet_valid", nbf=lambda forge: forge.now + 6)),
    with_claims("nbf-an-hour-ahead", "nbf: not_yet_valid", nbf=lambda forge: forge.now + 3600),
    with_claims("nbf-after-exp", "nbf: not_yet_valid", nbf=lambda f: f.now + f.life_seconds + 1),
    fleeting(with_claims("iat-just-ahead", "iat: in_the_future", iat=lambda forge: forge.now + 6)),
    with_claims(
        "iat-a-day-ahead",
        "iat: in_the_future",
        iat=lambda forge: forge.now + 86_400,
        exp=lambda forge: forge.now + 86_460,
    ),
    with_claims("iat-milliseconds", "iat: out_of_range", iat=lambda forge: forge.now * 1000),
    with_claims("iat-a-day-ago", "exp: life_too_long", iat=lambda forge: forge.now - 86_400),
    with_claims("iat-zero", "exp: life_too_long", iat=0),
    fleeting(
        with_claims("auth-time-ahead", "auth_time: in_the_future", auth_time=lambda forge: forge.now + 6)
    ),
]


def audiences() -> Iterator[Case]:
    values: dict[str, tuple[str, Any]] = {
        "missing": ("missing", ABSENT),
        "null": ("wrong_type", None),
        "number": ("wrong_type", 1),
        "true": ("wrong_type", True),
        "empty": ("wrong_type", ""),
        "empty-list": ("wrong_type", []),
        "object": ("wrong_type", lambda forge: {forge.audience: True}),
        "nested-list": ("wrong_type", lambda forge: [[forge.audience]]),
        "list-with-number": ("wrong_type", lambda forge: [forge.audience, 5]),
        "list-with-null": ("wrong_type", lambda forge: [forge.audience, None]),
        "list-with-empty": ("wrong_type", lambda forge: [forge.audience, ""]),
        "other": ("mismatch", "https://other.example.test"),
        "list-of-others": ("mismatch", ["https://other.example.test", "https://third.example.test"]),
        "issuer": ("mismatch", lambda forge: forge.issuer),
        "client": ("mismatch", "browser"),
        "slash": ("mismatch", lambda forge: forge.audience + "/"),
        "path": ("mismatch", lambda forge: forge.audience + "/v2"),
        "port": ("mismatch", lambda forge: forge.audience + ":443"),
        "prefix": ("mismatch", lambda forge: forge.audience[:-1]),
        "suffix": ("mismatch", lambda forge: forge.audience + ".evil.example"),
        "upper-case": ("mismatch", lambda forge: forge.audience.upper()),
        "scheme": ("mismatch", lambda forge: forge.audience.replace("https", "http")),
        "blank-before": ("mismatch", lambda forge: " " + forge.audience),
        "blank-behind": ("mismatch", lambda forge: forge.audience + " "),
        "line-end": ("mismatch", lambda forge: forge.audience + "\n"),
        "nul-behind": ("mismatch", lambda forge: forge.audience + "\x00"),
        "in-a-sentence": ("mismatch", lambda forge: f"{forge.audience} https://other.example.test"),
        "commas": ("mismatch", lambda forge: f"{forge.audience},https://other.example.test"),
        "star": ("mismatch", "*"),
        "look-alike": ("mismatch", lambda forge: forge.audience.replace("a", "\u0430")),
        "full-width": ("mismatch", lambda forge: forge.audience.replace("p", "\uff50")),
    }
    for name, (reason, value) in values.items():
        yield with_claims(f"aud-{name}", f"aud: {reason}", aud=value)


def issuers() -> Iterator[Case]:
    values: dict[str, tuple[str, Any]] = {
        "missing": ("missing", ABSENT),
        "null": ("wrong_type", None),
        "number": ("wrong_type", 7),
        "list": ("wrong_type", lambda forge: [forge.issuer]),
        "object": ("wrong_type", lambda forge: {"iss": forge.issuer}),
        "empty": ("mismatch", ""),
        "other": ("mismatch", "https://other.example.test"),
        "audience": ("mismatch", lambda forge: forge.audience),
        "slash": ("mismatch", lambda forge: forge.issuer + "/"),
        "path": ("mismatch", lambda forge: forge.issuer + "/auth"),
        "upper-case": ("mismatch", lambda forge: forge.issuer.upper()),
        "http": ("mismatch", lambda forge: forge.issuer.replace("https", "http")),
        "port": ("mismatch", lambda forge: forge.issuer + ":443"),
        "suffix": ("mismatch", lambda forge: forge.issuer + ".evil.example"),
        "userinfo": ("mismatch", lambda forge: forge.issuer.replace("://", "://evil@")),
        "blank-behind": ("mismatch", lambda forge: forge.issuer + " "),
        "nul-behind": ("mismatch", lambda forge: forge.issuer + "\x00"),
        "look-alike": ("mismatch", lambda forge: forge.issuer.replace("e", "\u0435")),
    }
    for name, (reason, value) in values.items():
        yield with_claims(f"iss-{name}", f"iss: {reason}", iss=value)


UNSAFE_TEXTS = {
    "empty": "",
    "256-chars": "x" * 256,
    "nul": "user\x00",
    "cr-lf": f"user\r\nSet-Cookie: {CANARY}=1",
    "tab": "user\tname",
    "delete": "user\x7f",
    "next-line": "user\x85",
    "line-separator": "user\u2028",
    "paragraph-separator": "user\u2029",
}
WRONG_TEXTS: dict[str, Any] = {"null": None, "number": 1, "true": True, "list": ["user"], "object": {"id": 1}}


def texts() -> Iterator[Case]:
    for claim in ("sub", "client_id", "jti", "sid"):
        if claim != "sid":
            yield with_claims(f"{claim}-missing", f"{claim}: missing", **{claim: ABSENT})
        for name, value in WRONG_TEXTS.items():
            yield with_claims(f"{claim}-{name}", f"{claim}: wrong_type", **{claim: value})
        for name, value in UNSAFE_TEXTS.items():
            yield with_claims(f"{claim}-{name}", f"{claim}: unsafe_text", **{claim: value})


RIGHTS: dict[str, Any] = {
    "roles-string": {"roles": "admin"},
    "roles-null": {"roles": None},
    "roles-object": {"roles": {"admin": True}},
    "roles-number-in-it": {"roles": ["admin", 1]},
    "roles-nested": {"roles": [["admin"]]},
    "roles-empty-name": {"roles": [""]},
    "scope-list": {"scope": ["read"]},
    "scope-null": {"scope": None},
    "scope-true": {"scope": True},
}

BAD_CLAIMS = [
    *times(),
    *MOMENTS,
    *audiences(),
    *issuers(),
    *texts(),
    *(with_claims(name, f"{name.partition('-')[0]}: wrong_type", **given) for name, given in RIGHTS.items()),
]
