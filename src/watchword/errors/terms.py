"""Why somebody may not go on before they accept the terms, and why an acceptance is not taken."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.errors.base import WatchwordError


class TermsRequired(WatchwordError):
    """The caller is known, but has not accepted the terms in force; ``terms_url`` is where they can."""

    code = "terms_required"
    status = 403
    title = "Terms not accepted"
    public = "Please read and accept the terms of this service first."
    oauth_error = "access_denied"
    terms_url: str = ""

    def __init__(self, detail: str = "", *, terms_url: str = "") -> None:
        super().__init__(detail)
        self.terms_url = terms_url

    @property
    def extensions(self) -> Mapping[str, str]:
        return {"terms_url": self.terms_url}


class TermsChanged(WatchwordError):
    """Another version was accepted than the one in force, which is ``version``."""

    code = "terms_changed"
    status = 409
    title = "Other terms are in force"
    public = "These are not the terms in force now. Please read the current ones."
    oauth_error = "invalid_request"
    version: str = ""

    def __init__(self, detail: str = "", *, version: str = "") -> None:
        super().__init__(detail)
        self.version = version

    @property
    def extensions(self) -> Mapping[str, str]:
        return {"version": self.version}


class AccountRequired(WatchwordError):
    """The caller has no account here that the acceptance could belong to."""

    code = "account_required"
    status = 403
    title = "No account"
    public = "Only somebody with an account here can accept the terms. Please sign in here once."
    oauth_error = "access_denied"
