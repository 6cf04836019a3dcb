# shellcheck shell=bash
# Sourced by the scripts that start an engine of the tests' own, after say.sh.

living() { [ -n "$1" ] && [ -e "/proc/$1" ]; }

# wait_for_engine FOLDER DEADLINE WHAT : until it answers at FOLDER/docker.sock. Its number stands in FOLDER/started, its
# log in FOLDER/log; the deadline is one of $SECONDS.
wait_for_engine() {
  local folder=$1 pid
  pid=$(cat "$folder/started")
  until python3 scripts/ping_engine.py "$folder/docker.sock"; do
    if ! living "$pid" || [ $SECONDS -ge "$2" ]; then
      tail -n 20 "$folder/log" >&2
      stop 3 "$3 does not answer; the last lines of its log stand above"
    fi
    sleep 0.1
  done
}
