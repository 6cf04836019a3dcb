#!/usr/bin/env bash
# Another machine, as far as a network tells: a namespace of its own with an address, an SSH server, and the Docker of
# scripts/other_engines.sh, whose ports of loopback are that machine's alone. Needs root.
#   start FOLDER USER PUBLIC_KEY   what it writes lies in FOLDER, but for what its engine holds; USER logs in with the
#                                  key, at port 2222 of the address printed; the host's key is FOLDER/host_key.pub;
#                                  returns when both answer
#   stop FOLDER                    end it, and remove its namespace and FOLDER; what its engine holds stays for the next
#   forget                         remove what its engine holds: 1.5 GB, a good half a minute to bring there again
#   fetch                          have the SSH server in .cache/engines; nothing is started
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh
. scripts/archive.sh
. scripts/engines.sh

engines=$PWD/.cache/engines
data=/var/cache/envkit-far
namespace=envkit-far
address=10.214.0.2
port=2222
lock=${TMPDIR:-/tmp}/envkit-other-machine.lock # of tests/functional/far.py
wait_s=60

fetch() {
  scripts/other_engines.sh
  [ -e "$engines/sshd/complete" ] || unpack bookworm "$engines/sshd" openssh-server libwrap0
  touch "$engines/sshd/complete"
}

end_processes() {
  local signal=$1 pid deadline=$((SECONDS + wait_s))
  # shellcheck disable=SC2013 # one word for each process
  for pid in $(as_root ip netns pids $namespace 2>/dev/null); do as_root kill -s "$signal" "$pid" 2>/dev/null || true; done
  while [ -n "$(as_root ip netns pids $namespace 2>/dev/null)" ]; do
    if [ $SECONDS -ge $deadline ]; then stop 3 "the other machine does not end: $(as_root ip netns pids $namespace)"; fi
    sleep 0.1
  done
}

# One at a time, by the caller's lock: what has our namespace by now was left by a run that was killed.
end_all() {
  end_processes TERM
  as_root ip netns delete $namespace 2>/dev/null || true
  as_root ip link delete $namespace 2>/dev/null || true
}

network() {
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
  # shellcheck disable=SC2016 # the inner shell, which is root's, expands it
  as_root nsenter --net=/run/netns/$namespace sh -c 'cd /; PATH=$2/bin:$2/sbin:$PATH; setsid nohup dockerd \
    --config-file "$1/daemon.json" --data-root "$4" --exec-root "$1/exec" --pidfile "$1/pid" \
    --host "unix://$1/docker.sock" --group "$3" </dev/null >"$1/log" 2>&1 & echo $!' \
    sh "$folder" "$path" "$2" "$data" >"$folder/started"
  wait_for_engine "$folder" "$deadline" "the other machine's engine"
}

# As the user: then it needs no account of its own, and can let in nobody else.
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
  # Over there, the engine's usual socket is that engine's.
  # shellcheck disable=SC2016 # the inner shell, which is root's, expands it
  as_root nsenter --net=/run/netns/$namespace unshare --mount sh -c '
    touch /run/docker.sock; mount --bind "$1/docker.sock" /run/docker.sock
    cd /; LD_LIBRARY_PATH=$1 setsid nohup setpriv --reuid "$2" --regid "$(id -g "$2")" --init-groups \
      "$1/sshd" -D -e -f "$1/sshd_config" </dev/null >"$1/sshd.log" 2>&1 &' sh "$folder" "$user"
  until ssh-keyscan -T 1 -p $port $address >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$folder/sshd.log" >&2
      stop 3 "the other machine's SSH server does not answer; the last lines of its log stand above"
    fi
    sleep 0.1
  done
}

forget() { as_root rm -rf "$data"; }

case ${1:-} in
  fetch) fetch ;;
  start)
    [ -e "$engines/sshd/complete" ] || stop 3 "the other machine's SSH server is not here. hint: scripts/other_machine.sh fetch"
    [ -e "$engines/trixie/complete" ] || stop 3 "its engine is not here. hint: scripts/other_machine.sh fetch"
    end_all
    cp "$4" "$2/authorized_keys"
    chmod 755 "$2"
    network
    # What a run that was killed left there may be broken.
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
    end_all
    as_root rm -rf "$2"
    ;;
  forget)
    exec 9>>"$lock"
    flock -n 9 || stop 3 "tests are using the other machine. hint: try again when they have ended"
    end_all
    forget
    ;;
  *) stop 2 "scripts/other_machine.sh fetch | start FOLDER USER PUBLIC_KEY | stop FOLDER | forget" ;;
esac
