"""Promises of the ring in AWS Secrets Manager: one writer wins, and every failure has its sentence."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.contract.key_stores import HELD, ring, set_aws_back
from tests.servers.aws import Aws, in_aws_environment
from tests.servers.ports import loopback_port
from watchword.auth.key_ports import StoredRing
from watchword.auth.ring_json import ring_to_json
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable
from watchword.vault.aws_key_store import AwsKeyStore

EMPTY = StoredRing("", ())
Answer = Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]


@dataclass
class OddAws:
    """An endpoint that answers as ``answer`` says: what moto cannot be made to do."""

    answer: Answer | None = None


@pytest.fixture
def odd_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[OddAws]:
    odd, ended = OddAws(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if odd.answer is None:
                ended.wait(30)
                return
            status, document = odd.answer(self.headers["X-Amz-Target"].partition(".")[2], given)
            text = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    port = loopback_port()
    http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    in_aws_environment(monkeypatch, f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield odd
    ended.set()
    http.shutdown()
    http.server_close()
    thread.join(5)


def refused(code: str) -> Answer:
    return lambda _target, _given: (400, {"__type": code, "message": "arn of hunter2 was denied"})


def test_the_double_keeps_the_rule_that_writers_compete_by(aws: Aws) -> None:
    """As AWS documents it: a ClientRequestToken that is taken is refused for another content, and does
    nothing for the same."""
    token = "7f3c0a52-4f0e-5f0b-8d7e-2f5d4d1f9a10"
    aws.client.create_secret(Name=HELD, SecretString="first")
    for _ in range(2):
        aws.client.put_secret_value(SecretId=HELD, ClientRequestToken=token, SecretString="second")
    with pytest.raises(aws.client.exceptions.ResourceExistsException):
        aws.client.put_secret_value(SecretId=HELD, ClientRequestToken=token, SecretString="third")
    assert aws.client.get_secret_value(SecretId=HELD)["SecretString"] == "second"


async def test_a_put_that_was_taken_for_done_but_was_not_loses(odd_aws: OddAws) -> None:
    """The version is read again after the put: an endpoint that ignores a repeated token without a word
    makes nobody believe to have written."""
    theirs = ring_to_json(ring(10), place="there")

    def answer(target: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if given.get("VersionStage") == "AWSPREVIOUS":
            return 400, {"__type": "ResourceNotFoundException"}
        named = given.get("ClientRequestToken") or given.get("VersionId") or "v1"
        return 200, {"VersionId": named, "SecretString": theirs}

    odd_aws.answer = answer
    assert await AwsKeyStore(HELD).replace(StoredRing("v1", ()), ring()) is False


async def test_each_ring_is_current_at_once_and_none_is_left_pending(aws: Aws) -> None:
    """What rotation functions of AWS leave behind, and readers trip over."""
    store = AwsKeyStore(HELD)
    for number in (0, 10, 20):
        assert await store.replace(await store.load(), ring(number))
        staged = aws.client.describe_secret(SecretId=HELD)["VersionIdsToStages"]
        stages = [stage for each in staged.values() for stage in each]
        assert stages.count("AWSCURRENT") == 1
        assert "AWSPENDING" not in stages


async def test_a_secret_that_an_operator_made_without_a_value_is_filled(aws: Aws) -> None:
    """As infrastructure code makes it, with its own key and policy: no right to create is needed."""
    aws.client.create_secret(Name=HELD, Description="made by hand")
    store = AwsKeyStore(HELD)
    assert await store.load() == EMPTY
    assert await store.replace(EMPTY, ring())
    assert (await store.load()).keys == ring()
    assert aws.client.describe_secret(SecretId=HELD)["Description"] == "made by hand"


async def test_a_secret_that_was_set_back_can_be_written_again(aws: Aws) -> None:
    """The version that would follow is there already, and is not taken for another writer's."""
    store = AwsKeyStore(HELD)
    assert await store.replace(EMPTY, ring(age_seconds=60))
    first = await store.load()
    assert await store.replace(first, ring(10))
    set_aws_back(aws, first.version)
    assert await store.load() == first
    assert await store.replace(first, ring(20))
    assert (await store.load()).keys == ring(20)


async def test_a_secret_marked_for_deletion_is_told(aws: Aws) -> None:
    """It is neither empty nor away."""
    aws.keep(HELD, "value")
    aws.remove(HELD)
    for ask in (AwsKeyStore(HELD).load(), AwsKeyStore(HELD).replace(EMPTY, ring())):
        with pytest.raises(KeyStoreUnavailable, match="marked for deletion"):
            await ask


async def test_a_binary_secret_is_no_ring(aws: Aws) -> None:
    """Somebody else's."""
    aws.client.create_secret(Name=HELD, SecretBinary=b"\0")
    with pytest.raises(KeyStoreInvalid, match="binary"):
        await AwsKeyStore(HELD).load()


async def test_a_secret_named_by_arn_is_never_created(aws: Aws) -> None:
    """An ARN names one that is there."""
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/keys-AbCdEf"
    with pytest.raises(KeyStoreUnavailable, match="no such secret"):
        await AwsKeyStore(arn).replace(EMPTY, ring())
    assert aws.client.list_secrets()["SecretList"] == []


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("AccessDeniedException", "allow secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "allow kms:Decrypt"),
        ("ThrottlingException", "limits the rate"),
        ("ExpiredTokenException", "does not accept the credentials"),
        ("InternalServiceError", "InternalServiceError"),
    ],
)
async def test_flt_23_each_refusal_names_its_remedy(odd_aws: OddAws, code: str, told: str) -> None:
    """The action to allow or what to look at, the store, and nothing that AWS wrote besides."""
    odd_aws.answer = refused(code)
    with pytest.raises(KeyStoreUnavailable, match=told) as away:
        await AwsKeyStore(HELD).load()
    assert away.value.detail.startswith(f"aws-secrets-manager:{HELD}: ")
    assert "hunter2" not in away.value.detail


@pytest.mark.parametrize("action", ["PutSecretValue", "CreateSecret"])
async def test_a_right_that_writing_lacks_is_named(odd_aws: OddAws, action: str) -> None:
    """Reading is allowed, the one action is not."""

    def answer(target: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        code = "AccessDeniedException" if target == action else "ResourceNotFoundException"
        return 400, {"__type": code, "message": ""}

    odd_aws.answer = answer
    with pytest.raises(KeyStoreUnavailable, match=f"allow secretsmanager:{action} .*kms:GenerateDataKey"):
        await AwsKeyStore(HELD).replace(EMPTY, ring())


async def test_flt_23_an_endpoint_that_hangs_ends_in_time(odd_aws: OddAws) -> None:
    """It took the connection and says nothing."""
    with pytest.raises(KeyStoreUnavailable, match=r"within 0\.2 seconds"):
        await AwsKeyStore(HELD, call_seconds=0.2).load()


async def test_no_region_is_told(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked of anybody."""
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(KeyStoreUnavailable, match="set AWS_REGION"):
        await AwsKeyStore(HELD).load()
