"""Which settings were given as references, by the names that operators know them by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from watchword.config.problems import setting_name
from watchword.config.sources import FromReference, Unresolved

if TYPE_CHECKING:
    from watchword.config.auth import Settings


def setting_references(
    found: Iterable[tuple[tuple[str, ...], FromReference | Unresolved]],
) -> Mapping[str, FromReference]:
    """What each reference led to, by setting, such as ``WATCHWORD_SECRET_KEY``."""
    return {setting_name(path): value for path, value in found if isinstance(value, FromReference)}


def asks_vault(settings: Settings) -> bool:
    """Whether signing keys or secrets are kept in Vault."""
    schemes = {found.reference.scheme for found in settings.references.values()}
    return settings.keys.store == "vault" or "vault" in schemes
