"""Entry point of the `envkit` command."""

from __future__ import annotations

import gc
import io
import os
import sys

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from typing import NoReturn

# Loaded modules stay alive; collecting garbage among them repeatedly costs a tenth of the start-up time.
GC_THRESHOLD = 200_000


def main(argv: list[str] | None = None) -> NoReturn:
    """Run a command line and exit with its code.

    Args:
        argv: Command line without the program name; that of the process by default.
    """
    sys.exit(_run(sys.argv[1:] if argv is None else argv))


def _run(arguments: list[str]) -> int:
    gc.set_threshold(GC_THRESHOLD)
    # Pydantic would search every installed package for plug-ins and run them on config values.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":  # PYTHONIOENCODING or a locale
            stream.reconfigure(errors="backslashreplace")
    from envkit.cli import fast_path, signals

    handles_signals = arguments[:1] != ["ssh-proxy"]  # the SSH client sends SIGHUP to it at every logout
    try:
        if handles_signals:
            signals.install_handlers()
        if (code := fast_path.try_run(arguments)) is not None:
            return code
        if handles_signals:
            signals.install_wakeup()
        from envkit.cli.app import create_app

        code = create_app(arguments)(args=arguments or ["--help"], prog_name="envkit", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the single handler of all errors
        from envkit.cli import error_handler

        return error_handler.report(error, arguments)
    return int(code or 0)
