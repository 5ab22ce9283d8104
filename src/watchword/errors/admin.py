"""Why an administrator's page, or what they want to do there, is refused."""

from __future__ import annotations

from watchword.errors.base import WatchwordError


class AdminRequired(WatchwordError):
    """The caller has not been granted the role, or presents a session that is no browser's."""

    code = "admin_required"
    status = 403
    title = "For administrators"
    public = "This page is for the people who run this service."
    oauth_error = "access_denied"


class OwnAccountKept(WatchwordError):
    """Administrators do not lock themselves out, and so never the last one."""

    code = "own_account_kept"
    status = 409
    title = "Your own account"
    public = "You cannot disable your own account here. Another administrator can."
    oauth_error = "invalid_request"
