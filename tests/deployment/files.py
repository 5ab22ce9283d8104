"""The files that a deployment is made of, as they are in the repository."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FRONT_PORT = 8080
REPLICAS = ("172.30.8.11:8000", "172.30.8.12:8000")


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    """A compose file, its anchors and merges resolved, its variables not."""
    yaml: Any = importlib.import_module("yaml")
    read: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return read


def site(port: int, replicas: Sequence[int]) -> str:
    """The very configuration of nginx, at addresses of loopback."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    there = [f"127.0.0.1:{each}" for each in replicas]
    pairs = [(f"listen {FRONT_PORT};", f"listen 127.0.0.1:{port};"), *zip(REPLICAS, there, strict=True)]
    for address, other in pairs:
        assert text.count(address) == 1, address
        text = text.replace(address, other)
    return text
