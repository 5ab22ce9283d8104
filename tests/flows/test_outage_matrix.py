"""FLT: whatever is wrong with the provider, nobody who is signed in notices, and sign-ins come back."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from cryptography.x509 import DNSName

from tests.flows.certificates import DAY
from tests.flows.outage import Outage, outages
from watchword.testing import FakeClock


@dataclass(frozen=True)
class Fault:
    """How a fault begins, what people read who come back from the provider meanwhile, after how many
    calls the provider is left alone, and what the operator's one line names as the cause. Nobody waits
    for the deadline of production where it ``hangs``."""

    begin: Callable[[Outage], None]
    cause: str
    status: int = 503
    calls: int = 5
    https: bool = False
    hangs: bool = False

    @property
    def throttles(self) -> bool:
        """Whether the provider says itself for how long to leave it alone."""
        return self.calls == 1


def answers(status: int, calls: int = 5, **headers: str) -> Fault:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(
        lambda outage: outage.server.provider.fail("*", status=status, headers=given),
        f"the token endpoint answered {status}",
        calls=calls,
    )


def shows(cause: str, **certificate: Any) -> Fault:
    def begin(outage: Outage) -> None:
        assert outage.tls is not None
        outage.tls.show(**certificate)

    return Fault(begin, f"its certificate {cause}", https=True)


def resolves(cause: str, number: int) -> Fault:
    async def fail(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(number, "as the resolver says it")

    return Fault(lambda outage: outage.resolve_by(fail), cause)


def no_resolver(outage: Outage) -> None:
    async def wait(*_: Any, **__: Any) -> list[Any]:
        await anyio.sleep_forever()
        return []

    outage.resolve_by(wait)


def wrong_address(outage: Outage) -> None:
    async def elsewhere(host: Any, port: Any, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", int(port)))]

    outage.resolve_by(elsewhere)


def hangs(begin: Callable[[Outage], None]) -> Fault:
    return Fault(begin, "no complete answer in 0.3 s", hangs=True)


def only_grants(outage: Outage) -> None:
    """A router in front that still refuses other methods by itself."""
    outage.server.provider.behaviour.token_status = 500
    outage.server.provider.behaviour.token_body = b"{}"


FAULTS = {
    "flt-01 refused": Fault(lambda outage: outage.server.refuse(), "the connection is refused"),
    "flt-02 black hole": hangs(lambda outage: outage.server.swallow()),
    "flt-03 hangs": hangs(lambda outage: outage.server.provider.faults.hang("*")),
    "flt-04 drips": hangs(lambda outage: outage.server.provider.faults.drip("*", pause_seconds=0.05)),
    "flt-05 resets in the body": Fault(
        lambda outage: outage.server.provider.faults.break_off("*"),
        "the connection broke off in the middle (ReadError)",
    ),
    "flt-05 closes without a word": Fault(
        lambda outage: outage.server.provider.drop("*"),
        "what came is not HTTP (RemoteProtocolError)",
    ),
    **{f"flt-06 answers {status}": answers(status) for status in (500, 502, 503, 504)},
    "flt-06 every POST fails": Fault(only_grants, "the token endpoint answered 500"),
    "flt-06 503 with Retry-After 5": answers(503, retry_after="5"),
    "flt-06 503 with Retry-After 3600": answers(503, retry_after="3600"),
    "flt-06 503 with a Retry-After of garbage": answers(503, retry_after="soon; or 2e9"),
    "flt-06 503 with a Retry-After in the past": answers(503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
    "flt-07 429": answers(429, calls=1),
    "flt-07 429 with Retry-After 5": answers(429, calls=1, retry_after="5"),
    "flt-07 429 with Retry-After 3600": answers(429, calls=1, retry_after="3600"),
    "flt-10 no such name": resolves("the host name cannot be resolved", socket.EAI_NONAME),
    "flt-10 the resolver fails": resolves("the host name cannot be resolved", socket.EAI_AGAIN),
    "flt-10 the resolver hangs": hangs(no_resolver),
    "flt-10 another address": Fault(wrong_address, "the connection is refused"),
    "flt-11 expired": shows("has expired", starts=-2 * DAY, ends=-DAY),
    "flt-11 self-signed": shows("is self-signed", self_signed=True),
    "flt-11 wrong name": shows("is for another host name", names=(DNSName("elsewhere.test"),)),
    "flt-12 portal": Fault(
        lambda outage: outage.server.provider.faults.captive_portal(), "did not answer with", status=502
    ),
    "flt-12 portal by redirect": Fault(
        lambda outage: outage.server.provider.faults.captive_portal(redirect=True), "302", status=502
    ),
}


STATES = ["open", "half_open", "closed"]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Outage]]:
    """A service whose provider is asked by http, and one by https."""
    folders = {https: tmp_path_factory.mktemp("outage") for https in (False, True)}
    with outages(FakeClock(), folders[False]) as plain, outages(FakeClock(), folders[True]) as secret:
        yield {False: plain(), True: secret(https=True)}


@pytest.fixture
def outage(services: dict[bool, Outage], fault: Fault, caplog: pytest.LogCaptureFixture) -> Outage:
    """One of them, where all is well."""
    chosen = services[fault.https]
    chosen.start_over(caplog)
    return chosen


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_flt_nobody_who_is_signed_in_notices(outage: Outage, fault: Fault) -> None:
    """People on their way back from the provider are told to wait, the first after one call each, the
    others at once without any, and nobody is sent there any more; API traffic and refreshes answer 200
    all the time; one line in the log for each change of state; and of the looks at the provider the first
    that finds it back makes sign-ins work, unless it had named a time to wait for."""
    caller = outage.service.signed_in("alice")
    outage.advance(31)
    people = outage.waiting(fault.calls + 3)
    before = outage.http.asked

    fault.begin(outage)
    outage.http.connect_anew(in_a_hurry=fault.hangs)
    for page in outage.come_back(people[: fault.calls], caller):
        outage.tells_to_wait(page, fault.status)
    assert outage.http.asked == before + fault.calls
    assert (outage.health("token").state, len(outage.changes)) == ("open", 1)
    assert outage.changes[0].startswith("token is open, not asked for")
    assert fault.cause in outage.changes[0]
    outage.is_unnoticed_by(caller)

    outage.look()
    looked = outage.http.asked
    for page in outage.come_back(people[fault.calls :], caller):
        outage.tells_to_wait(page)
    outage.tells_to_wait(outage.service.browser().get("/auth/login/dev"))
    assert outage.http.asked == looked <= before + fault.calls + 1
    outage.is_unnoticed_by(caller)

    outage.heal()
    outage.look()
    if fault.throttles:
        outage.wait()
    for person in ("bob", "carol"):
        assert outage.service.signed_in(person).get("/private").status_code == 200
    assert outage.provider_health.state == "closed"
    assert [line.split(maxsplit=3)[2].strip(",:") for line in outage.changes] == STATES
    outage.is_unnoticed_by(caller)
