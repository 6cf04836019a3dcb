"""Table of verbs, and the Typer application that a command line needs."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from envkit.cli.error_handler import TyperBypass
from envkit.cli.options import EngineOption, LocalEngineOption
from envkit.errors import EnvkitError, PreconditionError
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HELP = "From a bare machine to a TensorFlow workspace that is running, hardened and verified."

# Verb -> module and function, in the order of `envkit --help`.
VERBS = {
    "init": ("project", "init"),
    "up": ("lifecycle", "up"),
    "down": ("lifecycle", "down"),
    "sync": ("lifecycle", "sync"),
    "status": ("project", "status"),
    "logs": ("exec", "logs"),
    "exec": ("exec", "exec_"),
    "shell": ("exec", "shell"),
    "doctor": ("diagnostics", "doctor"),
    "probe": ("diagnostics", "probe"),
    "audit": ("diagnostics", "audit"),
    "smoke": ("diagnostics", "smoke"),
    "explain": ("diagnostics", "explain"),
    "migrate": ("migrate", "migrate"),
    "open": ("connect", "open_"),
    "token": ("connect", "token"),
    "ssh": ("exec", "ssh"),
    "ssh-config": ("connect", "ssh_config"),
    "render": ("project", "render"),
    "build": ("lifecycle", "build"),
    "prune": ("lifecycle", "prune"),
    "schema": ("project", "schema"),
    "version": ("project", "version"),
    "ssh-proxy": ("exec", "ssh_proxy"),
}
HIDDEN_VERBS = {"ssh-proxy"}
ENGINELESS_VERBS = {"explain", "init", "migrate", "schema", "version"}  # every other verb takes `--engine`
LOCAL_VERBS = {"doctor"}  # they refuse a remote engine
# Verbs that pass all further arguments to a program, with their usage.
PASSTHROUGH_USAGE = {"exec": "[OPTIONS] PROGRAM [ARGUMENT]...", "ssh": "[OPTIONS] [SSH-OPTION]... [COMMAND]..."}
PASSTHROUGH_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
SIMILARITY_CUTOFF = 0.7  # accepts a typo, rejects a word that merely shares letters


def create_app(arguments: list[str]) -> typer.Typer:
    """Create an application with the requested verb, or with all verbs for help and usage errors.

    Typer prepares every registered option, which takes longer than most verbs.

    Args:
        arguments: Command line without the program name.

    Raises:
        PreconditionError: The verb does not exist.
    """
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        raise _unknown_verb(arguments[0])
    verbs = [arguments[0]] if arguments and arguments[0] in VERBS else list(VERBS)
    app = typer.Typer(
        name="envkit",
        add_completion=len(verbs) > 1,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=HELP,
    )
    app.callback()(_root_callback)
    for verb in verbs:
        module, function = VERBS[verb]
        handler = getattr(import_module(f"envkit.cli.verbs.{module}"), function)
        option = engine_option(verb)
        command = _bypass_typer(_add_engine_option(handler, option) if option else handler)
        app.command(
            verb,
            hidden=verb in HIDDEN_VERBS,
            context_settings=PASSTHROUGH_SETTINGS if verb in PASSTHROUGH_USAGE else {},
            options_metavar=PASSTHROUGH_USAGE.get(verb, "[OPTIONS]"),
        )(command)
    return app


def engine_option(verb: str) -> Any:
    """Return the annotation of a verb's `--engine` option, or None if the verb has none."""
    if verb in ENGINELESS_VERBS:
        return None
    return LocalEngineOption if verb in LOCAL_VERBS else EngineOption


def _unknown_verb(word: str) -> PreconditionError:
    matches = get_close_matches(word, sorted(set(VERBS) - HIDDEN_VERBS), n=1, cutoff=SIMILARITY_CUTOFF)
    suggestion = f"; did you mean `envkit {matches[0]}`?" if matches else ""
    return PreconditionError(f"unknown command {word!r}{suggestion}", code="unknown-command", hint="envkit --help")


def _add_engine_option(verb: Callable[..., int], annotation: Any) -> Callable[..., int]:
    """Add the `--engine` option to a verb."""
    from envkit.backends import endpoint

    @wraps(verb)
    def run(*args: object, engine: str | None = None, **options: object) -> int:
        with endpoint.override(engine or ""), _close_tunnels():
            _warn_about_docker_config()
            return verb(*args, **options)

    verb_signature = signature(verb, eval_str=True)
    option = Parameter("engine", Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    parameters = [*verb_signature.parameters.values(), option]
    run.__signature__ = verb_signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {
        **{name: parameter.annotation for name, parameter in verb_signature.parameters.items()},
        "engine": annotation,
    }
    return run


def _warn_about_docker_config() -> None:
    """Print why Docker's configuration was ignored; an unusable engine is reported when it is needed."""
    from envkit.backends import endpoint

    with suppress(EnvkitError, OSError):
        if warning := endpoint.choose().warning:
            typer.echo(escape_controls(f"envkit: warning: {warning}"), err=True)


@contextmanager
def _close_tunnels() -> Iterator[None]:
    """Close idle tunnels to remote engines when the verb is done."""
    try:
        yield
    finally:
        from envkit import ssh_tunnel

        if endpoints := ssh_tunnel.active_addresses():
            from envkit.environment.remote import ports

            for engine_endpoint in endpoints:
                ports.close_idle_tunnel(engine_endpoint)


def _bypass_typer(verb: Callable[..., int]) -> Callable[..., int]:
    """Wrap exceptions that would make Typer exit silently."""

    @wraps(verb)
    def run(*args: object, **options: object) -> int:
        try:
            return verb(*args, **options)
        except (KeyboardInterrupt, BrokenPipeError) as error:
            raise TyperBypass from error

    return run


def _print_version(requested: bool) -> None:
    if requested:
        from envkit.cli import fast_path

        raise typer.Exit(fast_path.try_run(["--version"]) or 0)


def _root_callback(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version of envkit.")
    ] = False,
) -> None:
    """Define the command group: without it, Typer would drop the name of a single verb."""


_root_callback.__doc__ = HELP
