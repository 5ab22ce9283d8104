"""A client's authorization request, checked before anybody is sent anywhere.

RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.1, RFC 9700 §2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from watchword.errors import InvalidRequest, RedirectUriRefused, UnknownClient
from watchword.protocol.clients import Client
from watchword.protocol.max_age import read_max_age
from watchword.protocol.redirect_uri import RedirectUri
from watchword.protocol.scope import read_scope

MAX_STATE_CHARS = 1024
MAX_LOGIN_HINT_CHARS = 256
MAX_QUERY_BYTES = 8 * 1024
_MAX_PARAMETERS = 50
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request that may be answered at its ``redirect_uri``.

    ``confirm``: the person is asked before anything goes there. ``prompt``, ``max_age_seconds`` and
    ``login_hint`` are what the provider is asked to do; ``provider_id`` is the one the client names.
    """

    client_id: str
    redirect_uri: str
    confirm: bool
    code_challenge: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    state: str | None = field(default=None, repr=False)
    max_age_seconds: int | None = None
    prompt: str | None = None
    login_hint: str | None = field(default=None, repr=False)
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class RedirectFault:
    """A request whose fault is told to the client (RFC 6749 §4.1.2.1)."""

    redirect_uri: str
    state: str | None = field(repr=False)
    error: str
    description: str


def read_query(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query, repeated and empty ones included. Raises InvalidRequest for more
    than 8 KB or 50 parameters, and for bytes that are not ASCII or do not decode to UTF-8."""
    if len(query) > MAX_QUERY_BYTES:
        raise InvalidRequest(f"the query is longer than {MAX_QUERY_BYTES} bytes")
    try:
        return parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
        )
    except ValueError:
        raise InvalidRequest("the query is not well-formed") from None


def read_client_request(
    params: Params, clients: Mapping[str, Client], *, own_origin: str, resources: frozenset[str]
) -> ClientRequest | RedirectFault:
    """Check every parameter; unknown ones are ignored, empty ones count as left out.

    ``resources`` are the names our API goes by. Raises UnknownClient and RedirectUriRefused, which
    are told on a page and never by redirect.
    """
    client, address, redirect_uri = _trusted(params, clients, own_origin)
    given = {name: value for name, value in params if value}
    state = _state(params)
    asked = _Asked(given, client, resources, repeated=len({name for name, _ in params}) < len(params))
    for check in _CHECKS:
        fault = check(asked)
        if fault is not None:
            return RedirectFault(redirect_uri, state, *fault)
    age = given.get("max_age")
    return ClientRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        confirm=address.needs_confirmation(own_origin),
        code_challenge=given["code_challenge"],
        scopes=tuple(sorted(read_scope(given.get("scope", "")))),
        state=state,
        max_age_seconds=None if age is None else read_max_age(age),
        prompt=" ".join(given.get("prompt", "").split()) or None,
        login_hint=given.get("login_hint"),
        provider_id=given.get("provider"),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    given: Mapping[str, str]
    client: Client
    resources: frozenset[str]
    repeated: bool


_Fault = tuple[str, str]


def _trusted(
    params: Params, clients: Mapping[str, Client], own_origin: str
) -> tuple[Client, RedirectUri, str]:
    """Who asks and where the answer may go, or a refusal that goes nowhere else."""
    ids = [value for name, value in params if name == "client_id"]
    client = clients.get(ids[0]) if len(ids) == 1 else None
    if client is None:
        raise UnknownClient("client_id is missing, repeated or not registered")
    addresses = [value for name, value in params if name == "redirect_uri"]
    if len(addresses) != 1:
        raise RedirectUriRefused(f"redirect_uri is there {len(addresses)} times; it is required once")
    address = client.redirect_uri(addresses[0], own_origin=own_origin)
    if address is None:
        raise RedirectUriRefused(f"redirect_uri is not one that client {client.client_id!r} registered")
    return client, address, addresses[0]


def _state(params: Params) -> str | None:
    """The state to give back: only one that a client can have meant (RFC 6749 §A.5)."""
    states = [value for name, value in params if name == "state" and value]
    return states[0] if len(states) == 1 and _is_state(states[0]) else None


def _is_state(state: str) -> bool:
    return len(state) <= MAX_STATE_CHARS and _PRINTABLE.fullmatch(state) is not None


def _check_once(asked: _Asked) -> _Fault | None:
    if asked.repeated:
        return "invalid_request", "a parameter is there more than once"
    if not _is_state(asked.given.get("state", "")):
        return "invalid_request", f"state is not printable ASCII of at most {MAX_STATE_CHARS} characters"
    return None


def _check_request_object(asked: _Asked) -> _Fault | None:
    for name in ("request", "request_uri"):
        if name in asked.given:
            return f"{name}_not_supported", f"{name} is not supported"
    return None


def _check_response(asked: _Asked) -> _Fault | None:
    response_type = asked.given.get("response_type")
    if response_type is None:
        return "invalid_request", "response_type is missing"
    if response_type != "code":
        return "unsupported_response_type", "response_type must be code"
    if asked.given.get("response_mode", "query") != "query":
        return "invalid_request", "response_mode must be query"
    return None


def _check_pkce(asked: _Asked) -> _Fault | None:
    challenge = asked.given.get("code_challenge")
    if challenge is None:
        return "invalid_request", "code_challenge is required (RFC 7636)"
    if asked.given.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256"
    if not _CHALLENGE.fullmatch(challenge):
        return "invalid_request", "code_challenge is not a SHA-256 digest in base64url"
    return None


def _check_scope(asked: _Asked) -> _Fault | None:
    try:
        wanted = read_scope(asked.given.get("scope", ""))
    except ValueError:
        return "invalid_scope", "scope is malformed"
    if not wanted <= asked.client.scopes:
        return "invalid_scope", "the client may not have every scope it asks for"
    return None


def _check_resource(asked: _Asked) -> _Fault | None:
    named = {asked.given[name] for name in ("resource", "audience") if name in asked.given}
    if not named <= asked.resources:
        return "invalid_target", "the resource is not the one this server issues tokens for"
    return None


def _check_hints(asked: _Asked) -> _Fault | None:
    try:
        read_max_age(asked.given.get("max_age", "0"))
    except ValueError as error:
        return "invalid_request", str(error)
    hint = asked.given.get("login_hint", "")
    if len(hint) > MAX_LOGIN_HINT_CHARS or not hint.isprintable():
        return "invalid_request", f"login_hint is not text of at most {MAX_LOGIN_HINT_CHARS} characters"
    return None


def _check_prompt(asked: _Asked) -> _Fault | None:
    prompts = asked.given.get("prompt", "").split()
    if not _PROMPTS.issuperset(prompts):
        return "invalid_request", "prompt has an unknown value"
    if "none" in prompts and len(prompts) > 1:
        return "invalid_request", "prompt none stands alone"
    if "none" in prompts:
        return "login_required", "nobody is signed in without being asked"
    return None


_CHECKS: tuple[Callable[[_Asked], _Fault | None], ...] = (
    _check_once,
    _check_request_object,
    _check_response,
    _check_pkce,
    _check_scope,
    _check_resource,
    _check_hints,
    _check_prompt,
)
