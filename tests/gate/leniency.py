"""Where joserfc and PyJWT accept what we refuse, and the other way round: the whole list, by rule.

Both are used as well as their documentation shows: algorithms listed, issuer and audience given, claims
required, the same leeway. A name in ``BOTH`` passes in both, in ``JOSERFC`` and ``PYJWT`` in one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BOTH: Final[Mapping[str, str]] = {
    "Times are integers between 1970 and the year 9999": """
        exp-fraction exp-whole-fraction exp-exponent exp-past-year-9999 exp-64-bits exp-thirty-digits
        nbf-fraction nbf-whole-fraction nbf-exponent nbf-negative iat-fraction iat-whole-fraction
        iat-exponent iat-negative auth_time-null auth_time-true auth_time-string auth_time-list
        auth_time-object auth_time-fraction auth_time-whole-fraction auth_time-exponent
        auth_time-negative auth_time-past-year-9999 auth_time-64-bits auth_time-thirty-digits
        auth_time-1e400 auth_time-nan auth_time-infinity exp-milliseconds""",
    "A token lives no longer than we issue them for": """
        exp-a-second-too-late exp-in-ten-years exp-last-second-there-is iat-a-day-ago iat-zero""",
    "An access token says that it is one": """
        typ-missing typ-empty typ-JWT typ-jwt typ-id-token typ-logout typ-refresh typ-introspection
        typ-client-assertion typ-dpop typ-at-jwt typ-blank-behind typ-blank-before typ-parameter
        typ-another-tree typ-application-twice typ-nul typ-long-s typ-full-width typ-jose typ-as-cty""",
    "What identifies is text of 1 to 255 characters without control characters": """
        sub-256-chars sub-nul sub-cr-lf sub-tab sub-delete sub-next-line sub-line-separator
        sub-paragraph-separator client_id-number client_id-true client_id-list client_id-object
        client_id-256-chars client_id-nul client_id-cr-lf client_id-tab client_id-delete
        client_id-next-line client_id-line-separator client_id-paragraph-separator jti-256-chars
        jti-nul jti-cr-lf jti-tab jti-delete jti-next-line jti-line-separator jti-paragraph-separator
        sid-null sid-number sid-true sid-list sid-object sid-empty sid-256-chars sid-nul sid-cr-lf
        sid-tab sid-delete sid-next-line sid-line-separator sid-paragraph-separator size-long-sub""",
    "Roles are a list of names, a scope is text, an audience is never empty": """
        roles-string roles-null roles-object roles-number-in-it roles-nested roles-empty-name
        scope-list scope-null scope-true aud-list-with-empty""",
    "No name occurs twice in a JSON object, however deep": """
        json-dup-sub json-dup-sub-same-value json-dup-sub-escaped json-dup-roles json-dup-exp
        json-dup-unknown-name json-dup-empty-name json-dup-in-an-object json-dup-in-a-list
        json-dup-three-deep json-dup-in-cnf json-header-duplicate-alg json-header-duplicate-kid
        json-header-duplicate-typ""",
    "JSON is UTF-8 without a byte order mark and without lone surrogates": """
        json-byte-order-mark json-utf-16 json-utf-16-le json-utf-16-be json-utf-32
        json-surrogate-in-utf-8 json-lone-surrogate json-lone-low-surrogate json-surrogates-reversed
        json-lone-surrogate-in-a-name json-lone-surrogate-in-depth json-surrogate-and-letter
        json-lone-surrogate-in-sub json-lone-surrogate-in-client_id json-lone-surrogate-in-jti
        json-lone-surrogate-in-sid json-header-byte-order-mark json-header-utf-16""",
    "Numbers are finite and at most 100 characters long": """
        json-nan json-infinity json-minus-infinity json-nan-in-depth json-1e400 json-minus-1e400
        json-1e400-in-depth json-101-digits json-4000-digits json-101-zeros-behind-the-point
        json-long-exponent""",
    "JSON is nested at most 32 deep": "json-depth-33-lists json-depth-33-objects json-depth-300",
    "Header extensions are refused, also those that change nothing": "crit-b64-true crit-b64-true-alone",
    "A `kid` is one of ours to the letter (the others were handed the key)": "inj-kid-other-case inj-kid-cut",
    "A token has at most 8,192 characters": "size-8193 size-8200",
}
JOSERFC: Final[Mapping[str, str]] = {
    "Header extensions are refused, also those that change nothing": "crit-alg crit-empty",
}
PYJWT: Final[Mapping[str, str]] = {
    "Times are integers between 1970 and the year 9999": """
        exp-string nbf-true nbf-string iat-true iat-string""",
    "An access token says that it is one": "typ-null typ-list typ-number typ-object",
    "What identifies is text of 1 to 255 characters without control characters": """
        sub-empty client_id-empty jti-empty""",
    "No name occurs twice in a JSON object, however deep": "json-header-duplicate-in-depth",
    "JSON is UTF-8 without a byte order mark and without lone surrogates": "json-header-lone-surrogate",
    "Numbers are finite and at most 100 characters long": """
        json-header-nan json-header-1e400 json-header-101-digits""",
    "JSON is nested at most 32 deep": "json-header-depth-33 json-header-depth-300",
    "base64url has one spelling": "b64-more-padding-in-signature",
    "A token has at most 8,192 characters": "size-long-header",
}
REFUSED_BY_JOSERFC: Final = frozenset(
    {
        "further-header-members",
        "brings-keys-that-nobody-uses",
        "epk-and-other-members-of-encryption",
    }
)
"""Good tokens whose header it does not know or finds too long (RFC 7515 §4 has unknown members ignored)."""

RULES: Final = tuple(dict.fromkeys([*BOTH, *JOSERFC, *PYJWT]))


def passes_in_joserfc(rule: str) -> frozenset[str]:
    return frozenset(f"{BOTH.get(rule, '')} {JOSERFC.get(rule, '')}".split())


def passes_in_pyjwt(rule: str) -> frozenset[str]:
    return frozenset(f"{BOTH.get(rule, '')} {PYJWT.get(rule, '')}".split())
