#!/usr/bin/env bash
# Start or stop the example: scripts/setup/quickstart.sh up | down
# The copy of an ordinary user is in the home folder. Root creates one for a user, because a workspace
# that belongs to root would not run as that user. ENVKIT_QUICKSTART sets another folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

verb=$1
envkit=.venv/bin/envkit

# The UID of the user who called sudo, else of the first ordinary account, else the one such an account would get.
owner() {
  if [ "${SUDO_UID:-0}" != 0 ]; then
    echo "$SUDO_UID"
  else
    getent passwd | sort -t: -k3n | awk -F: '$3 >= 1000 && $3 < 60000 { print $3; found = 1; exit } END { if (!found) print 1000 }'
  fi
}

# Print full commands: envkit is not on the PATH, and the project is in another folder.
print_next_steps() {
  local verb
  echo "Next steps, from any folder:"
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
      info "copying the example to $folder (set ENVKIT_QUICKSTART to use another folder)"
      $envkit init --from examples/quickstart "${options[@]}" "$folder" >/dev/null
    fi
    $envkit up --project "$folder"
    print_next_steps
    ;;
  down)
    if [ ! -e "$folder" ]; then
      info "$folder does not exist, so no example is running"
      exit 0
    fi
    exec $envkit down --project "$folder"
    ;;
  *) fail 2 "usage: scripts/setup/quickstart.sh up | down" ;;
esac
