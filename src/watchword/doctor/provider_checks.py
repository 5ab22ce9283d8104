"""One provider, asked as a sign-in asks it: metadata, keys, clock, and what it thinks of our client."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.auth.client_assertion import ClientCredentials
from watchword.auth.client_proof import client_proofs
from watchword.auth.ports import Clock, HttpAnswer, ProviderHttp
from watchword.config.auth import Settings
from watchword.doctor import recheck_checks
from watchword.doctor.finding import Finding
from watchword.doctor.metadata_checks import metadata_findings
from watchword.doctor.token_probe import MADE_UP_CODE, MADE_UP_VERIFIER, probe_finding
from watchword.errors import ProviderSettingsMismatch, ProviderUnavailable, WatchwordError
from watchword.protocol.clock_skew import clock_skew_seconds, describe_clock_skew
from watchword.protocol.discovery import MAX_METADATA_BYTES, ProviderMetadata, check_metadata, metadata_url
from watchword.protocol.github import github_metadata
from watchword.protocol.jwk import MAX_KEY_SET_BYTES, KeySet, KeySetError, parse_key_set
from watchword.protocol.provider_answer import MAX_ANSWER_BYTES, check_document
from watchword.protocol.strict_json import loads_object
from watchword.protocol.token_exchange import code_grant

_SMALLEST_TOLERANCE_SECONDS = 2
"""``Date`` has whole seconds, and an answer is on its way for a moment."""


class ProviderExamination:
    """Asks one provider at most three things; faults are found, never raised."""

    def __init__(self, settings: Settings, provider_id: str, http: ProviderHttp, clock: Clock) -> None:
        self._settings = settings
        self._id = provider_id
        self._provider = settings.providers[provider_id]
        self._http = http
        self._clock = clock
        self._credentials = ClientCredentials(
            self._provider, clock, client_proofs(provider_id, self._provider, clock)
        )
        self._skew_seconds: int | None = None

    async def findings(self) -> list[Finding]:
        """All there is to say; what cannot be reached ends it early."""
        found: list[Finding] = []
        try:
            body = await self._document()
            metadata, document = self._checked(body), loads_object(body, max_bytes=MAX_METADATA_BYTES)
        except WatchwordError as error:
            return [*self._clock_findings(), self._told(error, "metadata", "correct ISSUER or METADATA_URL")]
        found += metadata_findings(self._id, self._provider, self._credentials, metadata, document)
        if self._settings.provider_recheck_seconds > 0:
            found += recheck_checks.offered(self._id, self._provider, metadata, document)
        if metadata.jwks_uri:
            found += await self._keys(metadata)
        found += await self._probe(metadata)
        return [*found, *self._clock_findings()]

    async def _document(self) -> bytes:
        provider = self._provider
        if provider.preset == "github" and provider.metadata_url is None:
            return github_metadata(provider.issuer)
        url = provider.metadata_url or metadata_url(provider.issuer_rule.discoverable)
        answer = self._timed(await self._http.get(url, max_bytes=MAX_METADATA_BYTES))
        check_document(url, answer.status, answer.headers)
        return answer.body

    def _checked(self, body: bytes) -> ProviderMetadata:
        return check_metadata(
            body,
            issuer=self._provider.issuer_rule,
            allow_loopback_http=self._settings.environment != "production",
            read_at=self._provider.metadata_url,
            signs=self._provider.about.id_token,
        )

    async def _keys(self, metadata: ProviderMetadata) -> list[Finding]:
        try:
            answer = self._timed(await self._http.get(metadata.jwks_uri, max_bytes=MAX_KEY_SET_BYTES))
            check_document("the key set", answer.status, answer.headers)
            keys = parse_key_set(answer.body)
        except KeySetError as error:
            return [self._fault("keys", str(error), "ask the provider; no ID token can be checked")]
        except WatchwordError as error:
            return [self._told(error, "keys", "the jwks_uri of its metadata must answer")]
        return list(self._key_findings(keys, metadata.id_token_algorithms))

    def _key_findings(self, keys: KeySet, algorithms: frozenset[str]) -> Iterator[Finding]:
        if keys.skipped:
            why = "; ".join(keys.faults[:5])
            text = f"{keys.skipped} of {keys.skipped + len(keys.keys)} keys are not used: {why}"
            yield Finding("warning", self._id, "keys", text, "harmless unless ID tokens are signed with them")
        usable = [key for key in keys.keys if any(key.fits(each) for each in algorithms)]
        listed = ", ".join(sorted(algorithms))
        if not usable:
            yield self._fault("keys", f"no key fits {listed}", "let the provider sign with one of those")
        else:
            yield Finding("ok", self._id, "keys", f"usable for {listed}: {len(usable)}")

    async def _probe(self, metadata: ProviderMetadata) -> list[Finding]:
        """Nothing is sent where the metadata rule our credentials out, which has been told."""
        redirect_uri = self._settings.redirect_uri(self._id)
        try:
            request = code_grant(
                metadata.token_endpoint,
                client=self._credentials.for_request(metadata),
                code=MADE_UP_CODE,
                redirect_uri=redirect_uri,
                code_verifier=MADE_UP_VERIFIER,
            )
        except ProviderSettingsMismatch:
            return []
        try:
            answer = self._timed(
                await self._http.post_form(
                    request.url, request.form, max_bytes=MAX_ANSWER_BYTES, authorization=request.authorization
                )
            )
        except WatchwordError as error:
            return [self._told(error, "token_endpoint", "the token endpoint must answer")]
        return [probe_finding(self._id, self._provider, redirect_uri, answer)]

    def _timed(self, answer: HttpAnswer) -> HttpAnswer:
        """The last answer counts: that of the token endpoint comes out of no cache."""
        skew_seconds = clock_skew_seconds(answer.headers, now_seconds=self._clock.now_seconds())
        if skew_seconds is not None:
            self._skew_seconds = skew_seconds
        return answer

    def _clock_findings(self) -> Iterator[Finding]:
        if self._skew_seconds is None:
            return
        allowed = max(self._settings.clock_leeway_seconds, _SMALLEST_TOLERANCE_SECONDS)
        off = abs(self._skew_seconds)
        text = f"{describe_clock_skew(self._skew_seconds)}; {allowed} s are allowed"
        fix = "set this machine's clock by NTP; if it is right, the provider's is wrong"
        if off > allowed:
            yield self._fault("clock", f"{text}, so ID tokens are refused", fix)
        elif 2 * off >= allowed:
            yield Finding("warning", self._id, "clock", text, fix)
        else:
            yield Finding("ok", self._id, "clock", text)

    def _told(self, error: WatchwordError, check: str, fix: str) -> Finding:
        if isinstance(error, ProviderUnavailable):
            check = error.code.removeprefix("provider_")
            fix = "nobody can sign in here until then"
        return self._fault(check, error.detail, fix)

    def _fault(self, check: str, text: str, fix: str) -> Finding:
        return Finding("fault", self._id, check, text, fix)
