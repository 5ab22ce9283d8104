"""What an operator says about one version of the API; it counts more than what the code says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from watchword.config.values import IDENTIFIER
from watchword.protocol.api_version import check_guide, read_moment

Moment = Annotated[datetime, BeforeValidator(read_moment)]
Guide = Annotated[str, AfterValidator(check_guide)]


class VersionSettings(BaseModel):
    """``WATCHWORD_VERSIONS__<ID>__…``: what is not set is by the code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deprecated_at: Moment | None = None
    sunset_at: Moment | None = None
    guide: Guide | None = None

    @model_validator(mode="after")
    def _ends_after_its_deprecation(self) -> VersionSettings:
        if self.deprecated_at and self.sunset_at and self.sunset_at < self.deprecated_at:
            raise ValueError("SUNSET_AT must not be before DEPRECATED_AT")
        return self


def check_version_ids(given: dict[str, VersionSettings]) -> dict[str, VersionSettings]:
    """Raises ValueError for an id no version can have."""
    for version_id in given:
        if not IDENTIFIER.fullmatch(version_id):
            raise ValueError(f"{version_id!r}: an id is lower case letters, digits, - and _, at most 32")
    return given
