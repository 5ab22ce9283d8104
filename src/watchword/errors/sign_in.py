"""Why a callback does not end in a session."""

from __future__ import annotations

from watchword.errors.base import WatchwordError


class SignInRefused(WatchwordError):
    """Base of every reason why a callback does not end in a session."""

    code = "sign_in_refused"
    status = 400
    title = "Sign-in refused"
    public = "You could not be signed in. Please start again."
    oauth_error = "access_denied"


class UnknownProvider(WatchwordError):
    code = "unknown_provider"
    status = 404
    title = "Unknown sign-in provider"
    public = "This service does not offer that sign-in provider."
    oauth_error = "invalid_request"


class AttemptMissing(SignInRefused):
    code = "attempt_missing"
    title = "Sign-in was not started here"
    public = (
        "This sign-in was not started in this browser, was already finished, or the browser does not keep "
        "cookies of this site."
    )


class AttemptExpired(SignInRefused):
    code = "attempt_expired"
    title = "Sign-in took too long"
    public = "This sign-in took longer than ten minutes. Please start again."


class AttemptUsed(SignInRefused):
    code = "attempt_used"
    title = "Sign-in already used"
    public = "This sign-in was already used once; it cannot be used again."


class AuthorizationResponseInvalid(SignInRefused):
    code = "authorization_response_invalid"
    title = "Sign-in answer invalid"
    public = "The answer of the sign-in provider does not belong to this sign-in. Please start again."


class AuthorizationRequestRefused(AuthorizationResponseInvalid):
    """The provider does not take the request as this service is registered there (RFC 6749 §4.1.2.1)."""

    code = "authorization_request_refused"
    title = "Sign-in provider refused the request"
    public = (
        "The sign-in provider does not accept sign-ins of this service as it is set up. This is nothing you "
        "did; please tell the people who run this service."
    )


class ProviderDenied(SignInRefused):
    code = "provider_denied"
    title = "Sign-in provider said no"
    public = "The sign-in provider did not let you in, or you cancelled. You can try again."


class CodeRefused(SignInRefused):
    code = "code_refused"
    title = "Sign-in code refused"


class IdTokenRejected(SignInRefused):
    code = "id_token_rejected"
    title = "Identity could not be verified"
    public = "The sign-in provider's answer could not be verified. You are not signed in."


class SignInNotRecent(SignInRefused):
    """A recent sign-in was asked for and the provider did not vouch for one (RFC 9470 §5)."""

    code = "sign_in_not_recent"
    title = "Sign-in not recent"
    public = "This needs a fresh sign-in, and the sign-in provider did not confirm one. Please try again."
    oauth_error = "unmet_authentication_requirements"


class StepUpUnsupported(SignInRefused):
    """A recent sign-in was asked for at a provider that never says when a person signed in."""

    code = "step_up_unsupported"
    title = "Fresh sign-in not possible"
    public = "This needs a fresh sign-in, which this sign-in provider cannot confirm."
    oauth_error = "unmet_authentication_requirements"


class UserinfoRejected(SignInRefused):
    code = "userinfo_rejected"
    title = "Profile could not be verified"
    public = "The sign-in provider's answer could not be verified. You are not signed in."


class UserinfoOfAnother(UserinfoRejected):
    """It is about somebody else: nothing of it may be used (OpenID Connect Core §5.3.2)."""


class UserDisabled(SignInRefused):
    code = "user_disabled"
    status = 403
    title = "Account disabled"
    public = "This account cannot sign in. Please ask the people who run this service."


class AccountErased(UserDisabled):
    """The person was erased, and is known by nothing but that."""

    code = "account_erased"
    title = "Account erased"
    public = (
        "The account behind this sign-in was erased, with everything that was kept about it. It cannot be "
        "used again here."
    )


class LinkSessionEnded(SignInRefused):
    """Linking began in a session that this browser does not have, or not any more."""

    code = "link_session_ended"
    status = 403
    title = "Linking was started in another session"
    public = (
        "Another way to sign in can only be added while you stay signed in, in one browser. Nothing was "
        "added. Please sign in and start again."
    )


class IdentityLinkedElsewhere(SignInRefused):
    """Somebody already signs in with it to another account; accounts are never merged."""

    code = "identity_linked_elsewhere"
    status = 409
    title = "This sign-in belongs to another account"
    public = (
        "What you signed in with already belongs to another account of this service. Nothing was changed: "
        "you are still signed in to this account, and the other one stays as it is."
    )


class SessionLimitReached(SignInRefused):
    """The account has as many live sessions as it may, and the policy is to refuse one more."""

    code = "session_limit_reached"
    status = 403
    title = "Too many sessions"
    public = "This account is signed in at as many places as it may be. Please sign out at one of them first."


class TooManyRoles(SignInRefused):
    code = "too_many_roles"
    status = 403
    title = "Too many roles"
    public = (
        "This account has more roles than a session can carry. Please ask the people who run this service."
    )
    oauth_error = "invalid_request"
