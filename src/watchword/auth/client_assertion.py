"""What we prove who we are with at one provider, request by request."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from watchword.auth.client_proof import ClientProof, ClientProofs
from watchword.auth.deadline import OPERATION_SECONDS, time_left_seconds
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.config.provider import ProviderSettings
from watchword.errors import ProviderClientRefused, ProviderSettingsMismatch
from watchword.protocol.assertion_key import AssertionKey, client_assertion
from watchword.protocol.client_auth import ClientAuthentication, check_method_offered
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.printable import printable

T = TypeVar("T")
Send = Callable[[ClientAuthentication], Awaitable[T]]


class ClientCredentials:
    """Our client's credentials at one provider (OpenID Connect Core §9). ``proofs`` may be
    replaced while we run."""

    def __init__(self, settings: ProviderSettings, clock: Clock, proofs: ClientProofs) -> None:
        self._settings = settings
        self._clock = clock
        self._proofs = proofs

    def check(self, metadata: ProviderMetadata) -> None:
        """Whether the provider accepts what we have, and it can be sent at all. Raises
        ProviderSettingsMismatch."""
        self._first(metadata)

    def for_request(self, metadata: ProviderMetadata) -> ClientAuthentication:
        """What authenticates one request, by the value that is tried first: an assertion is good for one
        only. Raises ProviderSettingsMismatch."""
        return self._authentication(metadata, self._first(metadata))

    async def prove(self, metadata: ProviderMetadata, send: Send[T]) -> T:
        """Ask by ``send`` with what authenticates one request.

        Where the provider does not take our credentials, it has not looked at what was asked for (RFC
        6749 §5.2): they are read anew, and it is asked again with another value, twice at most. A value
        of a kind that the provider does not list is passed over where there is another. Raises
        ProviderSettingsMismatch, ProviderClientRefused and what ``send`` raises.
        """
        tried: list[ClientProof] = []
        proof = self._first(metadata)
        while True:
            try:
                answer = await send(self._authentication(metadata, proof))
            except ProviderClientRefused as refused:
                tried.append(proof)
                following = await self._another(tried, metadata)
                if following is None:
                    raise self._told(refused, len(tried)) from None
                proof = following
            else:
                if tried or proof != self._proofs.current:
                    self._note(proof)
                return answer

    def _first(self, metadata: ProviderMetadata) -> ClientProof:
        """The value that is tried first. Raises ProviderSettingsMismatch where none can be."""
        candidates = self._proofs.candidates
        usable = [proof for proof in candidates if self._is_usable(proof, metadata)]
        if not usable:
            self._check(metadata, candidates[0])
        return (usable or candidates)[0]

    async def _another(self, tried: Sequence[ClientProof], metadata: ProviderMetadata) -> ClientProof | None:
        """A value the provider has not seen in this; a store that does not answer gets half of the time
        that is left."""
        left_seconds = time_left_seconds()
        wait_seconds = (OPERATION_SECONDS if left_seconds is None else left_seconds) / 2
        following = await self._proofs.following(tried, wait_seconds=wait_seconds)
        passed_over = list(tried)
        while following is not None and not self._is_usable(following, metadata):
            passed_over.append(following)
            following = await self._proofs.following(passed_over, wait_seconds=0)
        return None if time_left_seconds() == 0 else following

    def _is_usable(self, proof: ClientProof, metadata: ProviderMetadata) -> bool:
        try:
            self._check(metadata, proof)
        except ProviderSettingsMismatch:
            return False
        return True

    def _note(self, proof: ClientProof) -> None:
        if self._proofs.worked(proof) and proof != self._proofs.current:
            tell(
                "client_secret_behind",
                "%s: the provider takes the previous value and not the current one: it was not changed there "
                "yet, or is wrong here",
                self._proofs.setting,
                setting=self._proofs.setting,
            )

    def _told(self, refused: ProviderClientRefused, tries: int) -> ProviderClientRefused:
        if self._settings.effective_client_auth == "none":
            return refused
        values = "the value" if tries == 1 else f"any of the {tries} latest values"
        clock = ", unless it is our clock that is wrong" if self._proofs.current.key else ""
        return ProviderClientRefused(
            f"{refused.detail}: the provider does not take {values} of {self._proofs.setting}{clock}"
        )

    def _check(self, metadata: ProviderMetadata, proof: ClientProof) -> None:
        if not (self._settings.client_id + (proof.secret or "")).isprintable():
            raise ProviderSettingsMismatch(
                "CLIENT_ID or CLIENT_SECRET holds a character that cannot be printed, which no provider "
                "registers: paste both again"
            )
        check_method_offered(self._settings.effective_client_auth, metadata.token_endpoint_auth_methods)
        if proof.key is not None:
            _algorithm(proof.key, metadata)

    def _authentication(self, metadata: ProviderMetadata, proof: ClientProof) -> ClientAuthentication:
        self._check(metadata, proof)
        assertion = None if proof.key is None else self._assertion(proof.key, metadata)
        return ClientAuthentication(
            self._settings.effective_client_auth, self._settings.client_id, proof.secret, assertion
        )

    def _assertion(self, key: AssertionKey, metadata: ProviderMetadata) -> str:
        """For the issuer, so that no endpoint of another's metadata can be its audience, but for
        vendors that only take their token endpoint."""
        names_endpoint = self._settings.about.assertion_audience == "token_endpoint"
        return client_assertion(
            key,
            algorithm=_algorithm(key, metadata),
            client_id=self._settings.client_id,
            audience=metadata.token_endpoint if names_endpoint else metadata.issuer,
            jti=secrets.token_urlsafe(32),
            now_seconds=int(self._clock.now().timestamp()),
        )


def _algorithm(key: AssertionKey, metadata: ProviderMetadata) -> str:
    offered = metadata.token_endpoint_auth_algorithms
    found = key.algorithm_among(offered)
    if found is None:
        listed = printable(", ".join(sorted(offered or ())) or "nothing", max_chars=200)
        raise ProviderSettingsMismatch(
            f"CLIENT_KEY signs with {' or '.join(key.algorithms)}, while the provider accepts {listed} "
            "(token_endpoint_auth_signing_alg_values_supported): use a key of another kind"
        )
    return found
