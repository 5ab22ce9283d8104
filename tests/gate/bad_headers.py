"""Tokens whose header lies: about the algorithm, the key, the kind, or what has to be understood."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.gate.forge import ABSENT, CANARY, Case, Forge, with_header
from tests.protocol.workshop import ED25519, OTHER_P256, P384, P521, RSA, b64, jwk_of
from watchword.protocol.jwk import thumbprint
from watchword.protocol.signing import PrivateKey

NAMED = "malformed: header"
NO_ALG = "malformed: header without alg"
NOT_ALLOWED = "alg_not_allowed"


def _unsigned(header: dict[str, Any], signature: str = "") -> Callable[[Forge], str]:
    def build(forge: Forge) -> str:
        head = b64(json.dumps(forge.header(**header)).encode())
        return f"{head}.{b64(forge.json())}.{signature}"

    return build


def algorithms() -> Iterator[Case]:
    for alg in ("none", "None", "NONE", "nOnE", ""):
        shown = alg or "empty"
        yield Case(f"alg-{shown}-unsigned", NOT_ALLOWED, _unsigned({"alg": alg}))
        yield Case(f"alg-{shown}-some-signature", NOT_ALLOWED, _unsigned({"alg": alg}, "AAAA"))
        yield with_header(f"alg-{shown}-signed", NOT_ALLOWED, alg=alg)
    for alg in ("es256", "ES-256", "ES256 ", " ES256", "ES256K", "ESP256", "RS1", "RS384", "RS512", "PS256"):
        yield with_header(f"alg-{alg.replace(' ', '_')}", NOT_ALLOWED, alg=alg)
    for alg in ("PS384", "ES384", "ES512", "EdDSA", "Ed448", "RSA-OAEP", "dir", "A128GCM", "*", "ES256\x00"):
        yield with_header(f"alg-{alg.replace(chr(0), '+nul')}", NOT_ALLOWED, alg=alg)
    yield with_header("alg-missing", NO_ALG, alg=ABSENT)
    for name, value in (("null", None), ("list", ["ES256"]), ("object", {"ES256": 1}), ("number", 256)):
        yield with_header(f"alg-{name}", NAMED, alg=value)
    yield with_header("alg-false", NAMED, alg=False)
    yield with_header("alg-upper-case-name", NO_ALG, alg=ABSENT, ALG="ES256")


def _hmac(alg: str, secret: Callable[[Forge], bytes], **header: Any) -> Callable[[Forge], str]:
    def build(forge: Forge) -> str:
        head = b64(json.dumps(forge.header(alg=alg, **header)).encode())
        signed = f"{head}.{b64(forge.json())}"
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[alg]
        return f"{signed}.{b64(hmac.digest(secret(forge), signed.encode(), digest))}"

    return build


def _public(encoding: Encoding, form: PublicFormat) -> Callable[[Forge], bytes]:
    return lambda forge: forge.key.public_key().public_bytes(encoding, form)


SHARED_SECRETS: dict[str, Callable[[Forge], bytes]] = {
    "public-pem": _public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "public-pem-stripped": lambda forge: SHARED_SECRETS["public-pem"](forge).strip(),
    "public-der": _public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "public-point": _public(Encoding.X962, PublicFormat.UncompressedPoint),
    "compressed-point": _public(Encoding.X962, PublicFormat.CompressedPoint),
    "jwk": lambda forge: json.dumps(jwk_of(forge.key)).encode(),
    "x": lambda forge: base64.urlsafe_b64decode(jwk_of(forge.key)["x"] + "=="),
    "kid": lambda forge: forge.kid.encode(),
    "issuer": lambda forge: forge.issuer.encode(),
    "nothing": lambda forge: b"",
    "nul": lambda forge: b"\x00",
    "secret": lambda forge: b"secret",
}


def shared_secrets() -> Iterator[Case]:
    for name, secret in SHARED_SECRETS.items():
        yield Case(f"hs-256-{name}", NOT_ALLOWED, _hmac("HS256", secret))
    for alg in ("HS384", "HS512"):
        yield Case(f"hs-{alg[2:]}-public-pem", NOT_ALLOWED, _hmac(alg, SHARED_SECRETS["public-pem"]))
    yield Case("hs-256-no-kid", NOT_ALLOWED, _hmac("HS256", SHARED_SECRETS["public-pem"], kid=ABSENT))
    own = {"kty": "oct", "k": b64(b"secret")}
    yield Case("hs-256-own-jwk", NOT_ALLOWED, _hmac("HS256", SHARED_SECRETS["secret"], jwk=own))


def mixed() -> Iterator[Case]:
    """Genuine signatures of other keys and kinds under the name of ours."""
    foreign: tuple[tuple[str, PrivateKey, str], ...] = (
        ("RS256", RSA, "key_mismatch"),
        ("PS256", RSA, NOT_ALLOWED),
        ("ES384", P384, NOT_ALLOWED),
        ("ES512", P521, NOT_ALLOWED),
        ("EdDSA", ED25519, NOT_ALLOWED),
        ("Ed25519", ED25519, "key_mismatch"),
    )
    for alg, key, cause in foreign:
        for shown, named, why in (("our-kid", {}, cause), ("no-kid", {"kid": ABSENT}, "unknown_key")):
            expected = NOT_ALLOWED if cause == NOT_ALLOWED else why
            yield Case(f"algmix-{alg}-{shown}", expected, partial(_of_another_kind, alg, key, named))
    yield with_header("algmix-RS256-says-our-es256-signature", "key_mismatch", alg="RS256")
    yield with_header("algmix-Ed25519-says-our-es256-signature", "key_mismatch", alg="Ed25519")


def _of_another_kind(alg: str, key: PrivateKey, named: dict[str, Any], forge: Forge) -> str:
    return forge.token(header=forge.header(alg=alg, **named), alg=alg, key=key)


def kinds() -> Iterator[Case]:
    for name, value in {
        "missing": ABSENT,
        "empty": "",
        "JWT": "JWT",
        "jwt": "jwt",
        "id-token": "id_token+jwt",
        "logout": "logout+jwt",
        "refresh": "rt+jwt",
        "introspection": "token-introspection+jwt",
        "client-assertion": "client-authentication+jwt",
        "dpop": "dpop+jwt",
        "at-jwt": "at-jwt",
        "blank-behind": "at+jwt ",
        "blank-before": " at+jwt",
        "parameter": "at+jwt; charset=utf-8",
        "another-tree": "text/at+jwt",
        "application-twice": "application/application/at+jwt",
        "nul": "at+jwt\x00",
        "long-s": "at+jwt\u017f",
        "full-width": "\uff41t+jwt",
        "jose": "JOSE",
    }.items():
        yield with_header(f"typ-{name}", "typ: mismatch", typ=value)
    for name, value in (("null", None), ("list", ["at+jwt"]), ("number", 1), ("object", {"at+jwt": 1})):
        yield with_header(f"typ-{name}", NAMED, typ=value)
    yield with_header("typ-as-cty", "typ: mismatch", typ=ABSENT, cty="at+jwt")


CRITICAL: dict[str, dict[str, Any]] = {
    "exp": {"crit": ["exp"], "exp": 99_999_999_999},
    "unknown": {"crit": ["urn:example:x"], "urn:example:x": True},
    "absent-name": {"crit": ["urn:example:x"]},
    "b64-false": {"crit": ["b64"], "b64": False},
    "b64-true": {"crit": ["b64"], "b64": True},
    "b64-alone": {"b64": False},
    "b64-true-alone": {"b64": True},
    "alg": {"crit": ["alg"]},
    "empty": {"crit": []},
    "null": {"crit": None},
    "string": {"crit": "exp"},
    "number-in-it": {"crit": [1]},
    "null-in-it": {"crit": [None]},
    "empty-name": {"crit": [""]},
    "twice": {"crit": ["x", "x"], "x": 1},
    "object": {"crit": {"exp": 1}},
    "false": {"crit": False},
}


def _attackers(forge: Forge, **header: Any) -> str:
    """Signed with a key of the attacker's."""
    return forge.token(header=forge.header(**header), key=OTHER_P256)


def _certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CANARY)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, OTHER_P256.public_key(), 1, start, start.replace(year=2036))
    ).sign(OTHER_P256, hashes.SHA256())
    return base64.b64encode(built.public_bytes(Encoding.DER)).decode()


CERTIFICATE = _certificate()
ATTACKERS_JWK = jwk_of(OTHER_P256)
INJECTED: dict[str, Any] = {
    "jwk": ATTACKERS_JWK,
    "jku": "http://127.0.0.1:9/keys",
    "x5u": "http://127.0.0.1:9/certificate",
    "x5c": [CERTIFICATE],
}
KIDS = {
    "empty": "",
    "path": "../../../../dev/null",
    "absolute-path": "/dev/null",
    "url": "http://127.0.0.1:9/keys",
    "file-url": "file:///dev/null",
    "sql": "x' UNION SELECT 'AAAA' -- ",
    "command": "| cat /etc/passwd",
    "template": "{{7*7}}",
    "nul-behind": "{}\x00",
    "blank-behind": "{} ",
    "line-end": "{}\r\nX: 1",
    "thumbprint-of-the-attacker": thumbprint(ATTACKERS_JWK),
    "long": "k" * 4000,
}


def injections() -> Iterator[Case]:
    thumb = b64(hashlib.sha256(base64.b64decode(CERTIFICATE)).digest())
    for name, value in {**INJECTED, "x5t#S256": thumb}.items():
        header = {name: value}
        yield Case(f"inj-{name}-our-kid", "bad_signature", partial(_attackers, **header))
        yield Case(f"inj-{name}-no-kid", "unknown_key", partial(_attackers, kid=ABSENT, **header))
    yield Case("inj-all-of-them", "bad_signature", partial(_attackers, **INJECTED))
    yield Case("inj-jwk-unsigned", NOT_ALLOWED, _unsigned({"alg": "none", "jwk": ATTACKERS_JWK}))
    yield Case("inj-jwk-in-claims", "bad_signature", _with_key_in_claims)
    for name, kid in KIDS.items():
        yield Case(f"inj-kid-{name}", "unknown_key", partial(_naming, kid))
    for name, value in (("null", None), ("list", ["k"]), ("number", 1), ("object", {}), ("true", True)):
        yield with_header(f"inj-kid-{name}", NAMED, kid=value)
    yield with_header("inj-kid-other-case", "unknown_key", kid=lambda forge: forge.kid.swapcase())
    yield with_header("inj-kid-cut", "unknown_key", kid=lambda forge: forge.kid[:-1])


def _naming(kid: str, forge: Forge) -> str:
    return _attackers(forge, kid=kid.replace("{}", forge.kid))


def _with_key_in_claims(forge: Forge) -> str:
    return forge.token(forge.json(cnf={"jwk": ATTACKERS_JWK}, jwk=ATTACKERS_JWK), key=OTHER_P256)


STRANGE_KEYS = [
    Case("key-of-another-ring", "bad_signature", lambda forge: forge.token(key=OTHER_P256)),
    Case(
        "key-never-published",
        "unknown_key",
        lambda forge: forge.token(
            header=forge.header(kid=thumbprint(ATTACKERS_JWK)), key=ec.derive_private_key(7, ec.SECP256R1())
        ),
    ),
]

BAD_HEADERS = [
    *algorithms(),
    *shared_secrets(),
    *mixed(),
    *kinds(),
    *(with_header(f"crit-{name}", "critical_header", **header) for name, header in CRITICAL.items()),
    *injections(),
    *STRANGE_KEYS,
]
