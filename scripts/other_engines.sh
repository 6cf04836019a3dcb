#!/usr/bin/env bash
# The engines that tests look at beside this machine's own, from Debian's archive, in .cache/engines:
#   trixie    Docker 26.1.5; it starts its containers with this system's runc
#   bookworm  Podman 4.3.1, and RootlessKit, which starts that Docker without root
#   podman5   trixie's Podman 5.4.2, with the C library it is made for
# Without an argument they are fetched where they are missing, and nothing is started.
#   start FOLDER    start that Docker, all it writes in FOLDER, its socket FOLDER/docker.sock; returns when it answers
#   stop FOLDER     end it, and remove its bridge and all it wrote
# It gets a bridge of its own and leaves the firewall alone: this machine's own engine keeps docker0 and its rules.
# It looks for CDI devices in FOLDER/cdi alone, so that made-up GPUs are its own.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh
. scripts/archive.sh
. scripts/engines.sh

engines=$PWD/.cache/engines
bridge=envkit-2nd
address=10.213.0.1/24
wait_s=60

# need FOLDER SUITE PACKAGE... : have them in a folder of their own; half a folder counts as none.
need() {
  local folder=$engines/$1 suite=$2
  if [ -e "$folder/complete" ]; then return; fi
  unpack "$suite" "$folder" "${@:3}"
  touch "$folder/complete"
}

# end PID... : processes of ours, and wait until they are gone.
end() {
  local pid deadline=$((SECONDS + wait_s))
  for pid in "$@"; do
    as_root kill "$pid" 2>/dev/null || true
    while living "$pid"; do
      [ $SECONDS -lt $deadline ] || stop 3 "the second engine, process $pid, does not end"
      sleep 0.1
    done
  done
}

# One at a time, by the caller's lock: what has our bridge by now was left by a run that was killed.
start_docker() {
  local folder=$1 path=$engines/trixie/usr deadline=$((SECONDS + wait_s))
  [ -e "$engines/trixie/complete" ] || stop 3 "the second engine is not here. hint: scripts/other_engines.sh"
  # shellcheck disable=SC2046 # one word for each process
  end $(pgrep -f "^dockerd .*--bridge $bridge ")
  as_root ip link delete "$bridge" 2>/dev/null || true
  mkdir -p "$folder/cdi"
  printf '{"features": {"cdi": true}, "cdi-spec-dirs": ["%s/cdi"]}\n' "$folder" >"$folder/daemon.json"
  as_root ip link add "$bridge" type bridge
  as_root ip address add "$address" dev "$bridge"
  # shellcheck disable=SC2016 # the inner shell, which is root's, expands it
  as_root sh -c 'cd /; PATH=$2/bin:$2/sbin:$PATH; setsid nohup dockerd --bridge "$3" --config-file "$1/daemon.json" \
    --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" --host "unix://$1/docker.sock" \
    --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false </dev/null >"$1/log" 2>&1 & echo $!' \
    sh "$folder" "$path" "$bridge" >"$folder/started"
  wait_for_engine "$folder" "$deadline" "the second engine"
}

stop_docker() {
  local folder=$1
  end "$(cat "$folder/started" 2>/dev/null || true)"
  as_root ip link delete "$bridge" 2>/dev/null || true
  as_root rm -rf "$folder"
}

case ${1:-} in
  start) start_docker "$2" ;;
  stop) stop_docker "$2" ;;
  *)
    need trixie trixie docker.io containerd tini
    need bookworm bookworm podman conmon crun netavark golang-github-containers-common golang-github-containers-image \
      libgpgme11 libassuan0 libyajl2 libsubid4 rootlesskit
    need podman5 trixie podman conmon crun netavark golang-github-containers-common golang-github-containers-image \
      libc6 libglib2.0-0t64 libgpgme11t64 libassuan9 libgpg-error0 libyajl2 libsubid5
    have runc || scripts/packages.sh "a second container engine" runc
    ;;
esac
