"""The table of bad tokens: every one must be refused, for its own reason."""

from __future__ import annotations

from tests.gate.bad_claims import BAD_CLAIMS
from tests.gate.bad_forms import BAD_FORMS
from tests.gate.bad_headers import BAD_HEADERS
from tests.gate.bad_json import BAD_JSON

BAD_TOKENS = (*BAD_CLAIMS, *BAD_JSON, *BAD_HEADERS, *BAD_FORMS)

FAMILIES = frozenset(case.name.partition("-")[0] for case in BAD_TOKENS)
