"""Serving an app by uvicorn: for ``watchword serve`` and the demo."""
