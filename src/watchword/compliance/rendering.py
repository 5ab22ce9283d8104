"""A report as one HTML file: no script, nothing from elsewhere, made to be read, heard and printed."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from watchword.compliance.report import STATES, Report

WORDS: Final = {"met": "Met", "attention": "Attention", "open": "Open"}


def as_html(report: Report) -> str:
    """Every value is escaped, whoever chose it."""
    environment = Environment(
        loader=PackageLoader("watchword.compliance"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made_at = report.made_at.astimezone(UTC)
    return environment.get_template("report.html").render(
        report=report,
        made_at=made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        made_at_words=made_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        not_met=list(report.not_met()),
        words=WORDS,
        states=STATES,
    )
