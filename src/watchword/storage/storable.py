"""Foreign values on their way into a row: what identifies must fit exactly, what is only shown is cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from watchword.auth.logs import tell
from watchword.auth.ports import NewSession, ProviderIdentity
from watchword.errors import ProviderResponseInvalid, TooManyRoles
from watchword.models.session import MAX_DEVICE_CHARS, MAX_IP_CHARS, MAX_PROVIDER_SID_CHARS
from watchword.models.types import ROLE_NAME, NameSet, storable_text
from watchword.models.user import MAX_EMAIL_CHARS, MAX_ISSUER_CHARS, MAX_NAME_CHARS, MAX_SUBJECT_CHARS
from watchword.protocol.printable import printable

_MAX_DETAIL_CHARS = 1000
_REPLACED = {"Cc": " ", "Cs": "\N{REPLACEMENT CHARACTER}"}


def storable_identity(identity: ProviderIdentity) -> ProviderIdentity:
    """``identity`` as rows can hold it.

    A display name is cut, an e-mail address that cannot be kept whole is dropped, as are roles
    that are no role names. Raises ProviderResponseInvalid for an issuer or subject that cannot be
    kept exactly, TooManyRoles.
    """
    if not identity.issuer.isascii() or not _fits(identity.issuer, MAX_ISSUER_CHARS):
        raise ProviderResponseInvalid("the issuer is empty, too long or not plain text")
    if not _fits(identity.subject, MAX_SUBJECT_CHARS):
        raise ProviderResponseInvalid("the subject is empty, longer than 255 characters or not plain text")
    email = identity.email if identity.email and _fits(identity.email, MAX_EMAIL_CHARS) else None
    return replace(
        identity,
        email=email,
        email_verified=identity.email_verified and email is not None,
        name=shown_text(identity.name, MAX_NAME_CHARS),
        roles=None if identity.roles is None else _role_names(identity.roles),
    )


def storable_session(new: NewSession) -> NewSession:
    """``new`` with device and address cut to size. Raises ProviderResponseInvalid for a ``sid``
    that cannot be kept exactly, since logout must find it again."""
    if new.provider_sid is not None and not _fits(new.provider_sid, MAX_PROVIDER_SID_CHARS):
        raise ProviderResponseInvalid("the sid is empty, too long or not plain text")
    return replace(new, device=shown_text(new.device, MAX_DEVICE_CHARS), ip=shown_text(new.ip, MAX_IP_CHARS))


def storable_details(details: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """``details`` with every text inside made storable and cut. Raises ValueError when nested without end."""
    try:
        return None if details is None else _storable_object(details)
    except RecursionError:
        raise ValueError("the details are nested too deeply") from None


def shown_text(text: str | None, max_chars: int) -> str | None:
    """Text that is only shown: spaces for control characters, cut, None when nothing is left."""
    if text is None:
        return None
    cleaned = "".join(_REPLACED.get(unicodedata.category(char), char) for char in text[: 2 * max_chars])
    return cleaned.strip()[:max_chars].rstrip() or None


def _storable_object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {_storable_text(str(name)): _storable(part) for name, part in value.items()}


def _storable_text(text: str) -> str:
    return shown_text(text, _MAX_DETAIL_CHARS) or ""


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, Mapping):
        return _storable_object(value)
    if isinstance(value, list | tuple):
        return [_storable(part) for part in value]
    return value


def _fits(text: str, max_chars: int) -> bool:
    return 0 < len(text) <= max_chars and storable_text(text)


def _role_names(roles: frozenset[str]) -> frozenset[str]:
    names = frozenset(role for role in roles if ROLE_NAME.fullmatch(role))
    for dropped in sorted(roles - names)[:10]:
        role = printable(dropped)
        tell("role_dropped", "dropped a role that is not a role name: %s", role, role=role)
    if len(names) > NameSet.max_names:
        raise TooManyRoles(f"the provider names {len(names)} roles")
    return names
