"""What the marks on the columns mean, in the words of the data map."""

from __future__ import annotations

from typing import Final

PURPOSES: Final = {
    "account": "the account: who somebody is here and what they may do",
    "sign-in": "signing in",
    "session": "staying signed in",
    "provider": "asking the sign-in provider again, and signing out there",
    "security": "protecting the account: its owner tells their sessions apart, theft is found out",
    "record": "the audit trail: who did what, for operators and after an incident",
    "terms": "proof of which terms were accepted",
    "versions": "telling callers of an old version of the API that it ends",
}
GROUNDS: Final = {
    "contract": "Art. 6(1)(b), contract",
    "interest": "Art. 6(1)(f), legitimate interest",
    "duty": "Art. 6(1)(c), legal obligation",
}
RETENTIONS: Final = {
    "account": "until the account is erased",
    "session": "until the session's absolute end and the life of an access token have passed",
    "expiry": "two minutes after it has expired; a code that was used as long as its session",
    "recorded": "`WATCHWORD_PRIVACY__RETENTION_DAYS` (90 unless set)",
    "service": "as long as the service runs",
}
ERASURES: Final = {
    "delete": "row deleted",
    "null": "emptied",
    "pseudonymise": "replaced by what names nobody",
    "keep": "kept",
}
