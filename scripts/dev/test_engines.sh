#!/usr/bin/env bash
# Engines that the tests use besides the local one, from Debian's archive, in .cache/engines:
#   trixie    Docker 26.1.5; it starts containers with this system's runc
#   bookworm  Podman 4.3.1, and RootlessKit, which starts that Docker without root
#   podman5   trixie's Podman 5.4.2, with the C library it is built for
# Without an argument, download those that are missing and start none.
#   start FOLDER    start that Docker with its data in FOLDER and its socket FOLDER/docker.sock; wait until it answers
#   stop FOLDER     stop it, and remove its bridge and data
# It uses a separate bridge and does not touch the firewall: the local engine keeps docker0 and its rules.
# It reads CDI devices only from FOLDER/cdi, so fake GPUs do not reach the local engine.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh
. scripts/lib/debian_archive.sh
. scripts/lib/engines.sh

engines=$PWD/.cache/engines
bridge=envkit-2nd
address=10.213.0.1/24
wait_s=60

# ensure_unpacked FOLDER SUITE PACKAGE... : unpack the packages into a separate folder, unless it is complete.
ensure_unpacked() {
  local folder=$engines/$1 suite=$2
  if [ -e "$folder/complete" ]; then return; fi
  unpack "$suite" "$folder" "${@:3}"
  touch "$folder/complete"
}

# stop_processes PID... : stop the engine's processes and wait until they are gone.
stop_processes() {
  local pid deadline=$((SECONDS + wait_s))
  for pid in "$@"; do
    as_root kill "$pid" 2>/dev/null || true
    while is_running "$pid"; do
      [ $SECONDS -lt $deadline ] || fail 3 "the second engine (process $pid) does not stop"
      sleep 0.1
    done
  done
}

# The caller holds a lock, so a process that still uses the bridge is left over from a killed run.
start_docker() {
  local folder=$1 path=$engines/trixie/usr deadline=$((SECONDS + wait_s))
  [ -e "$engines/trixie/complete" ] || fail 3 "the second engine is not downloaded." "hint: scripts/dev/test_engines.sh"
  # shellcheck disable=SC2046 # one word per process
  stop_processes $(pgrep -f "^dockerd .*--bridge $bridge ")
  as_root ip link delete "$bridge" 2>/dev/null || true
  mkdir -p "$folder/cdi"
  printf '{"features": {"cdi": true}, "cdi-spec-dirs": ["%s/cdi"]}\n' "$folder" >"$folder/daemon.json"
  as_root ip link add "$bridge" type bridge
  as_root ip address add "$address" dev "$bridge"
  # shellcheck disable=SC2016 # expanded by the inner root shell
  as_root sh -c 'cd /; PATH=$2/bin:$2/sbin:$PATH; setsid nohup dockerd --bridge "$3" --config-file "$1/daemon.json" \
    --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" --host "unix://$1/docker.sock" \
    --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false </dev/null >"$1/log" 2>&1 & echo $!' \
    sh "$folder" "$path" "$bridge" >"$folder/started"
  wait_for_engine "$folder" "$deadline" "the second engine"
}

stop_docker() {
  local folder=$1
  stop_processes "$(cat "$folder/started" 2>/dev/null || true)"
  as_root ip link delete "$bridge" 2>/dev/null || true
  as_root rm -rf "$folder"
}

case ${1:-} in
  start) start_docker "$2" ;;
  stop) stop_docker "$2" ;;
  *)
    ensure_unpacked trixie trixie docker.io containerd tini
    ensure_unpacked bookworm bookworm podman conmon crun netavark golang-github-containers-common \
      golang-github-containers-image libgpgme11 libassuan0 libyajl2 libsubid4 rootlesskit
    ensure_unpacked podman5 trixie podman conmon crun netavark golang-github-containers-common \
      golang-github-containers-image libc6 libglib2.0-0t64 libgpgme11t64 libassuan9 libgpg-error0 libyajl2 libsubid5
    has_command runc || scripts/setup/packages.sh "a second container engine" runc
    ;;
esac
