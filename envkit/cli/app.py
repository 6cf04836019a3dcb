"""The table of verbs, and the Typer application of those that a command line needs."""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING

import typer

from envkit.cli.failures import PastTyper
from envkit.cli.options import EngineOption
from envkit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
HELP = "From a bare machine to a TensorFlow workspace that is running, locked down and proven."

# Verb -> module and function; in the order `envkit --help` shows them.
VERBS = {
    "init": ("project", "init"),
    "up": ("environment", "up"),
    "down": ("environment", "down"),
    "sync": ("environment", "sync"),
    "status": ("project", "status"),
    "logs": ("inside", "logs"),
    "exec": ("inside", "exec_"),
    "shell": ("inside", "shell"),
    "doctor": ("checks", "doctor"),
    "probe": ("checks", "probe"),
    "audit": ("checks", "audit"),
    "smoke": ("checks", "smoke"),
    "migrate": ("migrate", "migrate"),
    "open": ("access", "open_"),
    "token": ("access", "token"),
    "ssh": ("inside", "ssh"),
    "ssh-config": ("access", "ssh_config"),
    "render": ("project", "render"),
    "build": ("environment", "build"),
    "prune": ("environment", "prune"),
    "schema": ("project", "schema"),
    "version": ("project", "version"),
    "ssh-proxy": ("inside", "ssh_proxy"),
}
HIDDEN = {"ssh-proxy"}
NO_ENGINE = {"init", "migrate", "schema", "version"}  # every other verb takes `--engine`
NEAR = 0.7  # a slip of the fingers, and no word that merely shares letters


def application(arguments: list[str]) -> typer.Typer:
    """Return an application with the verb that is called, or with all of them for help and mistakes.

    Typer prepares every option it knows, which takes longer than most verbs do.

    Raises:
        Refusal: There is no such verb.
    """
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        raise _no_verb(arguments[0])
    called = [arguments[0]] if arguments and arguments[0] in VERBS else list(VERBS)
    made = typer.Typer(
        name="envkit", add_completion=len(called) > 1, pretty_exceptions_enable=False,
        rich_markup_mode=None, help=HELP,
    )
    made.callback()(_envkit)
    for verb in called:
        module, function = VERBS[verb]
        settings = PASSED_ON if verb in {"exec", "ssh"} else {}
        run = getattr(import_module(f"envkit.cli.verbs.{module}"), function)
        passed = _past_typer(run if verb in NO_ENGINE else _on_engine(run))
        made.command(verb, hidden=verb in HIDDEN, context_settings=settings)(passed)
    return made


def _no_verb(word: str) -> Refusal:
    near = get_close_matches(word, sorted(set(VERBS) - HIDDEN), n=1, cutoff=NEAR)
    meant = f"; did you mean `envkit {near[0]}`?" if near else ""
    return Refusal(f"there is no command {word!r}{meant}", mend="envkit --help")


def _on_engine(verb: Callable[..., int]) -> Callable[..., int]:
    """Give a verb the option that says which engine it is about."""
    from envkit.engines import endpoint

    @wraps(verb)
    def run(*args: object, engine: str | None = None, **options: object) -> int:
        with endpoint.using(engine or ""), _leaving():
            return verb(*args, **options)

    own = signature(verb, eval_str=True)
    option = Parameter("engine", Parameter.KEYWORD_ONLY, default=None, annotation=EngineOption)
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), option])  # type: ignore[attr-defined]
    run.__annotations__ = {**{name: one.annotation for name, one in own.parameters.items()}, "engine": EngineOption}
    return run


@contextmanager
def _leaving() -> Iterator[None]:
    """Let go of other machines when the verb is done."""
    try:
        yield
    finally:
        from envkit import tunnel

        if used := tunnel.in_use():
            from envkit.commands import reach

            for address in used:
                reach.leave(address)


def _past_typer(verb: Callable[..., int]) -> Callable[..., int]:
    """Carry past Typer what it would end the program for without a word."""

    @wraps(verb)
    def run(*args: object, **options: object) -> int:
        try:
            return verb(*args, **options)
        except (KeyboardInterrupt, BrokenPipeError) as error:
            raise PastTyper from error

    return run


def _envkit() -> None:
    """Stand for the group, so that one verb alone is still called by its name."""


_envkit.__doc__ = HELP
