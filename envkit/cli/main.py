"""Entry point of the `envkit` command."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

# Loaded modules stay alive; collecting garbage among them repeatedly costs a tenth of the start-up time.
GC_THRESHOLD = 50_000


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
    from envkit.cli import error_handler, fast_path, signals

    try:
        if arguments[:1] != ["ssh-proxy"]:  # the SSH client sends SIGHUP to it at every logout
            signals.install_handlers()
        if (code := fast_path.try_run(arguments)) is not None:
            return code
        from envkit.cli.app import create_app

        code = create_app(arguments)(args=arguments or ["--help"], prog_name="envkit", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the single handler of all errors
        return error_handler.report(error, arguments)
    return int(code or 0)
