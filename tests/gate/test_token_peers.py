"""The same tokens through joserfc and PyJWT: we agree but where we mean not to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import import_key

from tests.gate.bad_tokens import BAD_TOKENS
from tests.gate.forge import Forge
from tests.gate.good_tokens import GOOD_TOKENS
from tests.gate.leniency import REFUSED_BY_JOSERFC, RULES, passes_in_joserfc, passes_in_pyjwt
from tests.house.tree import ROOT
from tests.protocol.test_frozen import thawed
from tests.protocol.workshop import P256, jwk_of, key_set
from watchword.protocol.access_token import check_access_token
from watchword.protocol.algorithms import OWN_ALGORITHMS
from watchword.protocol.jws import parse, verify_with

REQUIRED = ["iss", "aud", "sub", "client_id", "jti", "iat", "exp"]
KEYS = key_set(jwk_of(P256, kid="own", alg="ES256"))
JOSERFC_KEY = import_key(jwk_of(P256, kid="own"))
LEEWAY_SECONDS = 5
Reader = Callable[[str, Forge], Any]


def forge_of_now() -> Forge:
    """PyJWT knows no other clock than the machine's."""
    return Forge(P256, "own", "https://app.example.test", "https://api.example.test", int(time.time()), 900)


def we_read(token: str, forge: Forge) -> Any:
    caller = check_access_token(
        verify_with(parse(token), KEYS, algorithms=OWN_ALGORITHMS),
        issuer=forge.issuer,
        audience=forge.audience,
        now_seconds=int(time.time()),
        max_life_seconds=forge.life_seconds,
        leeway_seconds=LEEWAY_SECONDS,
    )
    return thawed(caller.claims)


def joserfc_reads(token: str, forge: Forge) -> Any:
    found = joserfc_jwt.decode(token, JOSERFC_KEY, algorithms=sorted(OWN_ALGORITHMS))
    asked: dict[str, Any] = {name: {"essential": True} for name in REQUIRED}
    asked["iss"] |= {"value": forge.issuer}
    asked["aud"] |= {"value": forge.audience}
    joserfc_jwt.JWTClaimsRegistry(leeway=LEEWAY_SECONDS, **asked).validate(found.claims)
    return found.claims


def pyjwt_reads(token: str, forge: Forge) -> Any:
    return jwt.decode(
        token,
        P256.public_key(),
        algorithms=["ES256", "RS256", "EdDSA"],
        audience=forge.audience,
        issuer=forge.issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": REQUIRED},
    )


def accepts(read: Reader, built: str | bytes, forge: Forge) -> bool:
    """Whatever else a library raises, it has not accepted."""
    try:
        read(built if isinstance(built, str) else built.decode("latin-1"), forge)
    except Exception:
        return False
    return True


@pytest.mark.parametrize(
    ("read", "lenient"), [(joserfc_reads, passes_in_joserfc), (pyjwt_reads, passes_in_pyjwt)]
)
def test_every_bad_token_another_library_accepts_is_on_the_list(
    read: Reader, lenient: Callable[[str], frozenset[str]]
) -> None:
    """A new disagreement, in either direction, is noticed here."""
    forge = forge_of_now()
    passing = {case.name for case in BAD_TOKENS if case.lasting and accepts(read, case.build(forge), forge)}
    assert passing == frozenset[str]().union(*(lenient(rule) for rule in RULES))


def test_every_good_token_means_the_same_to_all_three() -> None:
    """What we accept, the others accept and read alike; joserfc is stricter with unknown headers."""
    forge = forge_of_now()
    for case in GOOD_TOKENS:
        token = case.build(forge)
        if not case.lasting or not isinstance(token, str):
            continue
        claims = we_read(token, forge)
        assert pyjwt_reads(token, forge) == claims, case.name
        if case.name in REFUSED_BY_JOSERFC:
            assert not accepts(joserfc_reads, token, forge), case.name
        else:
            assert joserfc_reads(token, forge) == claims, case.name


def test_the_page_counts_what_the_list_holds() -> None:
    """``docs/tokens.md`` names every rule with the number of forged tokens each library lets pass."""
    page = (ROOT / "docs/tokens.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([^|]+?) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    counted = [(rule, str(len(passes_in_joserfc(rule))), str(len(passes_in_pyjwt(rule)))) for rule in RULES]
    sums = [sum(int(row[at]) for row in counted) for at in (1, 2)]
    assert told == [*counted, ("together", *map(str, sums))]
    assert f"{len(BAD_TOKENS)} bad and {len(GOOD_TOKENS)} good" in page
