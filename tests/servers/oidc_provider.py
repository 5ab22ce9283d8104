"""An identity provider none of us wrote: npm's ``oidc-provider`` on loopback, one a test module.

Its packages are those of ``tests/peers/package-lock.json``; see ``tests/servers/node.py``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.node import install, node_program

PEERS = Path(__file__).parent.parent / "peers"
_STOP_SECONDS = 10


@dataclass
class PeerProvider:
    """The running provider and the process behind it."""

    issuer: str
    process: subprocess.Popen[str]

    def rotate_keys(self) -> None:
        """Replace every signing key; the old ones are gone from the key set at once."""
        self._say("rotate")

    def require_pushed_requests(self, required: bool) -> None:
        """Whether only requests that were sent ahead are taken (RFC 9126); the keys are replaced too."""
        self._say("require pushed" if required else "allow direct")

    def revoke_grants(self) -> None:
        """Withdraw every grant, and with it every code and token; the keys stay."""
        self._say("revoke")

    def stop(self) -> None:
        try:
            if self.process.poll() is None:
                self._say("quit")
            self.process.wait(_STOP_SECONDS)
        finally:
            self.process.kill()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()

    def _say(self, line: str) -> None:
        if self.process.stdin is None:
            raise AssertionError("the provider has no standard input")
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert answer_of(self.process) == {"done": line}


@contextmanager
def peer_provider(clients: Sequence[dict[str, Any]]) -> Iterator[PeerProvider]:
    """Run the provider with these registered clients."""
    node = node_program()
    install(PEERS, node)
    command = [str(node), "server.mjs", json.dumps({"clients": list(clients)})]
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
    }
    process = subprocess.Popen(command, cwd=PEERS, text=True, **pipes)
    peer = PeerProvider("", process)
    try:
        peer.issuer = answer_of(process)["issuer"]
        yield peer
    finally:
        peer.stop()


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line the provider prints, which is JSON."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the provider ended without an answer"
    answer = json.loads(line)
    assert isinstance(answer, dict)
    return answer
