"""The running example, one for all tests of this folder, and people who are signed in to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.forward_auth import Site, running_site
from watchword.auth.grants import Grant


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="package")
def editor(site: Site) -> Grant:
    return site.signed_in("editor", roles=["editor"])


@pytest.fixture(scope="package")
def admin(site: Site) -> Grant:
    return site.signed_in("admin", roles=["admin", "editor"], scopes=["orders:read", "orders:write"])
