"""Whether the provider knows our client: a made-up code, sent with our real credentials.

Client authentication comes before the grant (RFC 6749 §3.2.1), so ``invalid_grant`` says that the
credentials were right, and ``invalid_client`` that they were not (§5.2).
"""

from __future__ import annotations

from typing import Final

from watchword.auth.ports import HttpAnswer
from watchword.config.provider import ProviderSettings
from watchword.doctor.finding import Finding
from watchword.errors import WatchwordError
from watchword.protocol.printable import printable
from watchword.protocol.provider_answer import check_available, read_json

MADE_UP_CODE: Final = "watchword-doctor-made-up-code"
MADE_UP_VERIFIER: Final = "watchword-doctor-made-up-verifier-of-no-sign-in-at-all"

_CODE_REFUSED: Final = frozenset({"invalid_grant", "bad_verification_code"})
_CLIENT_REFUSED: Final = frozenset({"invalid_client", "incorrect_client_credentials"})


def probe_finding(
    provider_id: str, provider: ProviderSettings, redirect_uri: str, answer: HttpAnswer
) -> Finding:
    """What an answer to the made-up code says."""
    method = provider.effective_client_auth
    sent = f"sent client_id {provider.client_id!r} by {method} and a made-up code"

    def told(said: str) -> str:
        return f"{said} ({sent})"

    try:
        check_available("the token endpoint", answer.status, answer.headers)
        error = _error(answer)
    except WatchwordError as fault:
        if answer.status == 401:
            return _client_refused(provider_id, told("answered 401"))
        return Finding("fault", provider_id, "token_endpoint", told(fault.detail), "ask the provider")
    if error in _CODE_REFUSED:
        proof = "knows the client id" if method == "none" else "accepts the client's credentials"
        return Finding("ok", provider_id, "client_credentials", told(f"the provider {proof}"))
    said = f"answered {answer.status} error={printable(error or 'none', max_chars=64)}"
    if error in _CLIENT_REFUSED or answer.status == 401:
        return _client_refused(provider_id, told(said))
    if error in ("unauthorized_client", "unsupported_grant_type"):
        return Finding(
            "fault",
            provider_id,
            "client_credentials",
            told(said),
            "allow the client the authorization code grant there, and compare CLIENT_ID",
        )
    if error == "redirect_uri_mismatch":
        return Finding("fault", provider_id, "redirect_uri", told(said), f"register {redirect_uri} there")
    if error is None and answer.status == 200:
        return Finding(
            "fault", provider_id, "token_endpoint", told("took a made-up code"), "do not sign in there"
        )
    return Finding(
        "warning",
        provider_id,
        "client_credentials",
        told(f"{said}, which says neither yes nor no"),
        f"sign in once; if that fails, compare the redirect URI {redirect_uri} and the client's credentials",
    )


def _error(answer: HttpAnswer) -> str | None:
    error = read_json("the token endpoint", answer.headers, answer.body).get("error")
    return error if isinstance(error, str) else None


def _client_refused(provider_id: str, text: str) -> Finding:
    return Finding(
        "fault",
        provider_id,
        "client_credentials",
        f"the provider refuses the client: {text}",
        "CLIENT_ID, the secret or key, and CLIENT_AUTH must be as registered there; paste the secret again",
    )
