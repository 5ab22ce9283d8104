"""A short label for the list of sessions, from a few well-known browsers and systems.

The ``User-Agent`` header itself is never kept or shown.
"""

from __future__ import annotations

_MAX_CHARS = 512

# Order matters: later browsers carry the names of earlier ones.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
    ("PostmanRuntime/", "Postman"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("HTTPie/", "HTTPie"),
    ("python-httpx", "Python"),
    ("python-requests/", "Python"),
    ("okhttp/", "Android app"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def device_label(user_agent: str | None) -> str | None:
    """For example ``Firefox on Linux``; the browser alone when the system is unknown; None when
    the browser is."""
    text = (user_agent or "")[:_MAX_CHARS]
    browser = next((label for mark, label in _BROWSERS if mark in text), None)
    system = next((label for mark, label in _SYSTEMS if mark in text), None)
    return f"{browser} on {system}" if browser and system else browser
