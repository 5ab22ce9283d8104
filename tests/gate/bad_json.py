"""Tokens with a genuine signature over JSON that two readers may read in two ways, or cannot read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from tests.gate.forge import CANARY, Case, Forge, with_literal, with_payload


def _with_member(text: str) -> Callable[[bytes], bytes]:
    """The honest object with one more member at its end."""
    return lambda payload: payload[:-1] + b", " + text.encode() + b"}"


def _nested(opening: str, closing: str, depth: int) -> Callable[[bytes], bytes]:
    return _with_member(f'"x": {opening * depth}0{closing * depth}')


PAYLOADS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda payload: b"",
    "blank": lambda payload: b"  ",
    "null": lambda payload: b"null",
    "true": lambda payload: b"true",
    "number": lambda payload: b"1",
    "string": lambda payload: json.dumps(payload.decode()).encode(),
    "list": lambda payload: b"[" + payload + b"]",
    "list-of-pairs": lambda payload: json.dumps(list(json.loads(payload).items())).encode(),
    "text": lambda payload: CANARY.encode(),
    "unfinished": lambda payload: payload[:-1],
    "unbegun": lambda payload: payload[1:],
    "trailing-comma": lambda payload: payload[:-1] + b",}",
    "trailing-brace": lambda payload: payload + b"}",
    "trailing-object": lambda payload: payload + b"{}",
    "two-objects": lambda payload: payload + payload,
    "trailing-text": lambda payload: payload + b" x",
    "trailing-nul": lambda payload: payload + b"\x00",
    "leading-nul": lambda payload: b"\x00" + payload,
    "leading-comma": lambda payload: b"," + payload,
    "comment": lambda payload: payload + b"/* */",
    "line-comment": lambda payload: payload + b" // x",
    "hash-comment": lambda payload: b"# x\n" + payload,
    "single-quotes": lambda payload: payload.replace(b'"', b"'"),
    "bare-names": lambda payload: payload.replace(b'"sub"', b"sub"),
    "vertical-tab": lambda payload: b"\x0b" + payload,
    "form-feed": lambda payload: payload + b"\x0c",
    "no-break-space": lambda payload: "\u00a0".encode() + payload,
    "control-in-string": _with_member('"x": "a\x01b"'),
    "line-end-in-string": _with_member('"x": "a\nb"'),
    "nul-in-string": _with_member('"x": "a\x00b"'),
    "bad-escape": _with_member('"x": "\\x41"'),
    "short-escape": _with_member('"x": "\\u00e"'),
    "byte-order-mark": lambda payload: b"\xef\xbb\xbf" + payload,
    "utf-16": lambda payload: payload.decode().encode("utf-16"),
    "utf-16-le": lambda payload: payload.decode().encode("utf-16-le"),
    "utf-16-be": lambda payload: payload.decode().encode("utf-16-be"),
    "utf-32": lambda payload: payload.decode().encode("utf-32"),
    "latin-1": lambda payload: payload.replace(b"browser", b"br\xf6wser"),
    "overlong-slash": lambda payload: payload.replace(b"browser", b"\xc0\xaf"),
    "overlong-nul": lambda payload: payload.replace(b"browser", b"\xc0\x80"),
    "surrogate-in-utf-8": lambda payload: payload.replace(b"browser", b"\xed\xa0\x80"),
    "beyond-unicode": lambda payload: payload.replace(b"browser", b"\xf4\x90\x80\x80"),
    "cut-character": lambda payload: payload.replace(b"browser", b"\xc3"),
    "lone-continuation": lambda payload: payload.replace(b"browser", b"\x80"),
    "number-plus": _with_member('"x": +1'),
    "number-leading-zero": _with_member('"x": 01'),
    "number-bare-fraction": _with_member('"x": .5'),
    "number-open-fraction": _with_member('"x": 5.'),
    "number-hexadecimal": _with_member('"x": 0x10'),
    "number-underscore": _with_member('"x": 1_000'),
    "number-arabic": _with_member('"x": \u0661'),
    "nan": _with_member('"x": NaN'),
    "infinity": _with_member('"x": Infinity'),
    "minus-infinity": _with_member('"x": -Infinity'),
    "nan-in-depth": _with_member('"x": [{"y": [NaN]}]'),
    "1e400": _with_member('"x": 1e400'),
    "minus-1e400": _with_member('"x": -1e400'),
    "1e400-in-depth": _with_member('"x": {"y": [1e400]}'),
    "101-digits": _with_member(f'"x": {"9" * 101}'),
    "4000-digits": _with_member(f'"x": {"9" * 4000}'),
    "101-zeros-behind-the-point": _with_member(f'"x": 0.{"0" * 101}1'),
    "long-exponent": _with_member(f'"x": 1e{"0" * 100}1'),
    "python-true": _with_member('"x": True'),
    "undefined": _with_member('"x": undefined'),
    "lone-surrogate": _with_member('"x": "\\ud800"'),
    "lone-low-surrogate": _with_member('"x": "\\udc00"'),
    "surrogates-reversed": _with_member('"x": "\\udc00\\ud800"'),
    "lone-surrogate-in-a-name": _with_member('"\\ud800": 1'),
    "lone-surrogate-in-depth": _with_member('"x": [{"y": ["\\uDBFF"]}]'),
    "surrogate-and-letter": _with_member('"x": "\\ud800a"'),
    "depth-33-lists": _nested("[", "]", 32),
    "depth-33-objects": _nested('{"y": ', "}", 32),
    "depth-300": _nested("[", "]", 300),
    "unclosed-lists": _with_member(f'"x": {"[" * 4000}'),
}

DUPLICATES = {
    "sub": f'"sub": "admin-{CANARY}"',
    "sub-same-value": f'"sub": "user-{CANARY}"',
    "sub-escaped": f'"\\u0073ub": "admin-{CANARY}"',
    "roles": '"roles": ["admin"]',
    "exp": '"exp": 99999999999',
    "aud": '"aud": "https://other.example.test"',
    "iss": '"iss": "https://other.example.test"',
    "unknown-name": '"x": 1, "x": 1',
    "empty-name": '"": 1, "": 2',
    "in-an-object": '"x": {"a": 1, "a": 2}',
    "in-a-list": '"x": [{"a": 1, "a": 1}]',
    "three-deep": '"x": {"y": {"z": {"a": 1, "b": 2, "a": 3}}}',
    "in-cnf": '"cnf": {"jkt": "a", "jkt": "b"}',
}

SURROGATES_IN = ("sub", "client_id", "jti", "sid", "iss", "aud")


def _in_claims() -> Iterator[Case]:
    for claim in SURROGATES_IN:
        yield with_literal(f"json-lone-surrogate-in-{claim}", "payload: malformed", claim, '"user\\ud83d"')
    yield with_literal("json-raw-line-end-in-sub", "payload: malformed", "sub", '"user\n"')


HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda header: b"",
    "null": lambda header: b"null",
    "list": lambda header: b"[" + header + b"]",
    "string": lambda header: json.dumps(header.decode()).encode(),
    "two-objects": lambda header: header + header,
    "trailing-nul": lambda header: header + b"\x00",
    "byte-order-mark": lambda header: b"\xef\xbb\xbf" + header,
    "utf-16": lambda header: header.decode().encode("utf-16"),
    "latin-1": lambda header: header.replace(b"at+jwt", b"\xe4t+jwt"),
    "nan": _with_member('"x": NaN'),
    "1e400": _with_member('"x": 1e400'),
    "101-digits": _with_member(f'"x": {"9" * 101}'),
    "lone-surrogate": _with_member('"x": "\\ud800"'),
    "depth-33": _nested("[", "]", 32),
    "depth-300": _nested("[", "]", 300),
    "duplicate-alg": _with_member('"alg": "ES256"'),
    "duplicate-alg-none": _with_member('"alg": "none"'),
    "duplicate-alg-escaped": _with_member('"\\u0061lg": "none"'),
    "duplicate-kid": _with_member('"kid": "another"'),
    "duplicate-typ": _with_member('"typ": "JWT"'),
    "duplicate-in-depth": _with_member('"x": {"a": 1, "a": 2}'),
}


def _of_header(change: Callable[[bytes], bytes]) -> Callable[[Forge], str]:
    return lambda forge: forge.token(header=change(json.dumps(forge.header()).encode()))


BAD_JSON = [
    *(with_payload(f"json-{name}", "payload: malformed", change) for name, change in PAYLOADS.items()),
    *(
        with_payload(f"json-dup-{name}", "payload: malformed", _with_member(text))
        for name, text in DUPLICATES.items()
    ),
    *_in_claims(),
    *(Case(f"json-header-{name}", "malformed", _of_header(change)) for name, change in HEADERS.items()),
]
