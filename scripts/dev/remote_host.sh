#!/usr/bin/env bash
# A simulated remote host: a network namespace with an address, an SSH server, and the Docker of
# scripts/dev/test_engines.sh with its own loopback ports. Needs root.
#   start FOLDER USER PUBLIC_KEY   start it with its files in FOLDER, except the engine's data; USER logs in with the
#                                  key at port 2222 of the printed address; the host key is FOLDER/host_key.pub;
#                                  wait until both servers answer
#   stop FOLDER                    stop it, and remove its namespace and FOLDER; the engine's data is kept
#   forget                         remove the engine's data: 1.5 GB that takes over half a minute to copy there again
#   fetch                          download the SSH server to .cache/engines and start nothing
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh
. scripts/lib/debian_archive.sh
. scripts/lib/engines.sh

engines=$PWD/.cache/engines
data=/var/cache/envkit-far
namespace=envkit-far
address=10.214.0.2
port=2222
lock=${TMPDIR:-/tmp}/envkit-other-machine.lock # of tests/support/remote_machine.py
wait_s=60

fetch() {
  scripts/dev/test_engines.sh
  [ -e "$engines/sshd/complete" ] || unpack bookworm "$engines/sshd" openssh-server libwrap0
  touch "$engines/sshd/complete"
}

end_processes() {
  local signal=$1 pid deadline=$((SECONDS + wait_s))
  # shellcheck disable=SC2013 # one word per process
  for pid in $(as_root ip netns pids $namespace 2>/dev/null); do
    as_root kill -s "$signal" "$pid" 2>/dev/null || true
  done
  while [ -n "$(as_root ip netns pids $namespace 2>/dev/null)" ]; do
    if [ $SECONDS -ge $deadline ]; then
      fail 3 "processes of the remote host do not stop: $(as_root ip netns pids $namespace)"
    fi
    sleep 0.1
  done
}

# The caller holds a lock, so a namespace that still exists is left over from a killed run.
stop_host() {
  end_processes TERM
  as_root ip netns delete $namespace 2>/dev/null || true
  as_root ip link delete $namespace 2>/dev/null || true
}

create_network() {
  as_root ip netns add $namespace
  as_root ip link add $namespace type veth peer name eth0 netns $namespace
  as_root ip address add 10.214.0.1/30 dev $namespace
  as_root ip link set $namespace up
  as_root ip -n $namespace link set lo up
  as_root ip -n $namespace address add $address/30 dev eth0
  as_root ip -n $namespace link set eth0 up
}

start_docker() {
  local folder=$1 path=$engines/trixie/usr deadline=$((SECONDS + wait_s))
  printf '{}\n' >"$folder/daemon.json"
  # shellcheck disable=SC2016 # expanded by the inner root shell
  as_root nsenter --net=/run/netns/$namespace sh -c 'cd /; PATH=$2/bin:$2/sbin:$PATH; setsid nohup dockerd \
    --config-file "$1/daemon.json" --data-root "$4" --exec-root "$1/exec" --pidfile "$1/pid" \
    --host "unix://$1/docker.sock" --group "$3" </dev/null >"$1/log" 2>&1 & echo $!' \
    sh "$folder" "$path" "$2" "$data" >"$folder/started"
  wait_for_engine "$folder" "$deadline" "the engine of the remote host"
}

# The server runs as the user: it needs no separate account and can admit only that user.
start_sshd() {
  local folder=$1 user=$2 deadline=$((SECONDS + wait_s))
  ssh-keygen -q -t ed25519 -N '' -C other-machine -f "$folder/host_key"
  cp "$engines/sshd/usr/sbin/sshd" "$folder/sshd"
  find "$engines/sshd" -name 'libwrap.so.0*' -exec cp {} "$folder" \;
  cat >"$folder/sshd_config" <<EOF
ListenAddress $address:$port
HostKey $folder/host_key
AuthorizedKeysFile $folder/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
EOF
  as_root chown "$user" "$folder/host_key"
  # On the remote host, the default socket leads to its own engine.
  # shellcheck disable=SC2016 # expanded by the inner root shell
  as_root nsenter --net=/run/netns/$namespace unshare --mount sh -c '
    touch /run/docker.sock; mount --bind "$1/docker.sock" /run/docker.sock
    cd /; LD_LIBRARY_PATH=$1 setsid nohup setpriv --reuid "$2" --regid "$(id -g "$2")" --init-groups \
      "$1/sshd" -D -e -f "$1/sshd_config" </dev/null >"$1/sshd.log" 2>&1 &' sh "$folder" "$user"
  until ssh-keyscan -T 1 -p $port $address >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$folder/sshd.log" >&2
      fail 3 "the SSH server of the remote host does not answer; see the last lines of its log above"
    fi
    sleep 0.1
  done
}

forget() { as_root rm -rf "$data"; }

case ${1:-} in
  fetch) fetch ;;
  start)
    for package in sshd trixie; do
      [ -e "$engines/$package/complete" ] ||
        fail 3 ".cache/engines/$package is missing." "hint: scripts/dev/remote_host.sh fetch"
    done
    stop_host
    cp "$4" "$2/authorized_keys"
    chmod 755 "$2"
    create_network
    # A killed run may have left damaged data.
    if ! (start_docker "$2" docker); then
      end_processes KILL
      as_root rm -f "$2/pid"
      forget
      start_docker "$2" docker
    fi
    start_sshd "$2" "$3"
    echo "$3@$address:$port"
    ;;
  stop)
    stop_host
    as_root rm -rf "$2"
    ;;
  forget)
    exec 9>>"$lock"
    flock -n 9 || fail 3 "tests are using the remote host." "hint: try again when they have finished"
    stop_host
    forget
    ;;
  *) fail 2 "scripts/dev/remote_host.sh fetch | start FOLDER USER PUBLIC_KEY | stop FOLDER | forget" ;;
esac
