"""First-party clients as they are registered (RFC 6749 §2)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.protocol.redirect_uri import RedirectUri


@dataclass(frozen=True, slots=True)
class Client:
    """A public client: it proves nothing but that it began the flow (RFC 7636)."""

    client_id: str
    redirect_uris: tuple[RedirectUri, ...]
    scopes: frozenset[str]

    def redirect_uri(self, given: str, *, own_origin: str) -> RedirectUri | None:
        """The registered address that ``given`` matches."""
        matching = (each for each in self.redirect_uris if each.matches(given, own_origin=own_origin))
        return next(matching, None)

    @property
    def web_origins(self) -> frozenset[str]:
        """The origins of its https addresses: whose scripts may read our answers."""
        return frozenset(
            each.url.origin for each in self.redirect_uris if each.url is not None and each.kind == "web"
        )

    def may_call_from(self, origin: str) -> bool:
        """Whether a page of ``origin`` can be this client's."""
        return any(each.serves(origin) for each in self.redirect_uris)
