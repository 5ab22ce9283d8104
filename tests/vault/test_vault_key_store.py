"""Promises of the ring in HashiCorp Vault, and of the client that references use too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.key_stores import HELD, ring
from tests.servers.key_value import TOKEN, KeyValueServer
from tests.servers.ports import loopback_port
from watchword.auth.key_ports import StoredRing
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable, SecretUnavailable
from watchword.vault.kv_client import KeyValueClient, KeyValueVersion
from watchword.vault.vault_key_store import VaultKeyStore

EMPTY = StoredRing("", ())
PATH = f"secret/{HELD}"


async def cause(path: str = PATH) -> str:
    """Why reading does not work."""
    with pytest.raises(KeyStoreUnavailable) as away:
        await VaultKeyStore(path).load()
    assert TOKEN not in away.value.detail
    return away.value.detail


async def test_a_ring_that_was_deleted_there_can_be_written_again(key_value: KeyValueServer) -> None:
    """A deleted version keeps its number, which has to be named."""
    store = VaultKeyStore(PATH)
    assert await store.replace(EMPTY, ring(age_seconds=60))
    key_value.delete(HELD)
    assert await store.load() == EMPTY
    assert await store.replace(EMPTY, ring(10))
    assert (await store.load()).keys == ring(10)


async def test_another_secret_at_the_path_is_no_ring_and_is_left_alone(key_value: KeyValueServer) -> None:
    """Neither read as one nor replaced."""
    key_value.keep(HELD, {"password": "hunter2"})
    store = VaultKeyStore(PATH)
    with pytest.raises(KeyStoreInvalid, match="has no text 'ring'") as refused:
        await store.load()
    assert "hunter2" not in refused.value.detail
    assert await store.replace(EMPTY, ring()) is False


async def test_flt_23_each_refusal_names_its_remedy(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong token, a wrong mount, a sealed Vault, no engine of version 2, nobody there, no address."""
    monkeypatch.setenv("VAULT_TOKEN", "hvs.another")
    assert f'lacks ["read"] on "secret/data/{HELD}"' in await cause()
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    assert "no key-value engine of version 2 at the mount 'other'" in await cause("other/keys")
    key_value.sealed = True
    assert "sealed" in await cause()
    key_value.sealed, key_value.garbage = False, True
    assert "none of Vault's" in await cause()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{loopback_port()}")
    assert "check VAULT_ADDR" in await cause()
    monkeypatch.delenv("VAULT_ADDR")
    assert "VAULT_ADDR is not set" in await cause()


async def test_flt_23_a_server_that_hangs_ends_in_time(key_value: KeyValueServer) -> None:
    """It took the connection and says nothing, to readers and writers."""
    key_value.hang()
    store = VaultKeyStore(PATH, call_seconds=0.2)
    for ask in (store.load(), store.replace(EMPTY, ring())):
        with pytest.raises(KeyStoreUnavailable, match=r"within 0\.2 seconds"):
            await ask


def test_a_token_file_is_read_every_time(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An agent keeps a fresh token there, without a restart of the service."""
    key_value.keep("app", {"key": "value"})
    file = tmp_path / "token"
    file.write_text("hvs.expired\n")
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(file))
    client = KeyValueClient()
    with pytest.raises(SecretUnavailable, match="denies access"):
        client.read("secret/app")
    file.write_text(f"{TOKEN}\n")
    assert client.read("secret/app").data == {"key": "value"}


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"two\nlines"])
def test_a_token_file_without_a_token_is_told(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """By the variable and the file, never its content."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(file))
    with pytest.raises(SecretUnavailable, match=r"VAULT_TOKEN_FILE: .*token"):
        KeyValueClient().read("secret/app")
    assert key_value.requests == []


def test_without_a_token_nobody_is_asked(key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of the CLI in the home folder does not count: a service's token is given to it."""
    monkeypatch.delenv("VAULT_TOKEN")
    with pytest.raises(SecretUnavailable, match="set VAULT_TOKEN_FILE or VAULT_TOKEN"):
        KeyValueClient().read("secret/app")


@pytest.mark.parametrize("token", ["hvs.two\nlines", "hvs.ø"])
def test_a_variable_that_holds_no_token_is_told(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """And not taken for a Vault that does not answer."""
    monkeypatch.setenv("VAULT_TOKEN", token)
    with pytest.raises(SecretUnavailable, match="VAULT_TOKEN holds no token"):
        KeyValueClient().read("secret/app")
    assert key_value.requests == []


def test_a_namespace_goes_with_every_request(
    key_value: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Vault Enterprise and OpenBao."""
    key_value.namespace = "team/a"
    key_value.keep("app", {"key": "value"})
    monkeypatch.setenv("VAULT_NAMESPACE", "team/a")
    assert KeyValueClient().read("secret/app").data == {"key": "value"}


def test_versions_can_be_read_and_written_one_after_the_other(key_value: KeyValueServer) -> None:
    """By number; nothing is number 0; who is late is told."""
    client = KeyValueClient()
    assert client.read("secret/app") == KeyValueVersion(0)
    assert client.write("secret/app", {"n": "1"}, cas=0)
    assert client.write("secret/app", {"n": "2"}, cas=1)
    assert client.write("secret/app", {"n": "3"}, cas=1) is False
    assert client.read("secret/app").data == {"n": "2"}
    assert client.read("secret/app", version=1).data == {"n": "1"}


def test_what_was_read_does_not_print(key_value: KeyValueServer) -> None:
    """Nor does the client show its token."""
    key_value.keep("app", {"key": "hunter2"})
    client = KeyValueClient()
    assert "hunter2" not in repr(client.read("secret/app"))
    assert TOKEN not in repr(client) + repr(vars(client))
