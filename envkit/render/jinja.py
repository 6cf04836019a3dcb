"""The Jinja environment: strict, deterministic, with `filters` for quoting. Pure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from envkit.render import filters


def render_template(template: str, /, **values: object) -> str:
    """Render a template of the package.

    Args:
        template: Path below `templates`, such as `debian/Dockerfile.j2`.
        values: Values by name.

    Raises:
        jinja2.UndefinedError: The template uses a value that is missing.
        UnsafeValueError: A value is not safe where the template puts it.
    """
    return _environment().get_template(template).render(**values)


@cache
def read_static(path: str) -> str:
    """Read a file without template values.

    Args:
        path: Path below `templates`, such as `debian/bin/entrypoint`.
    """
    return files("envkit").joinpath("templates", *path.split("/")).read_text(encoding="utf-8")


class _PackageLoader(BaseLoader):
    """Load templates from the installed package."""

    def get_source(self, _environment: Environment, template: str) -> tuple[str, str | None, Any]:
        try:
            return read_static(template), template, lambda: True
        except OSError as error:
            raise TemplateNotFound(template) from error


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_PackageLoader(),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - filters quote for each format
    )
    environment.filters.update(filters.FILTERS)
    return environment
