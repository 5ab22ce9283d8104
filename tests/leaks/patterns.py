"""What a secret looks like, wherever it turns up: forms of ours, of OAuth 2.0 and of PEM."""

from __future__ import annotations

import re
from typing import Final

from watchword.dev_provider.registration import CLIENT_SECRET

_FORMS: Final = {
    "refresh token": r"wtr_[\w-]{24,}",
    "authorization code": r"wtc_[\w-]{24,}",
    "JWS or JWE": r"eyJ[\w-]{12,}\.[\w-]*\.[\w.-]{8,}",
    "parameter": r"\b(?:code|code_verifier|client_secret|refresh_token|access_token|id_token|id_token_hint"
    r"|client_assertion|state|nonce|logout_token)=[\w%.~+-]{20,}",
    "Authorization header": r"\b(?:[Bb]asic [\w+/]{16,}=*|[Bb]earer [\w.~+/-]{24,})",
    "cookie": r"\bww_(?:access|refresh|attempt\w*)=[\w.-]{16,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----|['\"](?:d|p|q|dp|dq|qi)['\"]: ?['\"][\w-]{16,}",
    "password in an address": r"://[^\s/:@'\"]*:(?!\*{3}@)[^\s/@'\"]+@",
    "secret of the development provider": re.escape(CLIENT_SECRET),
    "e-mail address": r"(?<![/\w.+-])[\w.+-]+(?:@|%40)(?:[\w-]+\.)*example\.test",
}
_ANY: Final = re.compile("|".join(f"({form})" for form in _FORMS.values()))
_NAMES: Final = tuple(_FORMS)


def secrets_in(text: str) -> list[str]:
    """What kinds of secret are in ``text``, each with the first characters of what was found."""
    return [f"{_NAMES[(each.lastindex or 1) - 1]} ({each.group()[:12]}…)" for each in _ANY.finditer(text)]
