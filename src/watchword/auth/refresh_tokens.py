"""Refresh tokens under our secret: minted, read, and sealed for whoever holds the one before."""

from __future__ import annotations

import secrets
from uuid import UUID

from watchword.auth.sealing import Sealer
from watchword.errors import RefreshRefused, SealBroken, SecretKeyMismatch
from watchword.protocol import refresh_token
from watchword.protocol.refresh_token import RefreshToken


class RefreshTokens:
    """Tags with the current secret, reads with previous ones too."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def mint(self, session_id: UUID, generation: int) -> RefreshToken:
        """A token of 256 fresh random bits."""
        return refresh_token.mint(
            session_id,
            generation,
            secrets.token_bytes(refresh_token.SECRET_BYTES),
            tag_key=self._sealer.subkeys("refresh-tag")[0],
        )

    def read(self, presented: str) -> RefreshToken:
        """Raises RefreshRefused."""
        return refresh_token.read(presented, tag_keys=self._sealer.subkeys("refresh-tag"))

    def seal_successor(self, token: RefreshToken, successor: RefreshToken) -> bytes:
        """Opening it needs our secret and ``token`` itself."""
        return self._sealer.seal(
            "refresh-successor",
            successor.text.encode(),
            place=_place(token.session_id, successor.generation),
            also=token.text.encode(),
        )

    def open_successor(self, token: RefreshToken, sealed: bytes) -> RefreshToken:
        """Raises RefreshRefused."""
        place = _place(token.session_id, token.generation + 1)
        try:
            text = self._sealer.open("refresh-successor", sealed, place=place, also=token.text.encode())
        except (SealBroken, SecretKeyMismatch) as error:
            raise RefreshRefused(f"the successor cannot be opened: {error}") from None
        return self.read(text.decode())


def _place(session_id: UUID, generation: int) -> bytes:
    return session_id.bytes + generation.to_bytes(4, "big")
