"""Promises of did-you-mean: a wrong name is an error that knows the right one."""

from __future__ import annotations

import string
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from watchword.config.auth import Settings
from watchword.config.problems import setting_names
from watchword.errors import ConfigurationError


def problems() -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        Settings()
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("WATCHWORD_ENVIROMENT", "WATCHWORD_ENVIRONMENT"),
        ("WATCHWORD_BASEURL", "WATCHWORD_BASE_URL"),
        ("WATCHWORD_DATABSE_URL", "WATCHWORD_DATABASE_URL"),
        ("WATCHWORD_ACCESS_TOKEN_SECOND", "WATCHWORD_ACCESS_TOKEN_SECONDS"),
        ("WATCHWORD_SESSION_IDLE_TIMEOUT_SECONDS", "WATCHWORD_SESSION_IDLE_SECONDS"),
        ("WATCHWORD_SECRETKEY", "WATCHWORD_SECRET_KEY"),
        ("WATCHWORD_RATE_LIMIT__LOGIN", "WATCHWORD_RATE_LIMITS__LOGIN"),
        ("WATCHWORD_RATE_LIMITS_LOGIN", "WATCHWORD_RATE_LIMITS__LOGIN"),
        ("WATCHWORD_RATE_LIMITS__LOGINS", "WATCHWORD_RATE_LIMITS__LOGIN"),
        ("WATCHWORD_KEYS_ALGORITHM", "WATCHWORD_KEYS__ALGORITHM"),
        ("WATCHWORD_PRIVACY__IPS", "WATCHWORD_PRIVACY__IP"),
        ("WATCHWORD_PROVIDER__MY-IDP__ISSUER", "WATCHWORD_PROVIDERS__MY-IDP__ISSUER"),
        ("WATCHWORD_PROVIDERS_MAIN_CLIENT_ID", "WATCHWORD_PROVIDERS__MAIN__CLIENT_ID"),
        ("WATCHWORD_PROVIDERS__MY_IDP__CLIENTSECRET", "WATCHWORD_PROVIDERS__MY_IDP__CLIENT_SECRET"),
    ],
)
def test_a_misspelt_variable_is_recognised(monkeypatch: pytest.MonkeyPatch, wrong: str, right: str) -> None:
    """Letters missing or doubled, and one underscore for two."""
    monkeypatch.setenv(wrong, "x")
    told = [problem for problem in problems() if problem.startswith(f"{wrong}: there is no such setting")]
    assert told == [f"{wrong}: there is no such setting; did you mean {right}?"]


def test_every_name_below_a_misspelt_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One typing error in a table of the file, or in three variables, is three names to correct."""
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"WATCHWORD_PROVIDRES__DEV__{name}", "canary")
    told = problems()
    assert [line.rpartition("did you mean ")[2] for line in told] == [
        "WATCHWORD_PROVIDERS__DEV__CLIENT_ID?",
        "WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET?",
        "WATCHWORD_PROVIDERS__DEV__ISSUER?",
    ]
    assert "canary" not in "".join(told)


def test_a_very_deep_name_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many levels a variable claims."""
    monkeypatch.setenv("WATCHWORD_KEYS__" + "A__" * 5000 + "A", "x")
    (told,) = problems()
    assert told.startswith("WATCHWORD_KEYS__A__A")


@pytest.mark.parametrize("wrong", ["WATCHWORD_COLOUR", "WATCHWORD_X", "WATCHWORD___", "WATCHWORD_A__B__C__D"])
def test_what_looks_like_nothing_is_not_guessed(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """A wild guess would lead astray."""
    monkeypatch.setenv(wrong, "x")
    (told,) = problems()
    assert told.endswith("there is no such setting")


def test_a_misspelt_name_in_the_file_is_recognised(tmp_path: Path) -> None:
    """By the name that works in both places."""
    (tmp_path / "watchword.toml").write_text("[rate_limits]\nlogins = '5/minute'\n")
    assert problems() == [
        "WATCHWORD_RATE_LIMITS__LOGINS: there is no such setting; did you mean WATCHWORD_RATE_LIMITS__LOGIN?"
    ]


def test_a_misspelt_argument_is_recognised() -> None:
    """The constructor is a source like the others."""
    with pytest.raises(ConfigurationError, match="did you mean WATCHWORD_ACCESS_TOKEN_SECONDS"):
        Settings(access_token_secs=900)


_NAMES = [name.replace("<ID>", "A") for name in setting_names(Settings)]
_VALUES = st.text(string.printable, max_size=12) | st.sampled_from(
    [
        "{}",
        "[]",
        "null",
        "[null]",
        '{"a": 1}',
        '{"a": {"b": {}}}',
        "1e9",
        "NaN",
        "true",
        "off",
        "env:X",
        "file:/",
    ]
)


@hypothesis_settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(_NAMES) | st.text(string.ascii_uppercase + "_", max_size=9), _VALUES, max_size=4
    )
)
def test_no_environment_makes_another_error(values: dict[str, str]) -> None:
    """Whatever is set, settings are read or every problem is named; no library's exception escapes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name if name.startswith("WATCHWORD_") else f"WATCHWORD_{name}", value)
        patch.delenv("WATCHWORD_CONFIG", raising=False)
        with suppress(ConfigurationError):
            Settings()
