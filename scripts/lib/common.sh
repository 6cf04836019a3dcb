# shellcheck shell=bash
# Sourced by the other scripts: messages, errors and root commands.
# With ENVKIT_DRY_RUN=1, commands that would change the system are printed instead.

info() { printf 'setup: %s\n' "$*" >&2; }

# fail CODE LINE... : print the message, one line each, and exit with CODE.
fail() {
  local code=$1 line
  shift
  for line in "$@"; do printf 'setup: %s\n' "$line" >&2; done
  exit "$code"
}

has_command() { command -v "$1" >/dev/null; }

# A user's PATH often lacks the folders of daemons and of account tools.
PATH="$PATH:/usr/sbin:/sbin"

# as_root COMMAND... : run it as root, through sudo if needed, with the caller's proxy settings.
as_root() {
  local name keep=()
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [ -n "${!name:-}" ]; then keep+=("$name=${!name}"); fi
  done
  if [ "${ENVKIT_DRY_RUN:-}" = 1 ]; then
    info "would run: $*"
  elif [ "$(id -u)" = 0 ]; then
    env "${keep[@]}" "$@"
  elif command -v sudo >/dev/null; then
    sudo env "${keep[@]}" "$@"
  else
    fail 3 "this step needs root, and sudo is not installed." "hint: run it once as root."
  fi
}
