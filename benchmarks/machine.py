"""The machine that a benchmark runs on, in words."""

from __future__ import annotations

import platform
from pathlib import Path


def processor_name() -> str:
    """As far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return next(iter(models), platform.machine())
