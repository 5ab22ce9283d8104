"""Every harness by its name."""

from __future__ import annotations

from tests.fuzz.clients import CLIENT_HARNESSES
from tests.fuzz.requests import REQUEST_HARNESSES
from tests.fuzz.secrets import SECRET_HARNESSES
from tests.fuzz.tokens import TOKEN_HARNESSES

HARNESSES = {
    harness.name: harness
    for harness in (*TOKEN_HARNESSES, *SECRET_HARNESSES, *REQUEST_HARNESSES, *CLIENT_HARNESSES)
}
