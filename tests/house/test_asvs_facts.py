"""Rows of docs/security/asvs.md that are true of the code as it is written."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, files, short
from watchword.config.auth import Settings
from watchword.config.problems import setting_names
from watchword.models import metadata

PACKAGE = "src/watchword"
CRYPTOGRAPHY = {
    "auth/client_authenticator.py",
    "auth/key_maker.py",
    "auth/sealing.py",
    "dev_provider/client_assertions.py",
    "dev_provider/keys.py",
    "protocol/algorithms.py",
    "protocol/assertion_key.py",
    "protocol/jwk.py",
    "protocol/jwk_material.py",
    "protocol/private_jwk.py",
    "protocol/signing.py",
}
"""Modules that use ``cryptography``, or joserfc, which is made on it."""
OTHER_CRYPTOGRAPHY = {"jwt", "jose", "authlib", "Crypto", "Cryptodome", "nacl", "rsa", "ecdsa"}
NO_SECRETS = {
    "src/watchword/auth/token_issuer.py: token_urlsafe": "the id of an access token",
    "src/watchword/auth/session_manager.py: token_bytes": "the id of a session",
    "src/watchword/auth/grant_keeper.py: token_bytes": "the id of a provider's grant",
    "src/watchword/auth/provider_recheck.py: token_bytes": "the id of a lease",
    "src/watchword/storage/rows.py: token_bytes": "the ids of rows",
}
"""What is drawn with less than 128 bits, because it only has to differ."""


def imported(path: Path) -> Iterator[str]:
    """The first parts of the names of what a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]


def drawn() -> Iterator[tuple[str, int]]:
    """Where ``secrets`` is asked for so many bytes."""
    for path in files(".py", under=PACKAGE):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="secrets"), attr=("token_bytes" | "token_urlsafe") as how
                    ),
                    args=[argument],
                ):
                    yield f"{short(path)}: {how}", _value(argument, path)


def _value(argument: ast.expr, path: Path) -> int:
    module = importlib.import_module(".".join(path.relative_to(ROOT / "src").with_suffix("").parts))
    match argument:
        case ast.Constant(value=int(size)):
            return size
        case ast.Name(id=name):
            return int(getattr(module, name))
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return int(getattr(getattr(module, owner), name))
    raise AssertionError(f"{short(path)}: {ast.unparse(argument)} is no number that can be read")


def test_asvs_6_2_there_is_no_password_to_be_had() -> None:
    """No column and no setting of the service holds one, but those inside addresses of other services."""
    columns = [f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.columns]
    named = re.compile(r"passw|pwd|passphrase", re.IGNORECASE)
    assert not [name for name in [*columns, *setting_names(Settings)] if named.search(name)]
    assert len(columns) > 50


def test_asvs_11_2_1_cryptography_is_one_library_in_few_places() -> None:
    """A module that joins them is looked at; another library is a decision."""
    users = {each: set(imported(each)) for each in files(".py", under=PACKAGE)}
    of_it = {path for path, names in users.items() if names & {"cryptography", "joserfc"}}
    found = {short(path).removeprefix(f"{PACKAGE}/") for path in of_it}
    assert found == CRYPTOGRAPHY
    assert not {short(path) for path, names in users.items() if names & OTHER_CRYPTOGRAPHY}


def test_asvs_11_4_1_no_broken_digest_is_named() -> None:
    """Neither by ``hashlib`` nor by ``cryptography``, nor as the name of an algorithm."""
    broken = re.compile(r"\b(md4|md5|sha_?-?1|ripemd160)\b", re.IGNORECASE)
    assert not [
        short(path) for path in files(".py", under=PACKAGE) if broken.search(path.read_text(encoding="utf-8"))
    ]


def test_asvs_11_5_1_what_is_drawn_has_128_bits() -> None:
    """All that must not be guessed; what has less is an identifier, and on the list."""
    found = list(drawn())
    assert len(found) >= 10
    assert {where for where, size in found if size < 16} == NO_SECRETS.keys()
