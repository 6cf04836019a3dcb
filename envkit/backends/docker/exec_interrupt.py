"""End a program in a container when the client that runs it is interrupted; the engine would let it continue.

The engine has no request to end such a program, and reports its process id outside the container only. So each
program gets a random id in its environment, by which a second program finds it and everything that it started.
"""

from __future__ import annotations

import secrets
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import EnvkitError, TerminatedBySignal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.backends.docker.client import Engine

VARIABLE = "ENVKIT_EXEC_ID"
GRACE_S = 10  # then programs that ignore the signal are killed
SIGNAL_OFFSET = 128  # of a shell's exit codes
# Each process gets the signal once: a second Ctrl-C would make many programs skip their cleanup. The first rounds also
# find a program that starts only now.
SCRIPT = r"""
has_variable() {  # the shell skips the NUL characters between the variables
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in *"$variable"*) return 0 ;; esac
    done < "$1/environ"
    return 1
}
find_processes() {
    for folder in /proc/[0-9]*; do
        if has_variable "$folder"; then echo "${folder#/proc/}"; fi
    done
}
exec 2> /dev/null
variable=$1 signal=$2 rounds=$3 signaled=" " round=0
while [ "$round" -lt "$rounds" ]; do
    processes=$(find_processes)
    if [ -z "$processes" ] && [ "$round" -ge 10 ]; then exit 0; fi
    for process in $processes; do
        case $signaled in *" $process "*) continue ;; esac
        kill "-$signal" "$process"
        signaled="$signaled$process "
    done
    sleep 0.1
    round=$((round + 1))
done
for process in $(find_processes); do kill -9 "$process"; done
"""


@contextmanager
def end_on_interrupt(engine: Engine, container: str) -> Iterator[dict[str, str]]:
    """Yield variables for a program's environment; if the body is interrupted, end the programs that have them.

    Args:
        engine: Engine of the container.
        container: Name of the container.
    """
    exec_id = secrets.token_hex(16)
    try:
        yield {VARIABLE: exec_id}
    except KeyboardInterrupt as error:
        number = error.exit_code - SIGNAL_OFFSET if isinstance(error, TerminatedBySignal) else signal.SIGINT
        with suppress(EnvkitError):  # the container may have stopped
            _end(engine, container, exec_id, number)
        raise


def _end(engine: Engine, container: str, exec_id: str, number: int) -> None:
    arguments = [f"{VARIABLE}={exec_id}", str(int(number)), str(int(GRACE_S * 10))]
    with translate_errors(f"ending a program in {container}"):
        command = ["/bin/sh", "-c", SCRIPT, "sh", *arguments]
        instance = engine.api.exec_create(container, command, stdout=False, stderr=False, workdir="/")
        engine.api.exec_start(instance["Id"], detach=True)
