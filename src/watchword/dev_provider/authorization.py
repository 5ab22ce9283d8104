"""Checks of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.4.1, OpenID Connect Core §3.1.2.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchword.dev_provider.clients import DevClient
from watchword.dev_provider.state import AuthorizationRequest
from watchword.dev_provider.wire import Parameters

SCOPES = ("openid", "profile", "email", "offline_access")
PROMPTS = ("none", "login", "consent", "select_account")

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MAX_AGE = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PageFault:
    """Told on a page: client or redirect URI cannot be trusted (RFC 6749 §4.1.2.1)."""

    reason: str


@dataclass(frozen=True, slots=True)
class RedirectFault:
    """Told to the client, by redirect."""

    redirect_uri: str
    state: str | None = field(repr=False)
    error: str
    description: str


Fault = tuple[str, str]


def read_authorization_request(
    parameters: Parameters, clients: Mapping[str, DevClient]
) -> AuthorizationRequest | RedirectFault | PageFault:
    """Check everything before anything is shown."""
    trusted = _client_and_redirect_uri(parameters, clients)
    if isinstance(trusted, PageFault):
        return trusted
    client_id, redirect_uri = trusted
    state = None if "state" in parameters.repeated else parameters.get("state")
    for check in _CHECKS:
        if fault := check(parameters):
            return RedirectFault(redirect_uri, state, *fault)
    asked = (parameters.get("scope") or "").split(" ")
    max_age = parameters.get("max_age")
    return AuthorizationRequest(
        client_id=client_id,
        redirect_uri=redirect_uri,
        scopes=tuple(scope for scope in SCOPES if scope in asked),
        code_challenge=parameters.values["code_challenge"],
        state=state,
        nonce=parameters.get("nonce"),
        login_hint=parameters.get("login_hint"),
        max_age=None if max_age is None else int(max_age),
        prompts=tuple((parameters.get("prompt") or "").split()),
    )


def _client_and_redirect_uri(
    parameters: Parameters, clients: Mapping[str, DevClient]
) -> tuple[str, str] | PageFault:
    if parameters.repeated & {"client_id", "redirect_uri"}:
        return PageFault("client_id or redirect_uri is given more than once.")
    client = clients.get(parameters.get("client_id") or "")
    if client is None:
        return PageFault("The client_id is not registered here.")
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None or not client.may_redirect_to(redirect_uri):
        return PageFault("The redirect_uri is not registered for this client.")
    return client.client_id, redirect_uri


def _repeated(parameters: Parameters) -> Fault | None:
    if parameters.repeated:
        return "invalid_request", "a parameter is given more than once"
    return None


def _request_object(parameters: Parameters) -> Fault | None:
    for name in ("request", "request_uri"):
        if parameters.get(name) is not None:
            return f"{name}_not_supported", f"{name} is not supported"
    return None


def _response(parameters: Parameters) -> Fault | None:
    response_type = parameters.get("response_type")
    if response_type is None:
        return "invalid_request", "response_type is missing"
    if response_type != "code":
        return "unsupported_response_type", "response_type must be code"
    if parameters.get("response_mode") not in (None, "query"):
        return "invalid_request", "response_mode must be query"
    return None


def _scope(parameters: Parameters) -> Fault | None:
    if "openid" not in (parameters.get("scope") or "").split(" "):
        return "invalid_scope", "scope must contain openid"
    return None


def _pkce(parameters: Parameters) -> Fault | None:
    challenge = parameters.get("code_challenge")
    if challenge is None:
        return "invalid_request", "code_challenge is required"
    if parameters.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256"
    if not _CHALLENGE.fullmatch(challenge):
        return "invalid_request", "code_challenge is not a SHA-256 hash in base64url"
    return None


def _max_age(parameters: Parameters) -> Fault | None:
    max_age = parameters.get("max_age")
    if max_age is not None and not _MAX_AGE.fullmatch(max_age):
        return "invalid_request", "max_age must be a number of seconds"
    return None


def _prompt(parameters: Parameters) -> Fault | None:
    prompts = (parameters.get("prompt") or "").split()
    if any(prompt not in PROMPTS for prompt in prompts):
        return "invalid_request", "prompt has an unknown value"
    if "none" in prompts and len(prompts) > 1:
        return "invalid_request", "prompt none stands alone"
    if "none" in prompts:
        return "login_required", "nobody stays signed in at the development provider"
    return None


_CHECKS: tuple[Callable[[Parameters], Fault | None], ...] = (
    _repeated,
    _request_object,
    _response,
    _scope,
    _pkce,
    _max_age,
    _prompt,
)
