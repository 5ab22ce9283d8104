"""One life of a service with everything that can happen to it, its secrets gathered."""

from __future__ import annotations

import base64
import traceback
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.flows.browser import changed_query, query_of
from tests.flows.commands import command
from tests.flows.conftest import Service
from tests.flows.first_party import FirstParty
from tests.flows.logout_tokens import ProviderSpeaks
from tests.flows.machines import SECRETS, Machine, asserted, signed
from tests.leaks.gathering import Gathered, WatchedBrowser
from watchword.auth.attempt import handle_of, open_attempt
from watchword.auth.sealing import Sealer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.errors import WatchwordError

HTML = "text/html"
RECHECK_SECONDS = 120
OPEN_TO_ALL = (
    *("/healthz", "/readyz", "/metrics", "/openapi.json", "/auth/login", "/auth/signed-out"),
    *("/.well-known/jwks.json", "/.well-known/oauth-authorization-server"),
    *("/.well-known/oauth-protected-resource", "/auth/nowhere", "/auth/callback/dev", "/auth/login/unknown"),
)
OF_A_PERSON = (
    "/auth/me",
    "/auth/account",
    "/auth/sessions",
    "/auth/admin",
    "/private",
    "/live",
    "/auth/verify",
)
COMMANDS = (
    *(("users", "list"), ("users", "list", "--json"), ("sessions", "list"), ("sessions", "list", "--json")),
    *(("sessions", "prune", "--json"), ("versions", "report"), ("provider", "status", "--json")),
    *(("db", "status"), ("doctor",), ("doctor", "--json")),
)


@dataclass
class Life:
    """What happens, one thing after the other; each part begins with a new browser."""

    service: Service
    secret_key: bytes
    gathered: Gathered = field(default_factory=Gathered)

    def __post_init__(self) -> None:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        key = base64.b64encode(self.secret_key).decode()
        self.gathered.secret(CLIENT_SECRET, basic, key, self.secret_key.hex(), *SECRETS.values())
        self.service.provider.behaviour.token_response = self.gathered.provider_tokens

    def browser(self) -> WatchedBrowser:
        return WatchedBrowser(self.service.client, gathered=self.gathered)

    def began(self, browser: WatchedBrowser, person: str = "alice") -> str:
        """The callback of a sign-in, its verifier gathered too."""
        location = self.service.begin(browser)
        state = query_of(location)["state"]
        handle = handle_of(state)
        (cookie,) = (value for name, value in browser.attempts.items() if name.endswith(handle))
        now_seconds = int(self.service.clock.now().timestamp())
        attempt = open_attempt(cookie, handle, Sealer(self.secret_key), now_seconds=now_seconds)
        self.gathered.secret(attempt.verifier, attempt.nonce, attempt.state)
        target = self.service.approve(location, person)
        self.gathered.secret(query_of(target)["code"])
        return target

    def signed_in(self, person: str = "alice") -> WatchedBrowser:
        browser = self.browser()
        assert browser.get(self.began(browser, person)).status_code == 303
        return browser

    def person(self) -> None:
        """Sign in, look at every page and answer, refresh, replay, log out."""
        browser = self.signed_in()
        for path in (*OPEN_TO_ALL, *OF_A_PERSON):
            for accept in (HTML, "application/json"):
                browser.get(path, accept=accept)
        first = browser.refresh
        assert browser.post("/auth/refresh").status_code == 200
        self.service.clock.advance(60)
        assert self.browser().post("/auth/refresh", json={"refresh_token": first}).status_code == 401
        assert browser.get("/auth/account", accept=HTML).status_code == 303
        assert self.signed_in("bob").post("/auth/logout").status_code == 204

    def provider(self) -> None:
        """It is asked again, is away, cannot be believed, takes back, and signs somebody out."""
        browser, provider = self.signed_in(), self.service.provider
        for fault in ("none", "alg", "drop"):
            self.service.clock.advance(RECHECK_SECONDS + 1)
            if fault == "drop":
                provider.drop("token", after_work=True, times=1)
            provider.behaviour.id_token_header = (lambda h: h | {"alg": "none"}) if fault == "alg" else None
            assert browser.post("/auth/refresh").status_code == 200
        provider.behaviour.id_token_header = None
        self.service.forget_faults()
        speaks = ProviderSpeaks(self.service)
        token = speaks.token(sub=speaks.subject())
        self.gathered.secret(token)
        for presented in (token, token, token[:-4]):
            self.browser().post("/auth/backchannel-logout/dev", data={"logout_token": presented})
        provider.fail("token")
        assert self.browser().get(self.began(self.browser())).status_code == 400
        browser = self.browser()
        assert browser.get(self.began(browser), accept=HTML).status_code in (502, 503)
        provider.reset()
        provider.behaviour.token_response = self.gathered.provider_tokens
        self.service.forget_faults()

    def clients(self) -> None:
        """A first-party client, a machine, and what each of them presents."""
        spa, machine, signer = (
            FirstParty(self.service),
            Machine(self.service),
            Machine(self.service, "signer"),
        )
        code = spa.code()
        answer = spa.exchange(code).json()
        tokens = [answer["access_token"], answer["refresh_token"], machine.token()["access_token"]]
        assertion = signed(signer.claims())
        assert signer.by(assertion).status_code == 200
        self.gathered.secret(code, spa.verifier, assertion, *tokens)
        for presented in (code, assertion, SECRETS["odd"], *tokens):
            for path in ("token", "introspect", "revoke"):
                for fields in ({"token": presented}, asserted(presented), {"client_secret": presented}):
                    told = machine.ask(f"/auth/{path}", fields)
                    self.gathered.text(f"POST /auth/{path} {told.status_code}", told.text)

    def odd_places(self) -> None:
        """Secrets where none belong: in paths, queries, names of fields and headers."""
        browser = self.signed_in()
        target = self.began(browser)
        for change in ("state", "iss", "code"):
            browser.get(changed_query(target, **{change: browser.refresh}), accept=HTML)
        for secret in (browser.access, browser.refresh, SECRETS["batch"]):
            other = self.browser()
            for path in (f"/auth/{secret}", f"/auth/login/{secret}", f"/auth/callback/{secret}"):
                other.get(path, accept="application/json")
            other.get(f"/auth/login/dev?return_to=//{secret}&max_age={secret}")
            other.get("/private", authorization=f"Bearer x{secret}", cookie=f"ww_access={secret}")
            other.get("/private", authorization=f"{secret} x", traceparent=secret)
            other.post("/auth/refresh", json={secret: secret, "refresh_token": [secret]})
            other.post("/auth/token", data={"grant_type": secret, secret: secret, "client_id": secret})
            other.request("DELETE", f"/auth/sessions/{secret}", headers={"sec-fetch-site": "same-origin"})

    def database_away(self) -> None:
        """Every question fails; the tracebacks are printed as a host app might."""
        browser = self.signed_in()
        services = self.service.call(self.service.auth.services)
        engine = services.database.engine

        async def drop() -> None:
            async with engine.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE ww_sessions RENAME TO away")

        async def back() -> None:
            async with engine.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE away RENAME TO ww_sessions")

        async def ask() -> None:
            try:
                await services.sessions.refresh(browser.refresh)
            except WatchwordError as error:
                self.gathered.text("traceback", "".join(traceback.format_exception(error)))

        self.service.call(drop)
        self.service.call(ask)
        for path in ("/live", "/readyz", "/auth/sessions"):
            browser.get(path)
        browser.post("/auth/refresh")
        self.service.call(back)

    def keys(self) -> None:
        """Two rotations and a revocation; every private key that signed is looked for."""
        services = self.service.call(self.service.auth.services)
        for change in ("rotate", "rotate", "revoke"):
            signing = services.keyring.active
            der = signing.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            self.gathered.secret(str(signing.prepared.as_dict(private=True)["d"]), der.hex())
            if change == "rotate":
                told = self.service.call(lambda: services.key_manager.rotate(at_once=True))
            else:
                told = self.service.call(services.key_manager.revoke, [signing.kid])
            self.gathered.text("key manager", f"{told!r} {self.service.call(services.key_manager.list)!r}")
            self.service.call(services.keyring.load)
            self.signed_in().get("/.well-known/jwks.json")

    def operator(self) -> None:
        """Every command that shows something, and what the objects of the service print."""
        for arguments in COMMANDS:
            told = command(*arguments)
            self.gathered.text(" ".join(arguments), told.output)
        services = self.service.call(self.service.auth.services)
        for each in (self.service.auth.settings, services, services.sign_in, services.keyring):
            self.gathered.text("repr", f"{each!r} {each} {vars(each) if hasattr(each, '__dict__') else ''}")
