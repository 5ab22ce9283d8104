"""The rows of docs/conformance.md in our own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Row:
    """``instead`` is the result where it is not simply that tests hold the row."""

    number: int
    says: str
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """Rows of one family; their ids are the family and the number."""

    family: str
    title: str
    rows: tuple[Row, ...]


_RP: Final = (
    Row(1, "an honest code flow signs the person in, as (issuer, subject)"),
    Row(2, "an ID token of another issuer is refused"),
    Row(3, "an ID token without a subject is refused"),
    Row(4, "an ID token for another client is refused"),
    Row(5, "an ID token without an audience is refused"),
    Row(6, "an ID token that does not say when it was issued is refused"),
    Row(7, "no `kid` and one key that fits: accepted"),
    Row(8, "no `kid` and several keys: the one that verifies, never blindly the first"),
    Row(9, "RS256 is accepted"),
    Row(10, "an unsigned ID token is refused in the code flow too"),
    Row(11, "a broken RS256 signature is refused"),
    Row(13, "a broken ES256 signature is refused"),
    Row(14, "userinfo is asked with the token in the `Authorization` header"),
    Row(15, "userinfo with the token in a form body", "not offered: the header is enough everywhere"),
    Row(16, "userinfo about somebody else refuses the whole sign-in"),
    Row(17, "a wrong nonce is refused"),
    Row(18, "a nonce is sent in the code flow as well"),
    Row(19, "profile claims are taken over, missing optional ones are no fault"),
    Row(20, "client_secret_basic encodes id and secret before base64"),
    Row(21, "endpoints come from the metadata"),
    Row(22, "so does the address of the keys, however it is named"),
    Row(23, "metadata of another issuer stop the sign-in before it starts"),
    Row(24, "keys that rotate between two sign-ins are fetched again"),
    Row(25, "keys that rotate during a sign-in are fetched again, once"),
    Row(26, "the refresh grant: the provider is asked again, and its new tokens are the ones that are used"),
    Row(27, "a refreshed ID token of another issuer ends the session, nothing of the answer is kept"),
    Row(28, "so does one about another subject, or none"),
    Row(29, "an answer by form post", "not offered: only `query` is asked for, a POST consumes nothing"),
    Row(30, "a wrong `at_hash` is refused wherever one is present"),
    Row(31, "tokens in the authorization response, as hybrid flows have them, are refused"),
    Row(32, "a signed userinfo answer is refused, never read unverified"),
    Row(34, "sign-in started by a third party", "not offered: only our own buttons and clients start one"),
    Row(35, "logout at the provider carries the hint, our exact address and a state"),
    Row(36, "coming back from it without or with another state ends on the same page"),
    Row(37, "a back-channel logout ends the sessions of its `sid`, or of its subject"),
    Row(38, "an unsigned logout token ends nothing"),
    Row(39, "a logout token without the event, or with another one, ends nothing"),
    Row(40, "a logout token with a nonce ends nothing"),
    Row(41, "a logout token with another algorithm, audience or issuer ends nothing"),
    Row(42, "replayed, old, mistyped, foreign or oversized logout tokens end nothing"),
    Row(43, "another `iss` in the redirect stops everything: no call is made"),
    Row(44, "no `iss` where the metadata promise one stops everything"),
    Row(45, "a wrong or missing state stops everything, the code is not redeemed"),
    Row(47, "an audience that is a list of us alone is accepted"),
    Row(48, "an ID token that expired is refused, with one leeway of at most a minute"),
    Row(49, "an ID token without expiry, issuer, audience or nonce, or with an odd algorithm, is refused"),
    Row(50, "`token_type` is read in any case"),
    Row(51, "a token response without `expires_in` is accepted"),
    Row(52, "a token response of another `token_type`, or none, is refused"),
    Row(
        53,
        "another `azp`, and an `auth_time` that is missing or too old when one was asked for, are refused",
    ),
    Row(55, "times far away, or of another JSON type, are refused"),
)

_MIX: Final = (
    Row(1, "started at one provider, answered with another one's `iss`: no token call"),
    Row(2, "started at one provider, answered on another one's callback path: no token call"),
    Row(3, "providers without `iss` are told apart by their own redirect URI and ID token"),
    Row(5, "a provider whose metadata claim to be another is stopped"),
    Row(6, "one subject at two providers is two people"),
)

_PK: Final = (
    Row(1, "every attempt has a fresh verifier of 256 random bits, sent as S256"),
    Row(2, "S256 whatever the metadata list"),
    Row(3, "the verifier is always sent, so that a stripped challenge is noticed"),
    Row(4, "a code from another sign-in is refused"),
)

_ST: Final = (
    Row(1, "a state that is unknown, old, used, altered, foreign, empty or absent: the code stays unused"),
    Row(2, "states are random and never repeat"),
    Row(3, "two tabs finish in any order"),
    Row(5, "a callback that is opened twice at once makes one session and one token call"),
    Row(6, "an attacker's state and code in a victim's browser are refused"),
    Row(7, "attempt cookies cannot be planted by a sibling host"),
    Row(8, "nothing signs a state that was not issued here"),
)

_NO: Final = (
    Row(1, "an ID token of one sign-in is refused in another"),
    Row(2, "the nonce is not readable in the browser"),
)

_CO: Final = (
    Row(1, "a code that was redeemed before is not tried again"),
    Row(2, "a token call without an answer is not repeated"),
    Row(3, "an odd or huge code is sent as it is or not at all, and injects nothing"),
    Row(4, "what a provider says of an error is never shown as markup"),
    Row(7, "the callback leaves no code in address, referrer, cache or log"),
    Row(8, "a redirect of the token endpoint is never followed"),
)

_LK: Final = (
    Row(1, "an address verified at the provider links nothing by itself"),
    Row(2, "only JSON true is a verification"),
    Row(4, "another name or address at the provider is still the same person"),
    Row(5, "who is disabled here stays so, whatever the provider says"),
    Row(6, "only the configured claims give roles"),
)

_NET: Final = (
    Row(1, "an answer that drips for ever meets one total deadline"),
    Row(2, "a server that accepts and never answers meets a deadline"),
    Row(3, "bodies stop at a cap, whatever their length says"),
    Row(5, "truncated and broken bodies are typed errors, the last good keys stay"),
    Row(6, "what is not JSON in UTF-8 with the right type is refused"),
    Row(8, "one bad key does not spoil a key set; what cannot be used is skipped"),
    Row(9, "redirects are never followed"),
    Row(10, "endpoints are https, and loopback http in development only"),
    Row(
        11,
        "an issuer chosen by a stranger",
        "not offered: issuers come from the configuration; their metadata cannot name private addresses",
    ),
    Row(12, "TLS that is expired, self-signed, of another name or too old is refused"),
    Row(13, "each answer of the token endpoint is told as what it is"),
    Row(14, "token responses with members of odd types or sizes are refused or clamped"),
    Row(15, "a connection that was closed between two requests costs no sign-in"),
    Row(16, "names that do not resolve, slowly or not at all, meet the same deadline"),
    Row(17, "clocks that differ are forgiven by seconds and named to the operator beyond that"),
    Row(19, "masses of headers are a typed error, cookies of a provider are not kept"),
    Row(20, "userinfo that fails refuses a sign-in only where it was required"),
)

_KEY: Final = (
    Row(1, "a new key is fetched when a token names it"),
    Row(2, "unknown key ids cause one fetch in a cooldown"),
    Row(3, "a removed key stops verifying when the set is read again"),
    Row(5, "how long keys are fresh is bounded, whatever the provider's cache headers say"),
    Row(6, "a cold start fetches the keys once for everybody"),
    Row(7, "a failing fetch leaves the last good set for a day"),
    Row(8, "our own rotation, by schedule or by hand, refuses no valid token on any replica"),
    Row(9, "a signing key of ours that is revoked verifies nothing any more"),
    Row(11, "the private part of our keys is sealed, and never published or printed"),
    Row(12, "a key store that is down: a sealed copy starts the service, nothing held stops signing"),
)

_FLT: Final = (
    Row(1, "a provider that refuses connections: sign-in is 503, nobody who is signed in notices"),
    Row(2, "a provider from which nothing comes back, not even a connection: the same, within a deadline"),
    Row(3, "a provider that accepts and hangs: the same"),
    Row(4, "an answer that drips: the same"),
    Row(5, "an answer that breaks off: the same"),
    Row(6, "5xx, with every kind of `Retry-After`: the same, and the wait is bounded"),
    Row(7, "429: left alone for as long as it says, a minute at most"),
    Row(9, "slow but alive: it holds up so many calls and no more, and no request of the API"),
    Row(10, "names that do not resolve, or to somewhere else: an outage within the same deadline"),
    Row(11, "TLS that cannot be verified: not tried again and again, its cause told, never done without"),
    Row(12, "a page of a Wi-Fi network in place of the provider: nothing of it is believed"),
    Row(13, "one endpoint down: what does not need it goes on"),
    Row(14, "keys rotated during the outage: tokens of the new one are refused until it can be had"),
    Row(16, "a crowd in front of a breaker that half-opens: one probe"),
    Row(17, "a start during the outage: the process is ready and says so, our own tokens count"),
    Row(18, "keys that age under a crowd: one request a process, the old ones serve meanwhile"),
    Row(19, "an outage longer than keys may be kept: the provider's signatures are refused, ours are not"),
    Row(20, "forks, threads and event loops lose no update and wedge nothing"),
    Row(22, "old keys out of a CDN after a rotation: few requests, and the first fresh answer counts"),
    Row(23, "a secret store that is down or behind: the last values go on, what is refused is read again"),
    Row(25, "a person disabled here during the outage is refused, grace or not"),
)

_SES: Final = (
    Row(1, "many refreshes with one token at once, no overlap: one succeeds, the session ends"),
    Row(2, "the same inside the overlap: one successor for all of them"),
    Row(3, "sessions that refresh beside each other never meet"),
    Row(4, "refresh against logout: after both, nothing of the session works"),
    Row(5, "the same against logout everywhere, revocation and a disabled account"),
    Row(6, "refresh against a replay of an older token: nothing survives"),
    Row(7, "refresh against cleanup: no error, nothing goes that replay detection needs"),
    Row(9, "parallel sign-ins never exceed the cap of sessions"),
    Row(10, "parallel first sign-ins of one person make one account"),
    Row(11, "deadlocks and serialization failures are tried again, unseen"),
    Row(12, "a storm of replays in the overlap: one successor, no row written, then the limit"),
    Row(13, "whatever clients do in whatever order, the rules of a session hold"),
    Row(20, "the previous token after the overlap ends the session"),
    Row(21, "a token older than the previous one ends it, overlap or not"),
    Row(23, "the previous token gets the successor there is, never a second one"),
    Row(24, "a replay ends one session and no other"),
    Row(25, "a database that fails while ending one: 503, and the next request still ends it"),
    Row(27, "restarts and an emptied cache forget no replay"),
    Row(28, "another client, a wider scope, another audience: refused"),
    Row(29, "damaged, foreign, huge and mistyped tokens: refused, each the same way"),
    Row(30, "what is stored is of no use as a token"),
    Row(31, "idle ends slide, absolute ends do not"),
    Row(40, "a client that hangs up before the answer asks again and stays signed in"),
    Row(42, "a process killed at any step of a refresh: the old or the new token works"),
    Row(43, "a process killed during a sign-in: the person can start again"),
    Row(44, "a database that restarts: 503 while it does, no session lost"),
    Row(45, "a database that hangs: 503 within a deadline, what needs no database goes on"),
    Row(46, "a database that is read-only: 503 and never 401"),
    Row(47, "an exhausted pool, a crowd: bounded waiting, 503 for the rest"),
    Row(48, "a cache that is down, slow, flushed or empty: sessions untouched, limits go on in each process"),
    Row(49, "one replica is cut off from the database: 503 there once its feed is old"),
    Row(50, "clocks that differ or go back revive nothing for longer than they differ"),
    Row(51, "full disks: no success without a durable row, no failure because of a log"),
    Row(52, "two versions at once on one database, and back: no refresh fails, the schema is as before"),
    Row(53, "forks share no connection"),
    Row(60, "after logout the access token is refused on the other replica as well"),
    Row(61, "so it is after revocation, disabling and a role that was removed"),
    Row(62, "logout clears every cookie, and the session is dead without that"),
    Row(63, "logout by another site has no effect"),
    Row(64, "logout never fails and never waits for the provider"),
    Row(65, "revocation (RFC 7009) ends what belongs to the caller, and only that"),
    Row(70, "cookies are `__Host-`, `Secure`, `HttpOnly`, `SameSite` and small"),
    Row(71, "answers with tokens are kept by no cache"),
    Row(72, "no identifier from before a sign-in lives on after it"),
    Row(73, "unsafe methods with a cookie need the same origin"),
    Row(74, "GET and HEAD change nothing"),
    Row(75, "no origin is reflected, none gets credentials"),
    Row(77, "planted cookies of other hosts or paths are not adopted"),
    Row(78, "forged, cut and swapped cookies are refused"),
    Row(
        80,
        "one request over a limit has 429 and `Retry-After`, exactly, also in a crowd; logout has no limit",
    ),
    Row(81, "no header, address or spelling makes one caller several"),
    Row(84, "counting a million callers takes bounded memory, and forgets what is old"),
    Row(85, "a flood touches nobody's session"),
    Row(86, "refusals do not tell who has an account, or what became of it"),
    Row(87, "nothing that is repeated splits a header or a log line; request ids are checked"),
    Row(88, "secrets are in no log, traceback, page or metric"),
    Row(89, "labels of metrics are bounded"),
    Row(90, "an erased person is nowhere by name, ended everywhere, and stays refused"),
    Row(91, "no input reaches SQL as SQL"),
    Row(93, "sessions of others do not exist for the caller"),
    Row(94, "deprecated versions are protected like the others, and say so"),
)

AREAS: Final = (
    Area("rp", "The relying party", _RP),
    Area("mix", "Mix-up", _MIX),
    Area("pk", "PKCE", _PK),
    Area("st", "State", _ST),
    Area("no", "Nonce", _NO),
    Area("co", "Code", _CO),
    Area("lk", "Accounts", _LK),
    Area("net", "Transport", _NET),
    Area("key", "Keys", _KEY),
    Area("flt", "A provider that is down", _FLT),
    Area("ses", "Sessions", _SES),
)
