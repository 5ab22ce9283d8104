"""Texts that are almost a token: spelled, signed or sized like none of ours."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Iterator
from functools import partial

from cryptography.hazmat.primitives.asymmetric import utils

from tests.gate.forge import CANARY, Case, Forge, with_claims
from tests.protocol.workshop import b64, signature

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
NO_BEARER = "the Authorization header does not hold"
TOO_LONG = "the Authorization header is longer"
UNCANONICAL = "malformed: a part is not canonical"
NOT_THREE = "malformed: not three parts"
BAD_SIGNATURE = "bad_signature"


def _halves(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


def _raw(r: int, s: int, size: int = 32) -> bytes:
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "one-byte": lambda raw: raw[:1],
    "der": lambda raw: utils.encode_dss_signature(*_halves(raw)),
    "hexadecimal": lambda raw: raw.hex().encode(),
    "half": lambda raw: raw[:32],
    "second-half": lambda raw: raw[32:],
    "a-byte-short": lambda raw: raw[:-1],
    "first-byte-short": lambda raw: raw[1:],
    "a-byte-long": lambda raw: raw + b"\x00",
    "leading-zero": lambda raw: b"\x00" + raw,
    "wide-halves": lambda raw: _raw(*_halves(raw), size=33),
    "wide-as-p384": lambda raw: _raw(*_halves(raw), size=48),
    "twice": lambda raw: raw * 2,
    "swapped": lambda raw: raw[32:] + raw[:32],
    "reversed": lambda raw: raw[::-1],
    "zeros": lambda raw: bytes(64),
    "ones": lambda raw: b"\xff" * 64,
    "r-zero": lambda raw: bytes(32) + raw[32:],
    "s-zero": lambda raw: raw[:32] + bytes(32),
    "r-order": lambda raw: _raw(ORDER, _halves(raw)[1]),
    "s-order": lambda raw: _raw(_halves(raw)[0], ORDER),
    "r-and-s-order": lambda raw: _raw(ORDER, ORDER),
    "r-one-s-one": lambda raw: _raw(1, 1),
    "r-beyond-the-order": lambda raw: _raw((_halves(raw)[0] + ORDER) % 2**256, _halves(raw)[1]),
    "r-negated": lambda raw: _raw(ORDER - _halves(raw)[0], _halves(raw)[1]),
    "first-bit": lambda raw: bytes([raw[0] ^ 128]) + raw[1:],
    "last-bit": lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
    "middle-bit": lambda raw: raw[:32] + bytes([raw[32] ^ 1]) + raw[33:],
}


def signatures() -> Iterator[Case]:
    for name, change in SIGNATURES.items():
        yield Case(f"sig-{name}", BAD_SIGNATURE, partial(_signed_otherwise, change))
    for name, signed in (
        ("of-the-payload-only", lambda head, body: body),
        ("of-the-header-only", lambda head, body: head),
        ("with-a-dot-behind", lambda head, body: f"{head}.{body}."),
        ("without-the-dot", lambda head, body: head + body),
        ("of-the-parts-swapped", lambda head, body: f"{body}.{head}"),
        ("of-nothing", lambda head, body: ""),
    ):
        yield Case(f"sig-{name}", BAD_SIGNATURE, partial(_signing, signed))
    yield Case("sig-of-another-token", BAD_SIGNATURE, _of_another_token)
    yield Case("sig-payload-exchanged", BAD_SIGNATURE, _payload_exchanged)
    yield Case("sig-header-respelled", BAD_SIGNATURE, _header_respelled)


def _signed_otherwise(change: Callable[[bytes], bytes], forge: Forge) -> str:
    return forge.signed_as(change)


def _signing(signed: Callable[[str, str], str], forge: Forge) -> str:
    head, body, _ = forge.parts()
    return f"{head}.{body}.{b64(signature('ES256', signed(head, body).encode(), forge.key))}"


def _of_another_token(forge: Forge) -> str:
    other = forge.token(forge.json(roles=[]))
    return f"{forge.token().rpartition('.')[0]}.{other.rpartition('.')[2]}"


def _payload_exchanged(forge: Forge) -> str:
    head, _, raw = forge.parts()
    return f"{head}.{b64(forge.json(sub=f'admin-{CANARY}', roles=['admin']))}.{b64(raw)}"


def _header_respelled(forge: Forge) -> str:
    _, body, raw = forge.parts()
    return f"{b64(json.dumps(forge.header(), indent=1).encode())}.{body}.{b64(raw)}"


def _with_spare_bits(part: int, forge: Forge) -> str:
    """A token of which one part, spelled otherwise, decodes to the very same bytes."""
    head = json.dumps(forge.header()).encode()
    body = forge.json()
    head, body = (raw + b" " * (1 + (1 - len(raw)) % 3) for raw in (head, body))
    parts = forge.token(body, header=head).split(".")
    last = ALPHABET.index(parts[part][-1])
    parts[part] = parts[part][:-1] + ALPHABET[last + 1]
    assert base64.urlsafe_b64decode(parts[part] + "==") == base64.urlsafe_b64decode(
        parts[part][:-1] + ALPHABET[last] + "=="
    )
    return ".".join(parts)


def _in_part(part: int, change: Callable[[str], str]) -> Callable[[Forge], str | bytes]:
    def build(forge: Forge) -> str | bytes:
        parts = forge.token().split(".")
        parts[part] = change(parts[part])
        return ".".join(parts).encode("utf-8", "surrogateescape")

    return build


SPELLINGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "padding": (NO_BEARER, lambda text: text + "="),
    "more-padding": (NO_BEARER, lambda text: text + "=="),
    "blank": (NO_BEARER, lambda text: text[:4] + " " + text[4:]),
    "tab": (NO_BEARER, lambda text: text[:4] + "\t" + text[4:]),
    "line-end": (NO_BEARER, lambda text: text[:4] + "\n" + text[4:]),
    "nul": (NO_BEARER, lambda text: text + "\x00"),
    "comma": (NO_BEARER, lambda text: text + ","),
    "quoted": (NO_BEARER, lambda text: f'"{text}"'),
    "percent": (NO_BEARER, lambda text: text + "%3D"),
    "non-ascii": (NO_BEARER, lambda text: text + "\u00e9"),
    "zero-width-space": (NO_BEARER, lambda text: text + "\u200b"),
    "full-width-letter": (NO_BEARER, lambda text: "\uff21" + text[1:]),
    "byte-ff": (NO_BEARER, lambda text: text + "\udcff"),
    "plus": (UNCANONICAL, lambda text: text[:4] + "+" + text[5:]),
    "slash": (UNCANONICAL, lambda text: text[:4] + "/" + text[5:]),
    "tilde": (UNCANONICAL, lambda text: text[:4] + "~" + text[5:]),
    "one-letter-more": (UNCANONICAL, lambda text: text + "A" * ((1 - len(text)) % 4 or 4)),
}
"""Where in the text it stands may change who notices, so every one is tried in every part."""


def spellings() -> Iterator[Case]:
    for part, shown in enumerate(("header", "payload", "signature")):
        for name, (cause, change) in SPELLINGS.items():
            noticed = UNCANONICAL if part == 2 and "padding" in name else cause
            yield Case(f"b64-{name}-in-{shown}", noticed, _in_part(part, change))
        yield Case(f"b64-spare-bits-in-{shown}", UNCANONICAL, partial(_with_spare_bits, part))
    yield Case("b64-standard-alphabet", "malformed", _standard_alphabet)
    yield Case("b64-url-of-hexadecimal", "malformed", lambda f: ".".join(p.hex() for p in _bytes(f)))


def _bytes(forge: Forge) -> tuple[bytes, bytes, bytes]:
    return json.dumps(forge.header()).encode(), forge.json(), forge.parts()[2]


def _standard_alphabet(forge: Forge) -> str:
    """The same bytes, spelled with ``+`` and ``/`` and padding."""
    head = json.dumps(forge.header(x="\u00ff\u00fe?>")).encode()
    text = forge.token(forge.json(x="???>>>~~~"), header=head)
    return text.replace("-", "+").replace("_", "/") + "="


SHAPES: dict[str, tuple[str, Callable[[Forge], str]]] = {
    "one-dot": (NOT_THREE, lambda forge: "."),
    "two-dots": ("malformed: header", lambda forge: ".."),
    "many-dots": (NOT_THREE, lambda forge: "." * 500),
    "two-parts": (NOT_THREE, lambda forge: forge.token().rpartition(".")[0]),
    "signature-missing": (BAD_SIGNATURE, lambda forge: forge.token().rpartition(".")[0] + "."),
    "no-header": ("malformed", lambda forge: "." + forge.token().partition(".")[2]),
    "fourth-empty-part": (NOT_THREE, lambda forge: forge.token() + "."),
    "fourth-part": (NOT_THREE, lambda forge: forge.token() + ".AAAA"),
    "five-parts-like-jwe": (NOT_THREE, lambda forge: forge.token() + ".AAAA.AAAA"),
    "dot-before": (NOT_THREE, lambda forge: "." + forge.token()),
    "twice": (NOT_THREE, lambda forge: forge.token() + "." + forge.token()),
    "token-in-payload": ("payload: malformed", lambda forge: forge.token(forge.token().encode())),
    "detached": (BAD_SIGNATURE, lambda forge: "..".join((forge.parts()[0], b64(forge.parts()[2])))),
    "json-form": (NO_BEARER, lambda forge: _json_form(forge)),
    "refresh-token": (NOT_THREE, lambda forge: "wtr_" + "A" * 112),
    "random-words": (NOT_THREE, lambda forge: "00000000-0000-4000-8000-000000000000"),
    "letters": (UNCANONICAL, lambda forge: "a.b.c"),
    "canary": (NOT_THREE, lambda forge: CANARY),
}


def _json_form(forge: Forge) -> str:
    head, body, raw = forge.parts()
    return json.dumps({"protected": head, "payload": body, "signature": b64(raw)})


def of_size(forge: Forge, size: int) -> str:
    """A valid token of exactly so many characters."""
    for blanks in range(3):
        head = json.dumps(forge.header()).encode() + b" " * blanks
        spare = size - len(forge.token(b"", header=head))
        filling = spare * 3 // 4 - len(forge.json(x=""))
        token = forge.token(forge.json(x="x" * filling), header=head)
        if len(token) == size:
            return token
    raise AssertionError("no filling gives this size")


SIZES = [
    Case("size-8193", "too_large", lambda forge: of_size(forge, 8193)),
    Case("size-8200", "too_large", lambda forge: of_size(forge, 8200)),
    Case("size-8193-of-nothing", "too_large", lambda forge: "a" * 8193),
    Case("size-8193-dots", "too_large", lambda forge: "." * 8193),
    Case("size-long-header", "too_large", lambda f: f.token(header=f.header(x="x" * 9000))),
    Case("size-long-signature", "too_large", lambda forge: forge.signed_as(lambda raw: raw * 150)),
    Case("size-16-kb", TOO_LONG, lambda forge: "a" * (16 * 1024 + 1)),
    Case("size-100-kb", TOO_LONG, lambda forge: f"{forge.token()}{'A' * 100_000}"),
    Case("size-1-mb-of-dots", TOO_LONG, lambda forge: "." * 1_000_000),
    with_claims("size-long-sub", "sub: unsafe_text", sub="x" * 5000),
]

BAD_FORMS = [
    *signatures(),
    *spellings(),
    *(Case(f"shape-{name}", cause, build) for name, (cause, build) in SHAPES.items()),
    *SIZES,
]
