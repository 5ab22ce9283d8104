"""What an import costs at the start of a process, in CPU time, which other work on the machine hardly
changes: the median of new interpreters, an empty one taken off.

make bench ARGS=imports
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from statistics import median
from typing import Final

LINES: Final = (
    "from watchword import Principal, require_auth",
    "from watchword import CurrentPrincipal",
    "from watchword import Watchword, Settings",
    "import watchword.testing.plugin",
    "import watchword.cli.main",
    "import fastapi",
)
RUNS: Final = 15


def main(lines: Sequence[str] = LINES, runs: int = RUNS) -> None:
    """Print a row for each line."""
    empty = milliseconds("pass", runs)
    print("| line | ms |\n|---|---|")
    for line in lines:
        print(f"| `{line}` | {milliseconds(line, runs) - empty:.0f} |")


def milliseconds(line: str, runs: int) -> float:
    """Of CPU for a whole interpreter, after one run that compiles what is imported."""
    taken = []
    for _ in range(runs + 1):
        before = _used_by_children()
        subprocess.run([sys.executable, "-c", line], check=True)
        taken.append((_used_by_children() - before) * 1000)
    return median(taken[1:])


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
