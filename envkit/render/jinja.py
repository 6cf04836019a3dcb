"""The one Jinja environment: strict, deterministic, with the quoting of `quote` as its filters. Pure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from envkit.render import filters


def render_template(template: str, /, **values: object) -> str:
    """Render a template of the package.

    Args:
        template: Its path below `templates`, such as `debian/Dockerfile.j2`.
        values: What it may name; a name it has and this has not is an error.

    Raises:
        jinja2.UndefinedError: The template names a value that was not given.
        quote.Unsafe: A value cannot stand where the template puts it.
    """
    return _environment().get_template(template).render(**values)


@cache
def read_static(path: str) -> str:
    """Return a file of the package that needs no value, byte for byte.

    Args:
        path: Its path below `templates`, such as `debian/entrypoint.sh`.
    """
    return files("envkit").joinpath("templates", *path.split("/")).read_text(encoding="utf-8")


class _PackageLoader(BaseLoader):
    """Finds templates in the installed package, wherever it lies."""

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
        autoescape=False,  # noqa: S701 - filters quote for each place
    )
    environment.filters.update(filters.FILTERS)
    return environment
