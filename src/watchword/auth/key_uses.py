"""When which key last signed and verified: noted in memory, written down behind the requests."""

from __future__ import annotations

from datetime import datetime

from watchword.auth.key_ports import KeyLedger, KeyUse


class KeyUses:
    """Noting is one write to a dictionary. What was not written down when the process ends is lost."""

    def __init__(self) -> None:
        self._signed: dict[str, datetime] = {}
        self._verified: dict[str, datetime] = {}

    def signed(self, kid: str, now: datetime) -> None:
        self._signed[kid] = now

    def verified(self, kid: str, now: datetime) -> None:
        self._verified[kid] = now

    async def write(self, ledger: KeyLedger) -> None:
        """Hand over what was noted, and keep it where that fails. Raises DatabaseUnavailable."""
        signed, verified = self._signed, self._verified
        self._signed, self._verified = {}, {}
        kids = signed.keys() | verified.keys()
        if not kids:
            return
        try:
            await ledger.note_uses({kid: KeyUse(signed.get(kid), verified.get(kid)) for kid in kids})
        except BaseException:
            self._signed, self._verified = signed | self._signed, verified | self._verified
            raise
