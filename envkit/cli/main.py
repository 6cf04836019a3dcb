"""The `envkit` command: where errors become messages and exit codes."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

# What is loaded stays, so to look for garbage among it again and again is a tenth of a start spent on nothing.
GC_THRESHOLD = 50_000


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    sys.exit(_run(sys.argv[1:] if argv is None else argv))


def _run(arguments: list[str]) -> int:
    gc.set_threshold(GC_THRESHOLD)
    # Pydantic would look into every installed package for one, and run it over what a config holds.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from envkit.cli import error_handler, fast_path, signals

    try:
        if arguments[:1] != ["ssh-proxy"]:  # the SSH client hangs up on that one at every logout
            signals.install_handlers()
        if (code := fast_path.try_run(arguments)) is not None:
            return code
        from envkit.cli.app import create_app

        code = create_app(arguments)(args=arguments or ["--help"], prog_name="envkit", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the one catcher: everything becomes a message and a code
        return error_handler.report(error, arguments)
    return int(code or 0)
