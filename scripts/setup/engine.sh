#!/usr/bin/env bash
# Make sure that a container engine answers and that a Debian root file system can be assembled.
# A running engine is used as it is; an installed one is started. If no engine is installed, this
# installs the distribution's docker.io, unless ENVKIT_NO_ENGINE_INSTALL=1.
#   --dry-run  print the changes to the system without making them
# ENVKIT_ENGINE_WAIT_S: seconds to wait for a started engine (60).
# Exits with code 3 if no engine is available; the message has a hint.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh
[ "${1:-}" != --dry-run ] || export ENVKIT_DRY_RUN=1

default=/var/run/docker.sock
log=/var/log/envkit-dockerd.log
packages=(docker.io iptables)
rootfs_packages=(mmdebstrap uidmap debian-archive-keyring)

python=.venv/bin/python
[ -x $python ] || python=python3

# The engine that envkit would use.
selection=$("$python" scripts/setup/chosen_engine.py)
{ read -r address; read -r selected_by; read -r undo; } <<<"$selection" || true
case $address in
  '') socket=$default ;;
  unix://*) socket=${address#unix://} ;;
  *)
    info "$selected_by selects a remote engine ($address): no local engine is set up"
    exit 0
    ;;
esac

# Exit codes: 0 the engine answers, 1 no engine answers, 4 this user has no access.
ping_engine() { "$python" scripts/setup/ping_engine.py "$socket"; }

fail_no_access() {
  local user group=docker
  user=$(id -un)
  [ -z "$address" ] || group=$(stat -Lc %G "$socket")
  case " $(id -nG "$user") " in
    *" $group "*)
      fail 3 "an engine runs at $socket; you were added to the group $group after this login began." \
        "hint: log in again, or run this under 'sg $group'." ;;
    *)
      fail 3 "an engine runs at $socket, and you ($user) do not have access to it." \
        "hint: sudo usermod -aG $group $user, then log in again${undo:+; or $undo}." \
        "(Members of the group $group are effectively root on this machine; see README.md.)" ;;
  esac
}

may_install() { [ "${ENVKIT_NO_ENGINE_INSTALL:-}" != 1 ]; }

install_engine() {
  may_install ||
    fail 3 "no container engine answers at $socket, none is installed, and ENVKIT_NO_ENGINE_INSTALL=1 is set." \
      "hint: install one (on Debian and Ubuntu: apt-get install ${packages[*]}), or unset the variable."
  has_command apt-get ||
    fail 3 "no container engine answers at $socket, and envkit can install one only on Debian and Ubuntu." \
      "hint: install Docker with your system's package manager, start it, and run this again."
  scripts/setup/packages.sh "a container engine" "${packages[@]}" "${rootfs_packages[@]}"
}

# A zombie process does not count as running.
is_running() {
  local state=
  read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" || true
  [ -n "$state" ] && [ "$state" != Z ]
}

# The process may be this script's or the one named in the PID file: the package's start script may be faster.
engine_is_running() {
  local other_pid=
  read -r other_pid 2>/dev/null <"${socket%.sock}.pid" || true
  is_running "$1" || is_running "${other_pid:-none}"
}

# Print the process id of the background engine, or nothing if systemd manages it.
start_engine() {
  if [ -d /run/systemd/system ]; then
    info "starting the engine: systemctl start docker"
    as_root systemctl start docker >&2 || fail_with_log "systemctl could not start it"
  elif engine_is_running none; then
    info "an engine is already starting"
    echo none
  else
    info "starting the engine: dockerd in the background, log in $log"
    # shellcheck disable=SC2016 # expanded by the inner root shell
    as_root sh -c 'cd /; setsid nohup dockerd </dev/null >>"$1" 2>&1 & echo $!' sh "$log"
  fi
}

fail_with_log() {
  info "the engine does not answer at $socket: $1."
  if [ -d /run/systemd/system ]; then
    info "last lines of its log (journalctl -u docker):"
    as_root journalctl -u docker --no-pager -n 20 >&2 || true
  else
    info "last lines of its log ($log):"
    as_root tail -n 20 "$log" >&2 || true
  fi
  exit 3
}

wait_for_engine() {
  local pid=$1 seconds=${ENVKIT_ENGINE_WAIT_S:-60} code
  local deadline=$((SECONDS + seconds))
  until code=0; ping_engine || code=$?; [ $code != 1 ]; do
    if [ -n "$pid" ] && ! engine_is_running "$pid"; then fail_with_log "it exited"; fi
    [ $SECONDS -lt $deadline ] || fail_with_log "no answer within $seconds seconds"
    sleep 0.2
  done
  [ $code = 0 ] || fail_no_access
  info "the engine answers at $socket"
}

code=0
ping_engine || code=$?
case $code in
  0) ;;
  4) fail_no_access ;;
  *)
    if [ "${socket#/var}" != "${default#/var}" ]; then  # /var/run is /run
      fail 3 "no engine answers at $address ($selected_by)." \
        "hint: start that engine, or $undo to use the local engine."
    fi
    has_command dockerd || install_engine
    pid=$(start_engine)
    if [ "${ENVKIT_DRY_RUN:-}" = 1 ]; then exit 0; fi
    wait_for_engine "$pid"
    ;;
esac

if has_command mmdebstrap && has_command newuidmap; then exit 0; fi
if may_install && has_command apt-get && { [ "$(id -u)" = 0 ] || has_command sudo; }; then
  scripts/setup/packages.sh "assembling Debian's root file system" "${rootfs_packages[@]}"
else
  info "mmdebstrap or newuidmap is missing (apt-get install ${rootfs_packages[*]})." \
    "Without them, 'base: debian' needs the image debian:<suite>-slim on the engine."
fi
