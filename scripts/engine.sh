#!/usr/bin/env bash
# See to it that a container engine answers, and that a Debian root file system can be assembled.
# An engine that answers is used as it is; one that is installed is started; only where there is
# none, this distribution's docker.io is installed, unless ENVKIT_NO_ENGINE_INSTALL=1.
#   --dry-run  print what would be done to the system, and do none of it
# ENVKIT_ENGINE_WAIT_S: how many seconds a started engine may take to answer (60).
# Ends with 3 where no engine can be had; the message names the mend.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh
[ "${1:-}" != --dry-run ] || export ENVKIT_DRY_RUN=1

default=/var/run/docker.sock
log=/var/log/envkit-dockerd.log
packages=(docker.io iptables)
rootfs_packages=(mmdebstrap uidmap debian-archive-keyring)

python=.venv/bin/python
[ -x $python ] || python=python3

# The engine that envkit would take.
chosen=$("$python" scripts/chosen_engine.py)
{ read -r address; read -r by; read -r undo; } <<<"$chosen" || true
case $address in
  '') socket=$default ;;
  unix://*) socket=${address#unix://} ;;
  *)
    say "$by names an engine elsewhere ($address): left to it"
    exit 0
    ;;
esac

# 0 it answers, 1 nothing does, 4 not for this user
ask() { "$python" scripts/ping_engine.py "$socket"; }

need_group() {
  local user group=docker
  user=$(id -un)
  [ -z "$address" ] || group=$(stat -Lc %G "$socket")
  case " $(id -nG "$user") " in
    *" $group "*)
      stop 3 "an engine runs at $socket; you are in the group $group, but this login began before that." \
        "hint: log in again, or run this under 'sg $group'." ;;
    *)
      stop 3 "an engine runs at $socket, and you ($user) may not use it." \
        "hint: sudo usermod -aG $group $user, then log in again${undo:+; or $undo}." \
        "(Whoever is in the group $group is in effect root on this machine: README.md says more.)" ;;
  esac
}

may_install() { [ "${ENVKIT_NO_ENGINE_INSTALL:-}" != 1 ]; }

install_engine() {
  may_install ||
    stop 3 "no container engine answers at $socket, none is installed, and ENVKIT_NO_ENGINE_INSTALL=1 forbids to install one." \
      "hint: have one installed (on Debian and Ubuntu: apt-get install ${packages[*]}), or unset the variable."
  command -v apt-get >/dev/null ||
    stop 3 "no container engine answers at $socket, and this is no Debian or Ubuntu, where envkit could install one." \
      "hint: install Docker by your system's means, start it, and run this again."
  scripts/packages.sh "a container engine" "${packages[@]}" "${rootfs_packages[@]}"
}

# A process that lives: neither gone nor dead and not yet buried.
living() {
  local state=
  read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" || true
  [ -n "$state" ] && [ "$state" != Z ]
}

# Our own process, or one that has written its id already: a package's own start script may be quicker.
alive() {
  local other=
  read -r other 2>/dev/null <"${socket%.sock}.pid" || true
  living "$1" || living "${other:-none}"
}

# Prints the background process's id, or nothing where systemd looks after it.
start_engine() {
  if [ -d /run/systemd/system ]; then
    say "starting the engine: systemctl start docker"
    as_root systemctl start docker >&2 || gave_up "systemctl could not start it"
  elif alive none; then
    say "an engine is starting already"
    echo none
  else
    say "starting the engine: dockerd in the background, log in $log"
    # shellcheck disable=SC2016 # the inner shell, which is root's, expands it
    as_root sh -c 'cd /; setsid nohup dockerd </dev/null >>"$1" 2>&1 & echo $!' sh "$log"
  fi
}

gave_up() {
  say "the engine does not answer at $socket: $1."
  if [ -d /run/systemd/system ]; then
    say "its log: journalctl -u docker. The last lines:"
    as_root journalctl -u docker --no-pager -n 20 >&2 || true
  else
    say "its log: $log. The last lines:"
    as_root tail -n 20 "$log" >&2 || true
  fi
  exit 3
}

wait_for_engine() {
  local pid=$1 seconds=${ENVKIT_ENGINE_WAIT_S:-60} code
  local deadline=$((SECONDS + seconds))
  until code=0; ask || code=$?; [ $code != 1 ]; do
    if [ -n "$pid" ] && ! alive "$pid"; then gave_up "it ended"; fi
    [ $SECONDS -lt $deadline ] || gave_up "not within $seconds seconds"
    sleep 0.2
  done
  [ $code = 0 ] || need_group
  say "the engine answers at $socket"
}

code=0
ask || code=$?
case $code in
  0) ;;
  4) need_group ;;
  *)
    if [ "${socket#/var}" != "${default#/var}" ]; then  # /var/run is /run
      stop 3 "nothing answers at $address ($by)." \
        "hint: start that engine, or $undo to use this machine's own."
    fi
    command -v dockerd >/dev/null || install_engine
    pid=$(start_engine)
    if [ "${ENVKIT_DRY_RUN:-}" = 1 ]; then exit 0; fi
    wait_for_engine "$pid"
    ;;
esac

if command -v mmdebstrap >/dev/null && command -v newuidmap >/dev/null; then exit 0; fi
if may_install && command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }; then
  scripts/packages.sh "assembling Debian's root file system" "${rootfs_packages[@]}"
else
  say "missing, and not installed: mmdebstrap with newuidmap (apt-get install ${rootfs_packages[*]})." \
    "Without them 'base: debian' needs the image debian:<suite>-slim on the engine."
fi
