# shellcheck shell=bash
# Sourced after common.sh by the scripts that start an engine for the tests.

is_running() { [ -n "$1" ] && [ -e "/proc/$1" ]; }

# wait_for_engine FOLDER DEADLINE NAME : wait until the engine answers at FOLDER/docker.sock. Its process id is in
# FOLDER/started, its log in FOLDER/log; DEADLINE is a value of $SECONDS.
wait_for_engine() {
  local folder=$1 pid
  pid=$(cat "$folder/started")
  until python3 scripts/setup/ping_engine.py "$folder/docker.sock"; do
    if ! is_running "$pid" || [ $SECONDS -ge "$2" ]; then
      tail -n 20 "$folder/log" >&2
      fail 3 "$3 does not answer; see the last lines of its log above"
    fi
    sleep 0.1
  done
}
