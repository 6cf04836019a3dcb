#!/usr/bin/env bash
# The example, running: scripts/quickstart.sh up | down
# An ordinary user gets a copy in the home folder; root makes one for a user, because a workspace
# that belongs to root would run as nobody's. ENVKIT_QUICKSTART names another folder.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

verb=$1
envkit=.venv/bin/envkit

# Who called sudo, else the first ordinary account of this machine, else the UID such an account would get.
owner() {
  if [ "${SUDO_UID:-0}" != 0 ]; then
    echo "$SUDO_UID"
  else
    getent passwd | sort -t: -k3n | awk -F: '$3 >= 1000 && $3 < 60000 { print $3; found = 1; exit } END { if (!found) print 1000 }'
  fi
}

# What to type next: the program is on no PATH, and the project is elsewhere.
go_on() {
  local verb
  echo "To go on, from any folder:"
  for verb in open shell down; do
    printf '  %q %s --project %q\n' "$PWD/$envkit" "$verb" "$folder"
  done
}

options=()
if [ "$(id -u)" = 0 ]; then
  folder=${ENVKIT_QUICKSTART:-/srv/envkit-quickstart}
  options=(--owner "$(owner)")
else
  folder=${ENVKIT_QUICKSTART:-$HOME/envkit-quickstart}
fi

case $verb in
  up)
    if [ ! -e "$folder" ]; then
      say "copying the example to $folder (ENVKIT_QUICKSTART names another folder)"
      $envkit init --from examples/quickstart "${options[@]}" "$folder" >/dev/null
    fi
    $envkit up --project "$folder"
    go_on
    ;;
  down)
    if [ ! -e "$folder" ]; then
      say "there is no $folder, so nothing of it runs"
      exit 0
    fi
    exec $envkit down --project "$folder"
    ;;
  *) stop 2 "usage: scripts/quickstart.sh up | down" ;;
esac
