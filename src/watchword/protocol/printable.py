"""Foreign text on its way into an operator's log line: printable ASCII, one line, capped."""

from __future__ import annotations


def printable(text: str, *, max_chars: int = 100) -> str:
    """``text`` with everything outside printable ASCII as ``?``, cut to ``max_chars`` characters."""
    shown = "".join(char if " " <= char <= "~" else "?" for char in text[:max_chars])
    return shown if len(text) <= max_chars else shown + "..."
