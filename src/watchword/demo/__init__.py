"""The example API, runnable by any ASGI server: ``uvicorn --factory watchword.demo:create_app``."""

from watchword.demo.app import create_app

__all__ = ["create_app"]
