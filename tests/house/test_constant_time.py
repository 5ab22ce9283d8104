"""X-20: nothing secret is compared by ``==``, and nothing is looked up by a secret itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import files, short
from watchword.models import Base

SECRET = re.compile(
    r"(^|_)(digest|hash|tag|secret|token|code|verifier|challenge|nonce|state|signature)s?$", re.IGNORECASE
)
LOOKED_UP_BY = re.compile(r"(^|_)(digest|hash|secret|token|code|verifier|private|password|successor)s?$")
NO_SECRET = frozenset({"status_code", "state"})
"""Names that end like a secret's: an answer's status, the state of a signing key."""


def comparisons(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every ``==`` and ``!=`` of two expressions: where, and what each of them is called."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
            sides = [node.left, *node.comparators]
            if not any(isinstance(each, ast.Constant) for each in sides):
                yield node.lineno, [_name(each) for each in sides]


def _name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Constant(value=str(name)):
            return name
        case ast.Subscript(value=inner) | ast.Call(func=inner):
            return _name(inner)
    return ""


def test_x_20_secrets_are_compared_in_constant_time() -> None:
    """``hmac.compare_digest`` everywhere; a database may compare digests, which say nothing, and the
    public one under which the turn to clean up is kept."""
    suspicious = [
        (short(path), line, names)
        for path in files(".py", under="src/watchword")
        if "dev_provider" not in path.parts
        for line, names in comparisons(path)
        if any(SECRET.search(name) and name not in NO_SECRET for name in names)
    ]
    in_statements = {
        "src/watchword/storage/authorization_codes.py",
        "src/watchword/storage/cleanup_turns.py",
        "src/watchword/storage/holdings.py",
        "src/watchword/storage/terms.py",
        "src/watchword/storage/tombstones.py",
    }
    assert {each[0] for each in suspicious} == in_statements
    assert all(set(names) <= {"digest", "code_challenge", "_HOLDER", "subject"} for _, _, names in suspicious)


def test_x_20_no_column_holds_a_secret_that_could_be_looked_up() -> None:
    """Tokens, codes and keys are stored as digests or sealed."""
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    named = [str(column) for column in columns if LOOKED_UP_BY.search(column.name)]
    assert len(named) >= 5
    allowed = re.compile(r"(\.|_)digest$|\.sealed_")
    assert not [each for each in named if not allowed.search(each)]
