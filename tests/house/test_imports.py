"""What an import brings with it: a list of what may come, for each place where a caller's start waits."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.servers.demo import environment

STEPS = {
    "import watchword": set[str](),
    "import pytest": {"_pytest", "iniconfig", "pluggy", "py", "pygments", "pytest"},
    "import watchword.testing.plugin": set[str](),
    "import watchword.cli.main": {"annotated_doc", "shellingham", "typer"},
    "from watchword import Principal": set[str](),
    "from watchword import public, require_auth": {
        "anyio",
        "python_multipart",
        "starlette",
        "typing_extensions",
    },
    "import fastapi": {
        "annotated_types",
        "fastapi",
        "opentelemetry",
        "pydantic",
        "pydantic_core",
        "typing_inspection",
    },
    "from watchword import CurrentPrincipal, OptionalPrincipal, current_principal": set[str](),
    "from watchword import optional_principal_of, principal_of, version": set[str](),
    "import watchword.demo, watchword.errors": set[str](),
}
"""What each line may add to those before it, beside the standard library and watchword."""

RUN = """
import json, sys
def loaded():
    names = {name.partition(".")[0] for name in sys.modules}
    return {name for name in names if name != "watchword" and not name.startswith("_sysconfig")}
added, before = {}, loaded() | sys.stdlib_module_names
for line in json.loads(sys.argv[1]):
    exec(line)
    added[line] = sorted(loaded() - before)
    before |= loaded()
print(json.dumps(added))
"""


def test_an_import_brings_what_is_on_the_list_and_nothing_else() -> None:
    """Marking routes, the pytest plugin and the command line load no database, vault or HTTP client,
    and the last two no web framework."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(list(STEPS))],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    added = {line: set(names) for line, names in json.loads(ended.stdout).items()}
    assert {line: names - STEPS[line] for line, names in added.items() if names - STEPS[line]} == {}
