"""The watch over every test: what is logged while the suite runs is searched for secrets.

Records of watchword are looked at from DEBUG on, whatever level a test has set; those of other libraries as
far as they are written.
"""

from __future__ import annotations

import logging
from typing import Final

from tests.leaks.patterns import secrets_in

_LOGGER: Final = "watchword"
_OWN_LEVEL: Final = logging.DEBUG - 1
"""Nobody else sets it: as long as it stands, the root logger's level says what is passed on."""
_OURS: Final = ("https://app.example.test/", "/auth/callback/")
"""Where no HTTP client of ours goes, but those of the tests do."""
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_FORMATTER: Final = logging.Formatter("%(name)s: %(message)s")


def written(record: logging.LogRecord) -> str:
    """A record with its extras and its traceback, chained causes included, as an operator would read it."""
    extras = {name: each for name, each in vars(record).items() if name not in _STANDARD}
    return f"{_FORMATTER.format(record)} {extras or ''}"


def is_of_a_test(record: logging.LogRecord, text: str) -> bool:
    """Whether it was the HTTP client of a test, which asks our service as a browser does, that wrote it."""
    return record.name == "httpx2" and any(each in text for each in _OURS)


class LeakWatch(logging.Handler):
    """Keeps what leaked until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != _LOGGER:
            self._look(record)

    def looked_at(self, record: logging.LogRecord) -> bool:
        """The filter of watchword's own logger: everything is looked at, what was wanted goes on."""
        self._look(record)
        wanted = logging.getLogger(_LOGGER)
        return record.levelno >= (logging.root.level if wanted.level == _OWN_LEVEL else wanted.level)

    def taken(self) -> list[str]:
        leaks, self._leaks = self._leaks, []
        return leaks

    def begin(self) -> None:
        logging.root.addHandler(self)
        own = logging.getLogger(_LOGGER)
        own.addFilter(self.looked_at)
        own.setLevel(_OWN_LEVEL)

    def end(self) -> None:
        logging.root.removeHandler(self)
        own = logging.getLogger(_LOGGER)
        own.removeFilter(self.looked_at)
        own.setLevel(logging.NOTSET)

    def _look(self, record: logging.LogRecord) -> None:
        text = written(record)
        if not is_of_a_test(record, text):
            self._leaks += [f"{found} in: {text[:1000]}" for found in secrets_in(text)]
