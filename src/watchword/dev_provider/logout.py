"""Signing out at the provider (OpenID Connect RP-Initiated Logout 1.0 §2, §3)."""

from __future__ import annotations

from watchword.dev_provider.authorization import PageFault
from watchword.dev_provider.sign_in import Redirect
from watchword.dev_provider.state import ProviderState
from watchword.dev_provider.wire import Parameters, with_parameters


def end_session(provider: ProviderState, parameters: Parameters) -> Redirect | PageFault | None:
    """Where a logout ends; None is the provider's own page.

    The access tokens of the hinted session end. Refresh tokens live on: they were asked for with
    ``offline_access`` (OpenID Connect Core §11).
    """
    if parameters.repeated:
        return PageFault("A parameter is given more than once.")
    hint, client_id = parameters.get("id_token_hint"), parameters.get("client_id")
    claims = provider.keys.verify(hint) if hint is not None else None
    if hint is not None and (claims is None or claims.get("iss") != provider.issuer):
        return PageFault("The id_token_hint was not issued here.")
    audience = _only(claims.get("aud")) if claims is not None else client_id
    if client_id is not None and client_id != audience:
        return PageFault("The client_id does not belong to the id_token_hint.")
    ended = _destination(provider, audience, parameters)
    if claims is not None and not isinstance(ended, PageFault):
        _end_access_tokens(provider, claims.get("sid"))
    return ended


def _only(audience: object) -> object:
    return audience[0] if isinstance(audience, list) and len(audience) == 1 else audience


def _destination(
    provider: ProviderState, audience: object, parameters: Parameters
) -> Redirect | PageFault | None:
    client = provider.clients.get(audience) if isinstance(audience, str) else None
    if audience is not None and client is None:
        return PageFault("The client is not registered here.")
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return None
    if client is None or not client.may_end_at(uri):
        return PageFault("The post_logout_redirect_uri is not registered for this client.")
    state = parameters.get("state")
    return Redirect(with_parameters(uri, {} if state is None else {"state": state}))


def _end_access_tokens(provider: ProviderState, sid: object) -> None:
    with provider.lock:
        ended = [token for token, record in provider.access_tokens.items() if record.grant.sid == sid]
        for token in ended:
            del provider.access_tokens[token]
