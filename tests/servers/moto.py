"""AWS Secrets Manager for tests: moto's server on loopback, one a worker, emptied for every test.

Fixture: ``aws``, which also sets AWS's standard environment for the test. Put
``pytest_plugins = ["tests.servers.moto"]`` into the module that uses it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.servers.aws import REGION, Aws, in_aws_environment
from tests.servers.ports import loopback_port

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

HOST = "127.0.0.1"


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """The address of a running server."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = loopback_port()
    server = ThreadedMotoServer(HOST, port=port, verbose=False)
    server.start()
    yield f"http://{HOST}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def _moto_client(moto_server: str) -> Iterator[SecretsManagerClient]:
    import boto3

    with pytest.MonkeyPatch.context() as patch:
        in_aws_environment(patch, moto_server)
        client = boto3.session.Session().client("secretsmanager", region_name=REGION)
    yield client
    client.close()


@pytest.fixture
def aws(moto_server: str, _moto_client: SecretsManagerClient, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty Secrets Manager, and the environment that leads there."""
    from moto.secretsmanager.models import secretsmanager_backends

    secretsmanager_backends.reset()
    in_aws_environment(monkeypatch, moto_server)
    return Aws(moto_server, _moto_client)
