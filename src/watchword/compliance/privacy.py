"""The first checkpoint: what is kept about people here, for how long, and who else gets to see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from watchword.compliance.deployment import DORMANT_DAYS, RARE_SECONDS, Deployment
from watchword.compliance.report import Checkpoint, Item, Table
from watchword.compliance.unread import unread
from watchword.compliance.words import ERASURES, GROUNDS, PURPOSES, RETENTIONS
from watchword.storage.privacy_marks import Impersonal, MarkedColumn, Personal, marked_columns

OFFICER: Final = "data protection officer"
_IP: Final = {
    "truncated": "addresses are cut to their network (/24, IPv6 /48) before they are kept",
    "hashed": "addresses are kept as keyed digests",
    "none": "no address is kept",
}
_RIGHTS: Final = (
    "contract/test_privacy_export.py::test_ses_90_the_export_holds_what_its_marks_say",
    "contract/test_erasure.py::test_ses_90_every_marked_column_is_what_its_mark_says",
)
_STORES: Final = {"aws-secrets-manager": "AWS Secrets Manager", "vault": "HashiCorp Vault"}


def privacy(here: Deployment) -> Checkpoint:
    """The checkpoint as it stands."""
    items = (*_code(), *_settings(here), *_people(here), _recipients(here))
    tables = (_data_map(here), _overdue(here), _recipients_table(here))
    return Checkpoint("privacy", "Privacy", OFFICER, items, tuple(filter(None, tables)))


def _code() -> Iterator[Item]:
    columns = marked_columns()
    personal = [each for each in columns if isinstance(each.mark, Personal)]
    tables = len({each.table for each in personal})
    yield Item(
        "privacy.data_map",
        "every column says what it holds about people, why, on which ground and for how long",
        f"{len(columns)} columns, of which {len(personal)} in {tables} tables are about people",
        "code",
        "met",
        tests=(
            "house/test_data_map.py::test_ses_90_every_column_is_marked",
            "house/test_data_map.py::test_the_map_is_up_to_date",
        ),
    )
    yield Item(
        "privacy.grounds",
        "purposes and grounds are those of this service",
        "the data map names what an ordinary service would; nothing here knows yours",
        "code",
        "open",
        OFFICER,
    )
    yield Item(
        "privacy.rights",
        "people get their data as one file, and are erased, by themselves or by an operator",
        "GET /auth/account/export, POST /auth/account/erase, watchword users export, watchword users erase",
        "code",
        "met",
        tests=_RIGHTS,
    )


def _settings(here: Deployment) -> Iterator[Item]:
    settings = here.settings
    yield Item(
        "privacy.ip",
        "no more of an IP address is kept than was decided",
        f"WATCHWORD_PRIVACY__IP is {settings.privacy.ip}: {_IP[settings.privacy.ip]}",
        "deployment",
        "met",
    )
    interval = settings.cleanup_interval_seconds
    never = "only by command: watchword sessions prune"
    yield Item(
        "privacy.cleanup",
        "what has passed its time is taken away by itself",
        f"WATCHWORD_CLEANUP_INTERVAL_SECONDS is {interval}: "
        + (f"every {interval} seconds while the service runs" if interval else never),
        "deployment",
        "met" if 0 < interval <= RARE_SECONDS else "attention",
    )


def _people(here: Deployment) -> Iterator[Item]:
    days = here.settings.privacy.retention_days
    kept = f"nothing is kept past its time; the trail and callers of versions for {days} days"
    counted = "how many people are held is known"
    dormant = "accounts that nobody comes back to are erased"
    if here.held is None:
        yield unread("privacy.retention", kept, here)
        yield unread("privacy.people", counted, here)
        yield unread("privacy.dormant", dormant, here, judge=OFFICER)
        return
    late = [each for each in here.held.overdue if each.rows]
    says = "; ".join(f"ww_{each.table}: {each.rows} rows" for each in late)
    yield Item(
        "privacy.retention",
        kept,
        f"the cleanup is behind: {says}" if late else "no row is past its time; runs are not recorded",
        "deployment",
        "attention" if late else "met",
        OFFICER if late else None,
    )
    people = here.held.people
    yield Item(
        "privacy.people",
        counted,
        f"accounts: {people.active} active, {people.disabled} disabled, {people.erased} erased, which "
        f"{people.tombstones} keyed digests keep from coming back",
        "deployment",
        "met",
    )
    yield Item(
        "privacy.dormant",
        dormant,
        f"{people.dormant} accounts without a sign-in for {DORMANT_DAYS} days; watchword keeps an account "
        "until somebody erases it",
        "deployment",
        "attention" if people.dormant else "met",
        OFFICER if people.dormant else None,
    )


def _recipients(here: Deployment) -> Item:
    names = [row[0] for row in _others(here)]
    return Item(
        "privacy.recipients",
        "everybody who receives personal data is named, and bound by an agreement where one is needed",
        f"configured are {', '.join(names)}; agreements are not known here, nor are your database's and "
        "machines' operators"
        if names
        else "no provider is configured; your database's and machines' operators are not known here",
        "deployment",
        "open",
        OFFICER,
    )


def _others(here: Deployment) -> Iterator[tuple[str, str, str]]:
    for provider_id, provider in here.settings.providers.items():
        host = urlsplit(provider.issuer).hostname or ""
        yield (
            provider_id,
            f"sign-in provider ({provider.preset}) at {host}",
            "signs people in",
        )
    store = _STORES.get(here.settings.keys.store)
    if store is not None:
        yield store, "store of the signing keys", "nothing personal"
    if here.settings.cache_url is not None:
        yield "cache", "Valkey or Redis", "IP addresses while they are counted, for minutes"


def _recipients_table(here: Deployment) -> Table | None:
    rows = tuple(_others(here))
    columns = (
        ("recipient", "Recipient"),
        ("what", "What it is"),
        ("receives", "For, or receives"),
    )
    return Table("recipients", "Who else gets to see something", columns, rows) if rows else None


def _data_map(here: Deployment) -> Table:
    columns = (
        *(("table", "Table"), ("column", "Column"), ("purpose", "For"), ("ground", "Ground")),
        *(("kept", "Kept"), ("export", "In the export"), ("erasure", "By an erasure")),
    )
    rows = tuple(_mapped(each, here.settings.privacy.retention_days) for each in marked_columns())
    return Table("data_map", "The data map, with retention as it is set here", columns, rows)


def _mapped(each: MarkedColumn, days: int) -> tuple[str, ...]:
    mark = each.mark
    if isinstance(mark, Impersonal):
        return each.table, each.column, f"nothing personal: {mark.why}", "", "", "", ""
    kept = f"{days} days" if mark.retention == "recorded" else RETENTIONS[mark.retention]
    return (
        *(each.table, each.column, PURPOSES[mark.purpose], GROUNDS[mark.ground], kept),
        "yes" if mark.withheld is None else f"no: {mark.withheld}",
        ERASURES[mark.erasure] + (f": {mark.because}" if mark.because else ""),
    )


def _overdue(here: Deployment) -> Table | None:
    if here.held is None:
        return None
    columns = (("table", "Table"), ("rows", "Rows past their time"), ("oldest", "Time of the oldest"))
    rows = tuple(
        (f"ww_{each.table}", str(each.rows), each.oldest.date().isoformat() if each.oldest else "none")
        for each in here.held.overdue
    )
    return Table("overdue", "What the cleanup should have taken away", columns, rows)
