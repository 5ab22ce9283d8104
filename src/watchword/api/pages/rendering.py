"""Templates of one installation, and how an operator's stand in for ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from starlette.types import Scope

from watchword.api.pages.catalogues import Catalogues, catalogues
from watchword.api.pages.words import device, language, say, speaking, when, words
from watchword.auth.logs import tell
from watchword.errors import ConfigurationError
from watchword.protocol.languages import direction

OURS: Final = "watchword"
"""The prefix by which a template extends the one it stands in for: ``watchword/error.html``."""

_FAULTS: Final = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, OSError),
    *(RecursionError, TypeError, ValueError),
)
"""What a template of a service may fail with."""


class Pages:
    """The templates and words of one installation; an operator's folders come before ours.

    Raises ConfigurationError naming every template and catalogue of theirs that cannot be used.
    """

    def __init__(
        self,
        *,
        templates: str | PathLike[str] | None = None,
        translations: str | PathLike[str] | None = None,
    ) -> None:
        self.catalogues: Catalogues = catalogues(None if translations is None else Path(translations))
        ours = PackageLoader("watchword.api.pages")
        self._ours = _environment(ours)
        self._theirs = None if templates is None else _overriding(Path(templates), ours)

    @contextmanager
    def answering(self, scope: Scope) -> Iterator[None]:
        """Pages made inside are these, in the language that the request asks for."""
        token = _pages.set(self)
        try:
            with speaking(self.catalogues, scope):
                yield
        finally:
            _pages.reset(token)

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """An operator's template that fails gives way to ours: it keeps nobody from signing in."""
        values = {**context, "language": language(), "direction": direction(language())}
        if self._theirs is not None:
            try:
                return self._theirs.get_template(name).render(values)
            except _FAULTS as error:
                cause = str(error) if isinstance(error, TemplateError) else "while it was filled in"
                tell(
                    "template_failed",
                    "the template %s of this service failed (%s: %s); watchword's own is shown instead",
                    name,
                    type(error).__name__,
                    cause,
                    template=name,
                    cause=type(error).__name__,
                )
        return self._ours.get_template(name).render(values)


_pages: ContextVar[Pages | None] = ContextVar("watchword_pages", default=None)


@cache
def own_pages() -> Pages:
    """Ours, as they are shipped."""
    return Pages()


def pages_of(templates: str | PathLike[str] | None, translations: str | PathLike[str] | None) -> Pages:
    """Ours, made once a process, or what a service puts before them."""
    if templates is None and translations is None:
        return own_pages()
    return Pages(templates=templates, translations=translations)


def rendered(name: str, context: Mapping[str, Any]) -> str:
    """One template for the request under way; ours, in English, outside of any."""
    return (_pages.get() or own_pages()).render(name, context)


def _overriding(folder: Path, ours: BaseLoader) -> Environment:
    if not folder.is_dir():
        raise ConfigurationError([f"the folder of templates {folder} does not exist, or is no folder"])
    loader = ChoiceLoader([FileSystemLoader(folder), ours, PrefixLoader({OURS: ours})])
    environment = _environment(loader)
    problems = []
    for path in sorted(folder.rglob("*.html")):
        try:
            environment.get_template(path.relative_to(folder).as_posix())
        except TemplateSyntaxError as error:
            problems.append(f"{path}, line {error.lineno}: {error.message}")
        except (OSError, UnicodeError) as error:
            problems.append(f"{path} cannot be read ({type(error).__name__})")
    if problems:
        raise ConfigurationError(problems)
    return environment


def _environment(loader: BaseLoader) -> Environment:
    """Escapes by itself, whatever a file is called, and stops at a name that does not exist."""
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.i18n"]
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals["say"] = say
    environment.filters.update({"when": when, "device": device})
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _gettext(message: str) -> str:
    return words().gettext(message)


def _ngettext(one: str, many: str, number: int) -> str:
    return words().ngettext(one, many, number)
