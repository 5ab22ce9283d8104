"""``Settings``: everything an operator can say, checked together before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from watchword.config.addresses import CacheAddress, DatabaseAddress
from watchword.config.base_url import check_base_url
from watchword.config.client import ClientSettings, check_client_ids, client_problems
from watchword.config.deployment import deployment_problems
from watchword.config.keys import KeyStoreName, key_problems
from watchword.config.problems import describe, without_faults
from watchword.config.provider import ProviderSettings
from watchword.config.provider_audiences import audience_problems
from watchword.config.rate_limits import LimitName, RateLimit, RateLimitSettings
from watchword.config.reference_tree import follow_all, unsaid, without_values
from watchword.config.resolver import Resolver
from watchword.config.secrets import SecretSetting
from watchword.config.setting_references import setting_references
from watchword.config.sources import EnvironmentSource, FileSource, FromReference
from watchword.config.terms import TermsSettings, terms_problems
from watchword.config.values import IDENTIFIER, Json, OneOrMore, Seconds, SecondsOrZero
from watchword.config.versions import VersionSettings, check_version_ids
from watchword.errors import ConfigurationError
from watchword.protocol.return_to import safe_return_to

Environment = Literal["development", "staging", "production"]
_LONGEST_TOKEN_SECONDS = 3600
_LEEWAY_SECONDS = 60


class KeySettings(BaseModel):
    """``WATCHWORD_KEYS__…``: the signing keys of our own tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: KeyStoreName = "database"
    secret_id: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    path: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    algorithm: Literal["ES256", "RS256", "Ed25519"] = "ES256"
    rotate_after_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 2_592_000


class PrivacySettings(BaseModel):
    """``WATCHWORD_PRIVACY__…``: what is kept of an IP address; how long the trail and who called are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ip: Literal["truncated", "hashed", "none"] = "truncated"
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90


class Settings(BaseSettings):
    """Reads defaults, ``watchword.toml``, ``WATCHWORD_*`` and the constructor, later wins.

    Raises ConfigurationError with every problem at once. Durations are whole seconds.
    """

    if TYPE_CHECKING:

        def __init__(self, **values: Any) -> None:
            """Values are read as those of a file are: text, numbers, mappings and lists."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    environment: Environment = "development"
    base_url: str = "http://127.0.0.1:8000"
    secret_key: SecretSetting | None = None
    secret_key_previous: Annotated[tuple[SecretSetting, ...], OneOrMore] = ()
    audience: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    database_url: DatabaseAddress = "sqlite+aiosqlite:///.watchword/watchword.db"
    cache_url: CacheAddress | None = None
    providers: Annotated[dict[str, ProviderSettings], Json] = Field(default_factory=dict)
    clients: Annotated[dict[str, ClientSettings], Json] = Field(default_factory=dict)
    clock_leeway_seconds: Annotated[int, Field(ge=0, le=60)] = 30
    access_token_seconds: Seconds = 900
    session_idle_seconds: Seconds = 3600
    session_absolute_seconds: Seconds = 86400
    refresh_overlap_seconds: Annotated[int, Field(ge=0, le=60)] = 10
    provider_recheck_seconds: SecondsOrZero = 3600
    provider_grace_seconds: Annotated[int, Field(ge=0, le=3600)] = 900
    max_sessions_per_user: Annotated[int, Field(ge=1, le=1000)] = 5
    session_limit_policy: Literal["evict_oldest", "reject"] = "evict_oldest"
    revocation_stale_seconds: SecondsOrZero = 30
    cleanup_interval_seconds: SecondsOrZero = 300
    log_format: Literal["auto", "json", "console"] = "auto"
    log_access: bool = False
    default_return_to: str = "/"
    trusted_proxy_hops: Annotated[int, Field(ge=0, le=10)] = 0
    keys: KeySettings = KeySettings()
    versions: Annotated[dict[str, VersionSettings], Json] = Field(default_factory=dict)
    rate_limits: RateLimitSettings = RateLimitSettings()
    privacy: PrivacySettings = PrivacySettings()
    terms: TermsSettings = TermsSettings()
    _references: Mapping[str, FromReference] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, EnvironmentSource(settings_cls), FileSource(settings_cls)

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_origin(cls, given: str) -> str:
        return check_base_url(given)

    @field_validator("default_return_to")
    @classmethod
    def _default_return_to_is_local(cls, given: str) -> str:
        if safe_return_to(given, default="") != given:
            raise ValueError("must be a local path such as /start")
        return given

    @field_validator("providers")
    @classmethod
    def _provider_ids_are_plain(cls, given: dict[str, ProviderSettings]) -> dict[str, ProviderSettings]:
        for provider_id in given:
            if not IDENTIFIER.fullmatch(provider_id):
                raise ValueError(f"{provider_id!r}: an id is lower case letters, digits, - and _, at most 32")
        return given

    @field_validator("clients")
    @classmethod
    def _client_ids_are_plain(cls, given: dict[str, ClientSettings]) -> dict[str, ClientSettings]:
        return check_client_ids(given)

    @field_validator("versions")
    @classmethod
    def _version_ids_are_plain(cls, given: dict[str, VersionSettings]) -> dict[str, VersionSettings]:
        return check_version_ids(given)

    @model_validator(mode="wrap")
    @classmethod
    def _everything_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        followed = follow_all(data, Resolver())
        try:
            settings, problems = handler(followed.tree), []
        except ValidationError as error:
            problems = describe(error, cls)
            settings = handler(without_faults(followed.tree, error))
        settings._references = setting_references(followed.found)
        problems += [*client_problems(settings.clients), *audience_problems(settings.providers)]
        problems += [*key_problems(settings.keys), *deployment_problems(settings)]
        problems += terms_problems(settings, problems)
        problems += unsaid(problems, followed)
        if problems:
            raise ConfigurationError([without_values(each, followed) for each in problems])
        return settings

    @property
    def references(self) -> Mapping[str, FromReference]:
        """What was given as a reference, by setting, such as ``WATCHWORD_SECRET_KEY``."""
        return self._references

    @property
    def origin(self) -> str:
        """``base_url`` without a trailing slash: the issuer of our tokens."""
        return self.base_url

    @property
    def token_audience(self) -> str:
        """``aud`` of our access tokens: ``audience``, else ``base_url``."""
        return self.audience or self.base_url

    @property
    def longest_access_token_seconds(self) -> int:
        """How long any access token of ours may count, leeway included, also one from before
        ``access_token_seconds`` was lowered."""
        return max(self.access_token_seconds, _LONGEST_TOKEN_SECONDS) + _LEEWAY_SECONDS

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https, which decides cookie names and attributes."""
        return urlsplit(self.base_url).scheme == "https"

    def rate_limit(self, name: LimitName) -> RateLimit | None:
        """The limit in force per client address, None where there is none."""
        return self.rate_limits.in_force(name, development=self.environment == "development")

    def redirect_uri(self, provider_id: str) -> str:
        """The exact redirect URI to register at a provider; never built from a request."""
        return f"{self.base_url}/auth/callback/{provider_id}"
