# shellcheck shell=bash
# Sourced by the scripts beside it: how they speak, how they stop, how they become root.
# With ENVKIT_DRY_RUN=1 whatever would change the system is printed instead.

say() { printf 'setup: %s\n' "$*" >&2; }

# stop CODE LINE... : the message, one line each, and the end.
stop() {
  local code=$1 line
  shift
  for line in "$@"; do printf 'setup: %s\n' "$line" >&2; done
  exit "$code"
}

# A user's PATH often lacks the folders of daemons and of account tools.
PATH="$PATH:/usr/sbin:/sbin"

# as_root COMMAND... : run it as root, through sudo where that is needed, with the caller's proxy settings.
as_root() {
  local name keep=()
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [ -n "${!name:-}" ]; then keep+=("$name=${!name}"); fi
  done
  if [ "${ENVKIT_DRY_RUN:-}" = 1 ]; then
    say "would run: $*"
  elif [ "$(id -u)" = 0 ]; then
    env "${keep[@]}" "$@"
  elif command -v sudo >/dev/null; then
    sudo env "${keep[@]}" "$@"
  else
    stop 3 "this needs root, and there is no sudo. hint: have root run it once."
  fi
}
