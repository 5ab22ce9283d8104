"""``/docs`` of the demo: what it serves, and as which client it signs in."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from watchword.config.auth import Settings
from watchword.demo import create_app
from watchword.demo.docs import CLIENT_ID, with_docs_client

BASE_URL = "http://127.0.0.1:8000"
REDIRECT = f"{BASE_URL}/docs/oauth2-redirect"


NOBODY = {"issuer": "http://127.0.0.1:9", "client_id": "x", "client_secret": "y"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """The demo without its lifespan: none of this needs a provider or a database."""
    database = tmp_path_factory.mktemp("docs") / "demo.db"
    settings = Settings(base_url=BASE_URL, database_url=f"sqlite:///{database}", providers={"dev": NOBODY})
    return TestClient(create_app(settings), base_url=BASE_URL)


def test_the_page_asks_nobody_else(demo: TestClient) -> None:
    """Every address in it is a path of ours, its policy allows no other and no inline script."""
    response = demo.get("/docs")
    assert response.status_code == 200
    assert response.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in response.headers["content-security-policy"]
    assert "cross-origin-opener-policy" not in response.headers
    named = re.findall(r'(?:src|href)="([^"]*)"', response.text)
    assert len(named) >= 4
    assert all(each.startswith("/") or each == "data:," for each in named)
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("docs.js", "text/javascript"),
        ("home.js", "text/javascript"),
        ("oauth2-redirect.js", "text/javascript"),
    ],
)
def test_its_assets_are_ours(demo: TestClient, name: str, media_type: str) -> None:
    """Served from this origin, as what they are."""
    response = demo.get(f"/docs/assets/{name}")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(media_type)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content


@pytest.mark.parametrize("name", ["redoc.standalone.js", "..%2fapp.py", "docs.py", "%00"])
def test_nothing_else_is_served(demo: TestClient, name: str) -> None:
    """Five files by name, not a folder."""
    assert demo.get(f"/docs/assets/{name}").status_code == 404


def test_swagger_ui_is_a_client_that_returns_to_us(demo: TestClient) -> None:
    """Registered with one address on our own origin, filled in on the page, offered in the document."""
    page = demo.get("/docs").text
    assert f'data-client="{CLIENT_ID}"' in page
    assert f'data-redirect="{REDIRECT}"' in page
    scheme = demo.get("/openapi.json").json()["components"]["securitySchemes"]["watchword"]
    assert scheme["flows"]["authorizationCode"]["tokenUrl"] == f"{BASE_URL}/auth/token"


def test_a_configured_client_of_that_name_is_left_alone() -> None:
    """Who registers it decides what it may."""
    configured = Settings(clients={CLIENT_ID: {"redirect_uris": [REDIRECT], "scopes": ["orders:read"]}})
    assert with_docs_client(configured) is configured


def test_other_clients_stay() -> None:
    """Swagger UI is added to them."""
    settings = with_docs_client(Settings(clients={"spa": {"redirect_uris": ["https://spa.example/cb"]}}))
    assert set(settings.clients) == {"spa", CLIENT_ID}
    assert settings.clients[CLIENT_ID].redirect_uris == (REDIRECT,)


def test_over_plain_http_that_is_not_loopback_there_is_no_client() -> None:
    """Staging may be served so; a code would travel in the clear."""
    settings = Settings(
        environment="staging", base_url="http://staging.example", secret_key="QUJD" * 10 + "QUI="
    )
    assert with_docs_client(settings) is settings
