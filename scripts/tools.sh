#!/usr/bin/env bash
# Get what the tests use beside envkit: OpenSSH's client, rsync, git, a C compiler, Chromium, the real Docker Compose and buildx.
# System packages are installed only where the command is missing. Compose, where no version 2 is here, and buildx
# come from Debian's archive into .cache/tools, its signature checked by apt; this system's package sources and its
# own packages stay as they are. buildx lies in .cache/tools/docker as in a folder of the Docker client's config,
# and is used where DOCKER_CONFIG names that: what builds the other tests' images is this machine's own affair.
#   --bench  also the Dev Containers CLI, which the benchmarks are measured against, into .cache/tools
# ENVKIT_CHROMIUM names another browser of that family.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh
. scripts/archive.sh

tools=$PWD/.cache/tools

packages=()
have git || packages+=(git)
have ssh || packages+=(openssh-client)
have rsync || packages+=(rsync)
have cc || packages+=(gcc libc6-dev)
have "${ENVKIT_CHROMIUM:-chromium}" || have google-chrome || packages+=(chromium)
[ ${#packages[@]} = 0 ] || scripts/packages.sh "the tests" "${packages[@]}"

# Version 2 and later; the plug-in of the docker CLI is a program of its own.
is_compose() { case "$("$1" version --short 2>/dev/null)" in v[2-9].*|[2-9].*) ;; *) return 1 ;; esac; }

find_compose() {
  local candidate
  for candidate in "$(command -v docker-compose || true)" /usr/{local/,}lib{exec,}/docker/cli-plugins/docker-compose; do
    if [ -x "$candidate" ] && is_compose "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

need_buildx() {
  local plugin=docker/cli-plugins/docker-buildx
  if "$tools/$plugin" version >/dev/null 2>&1; then return; fi
  unpack trixie "$tools/buildx" docker-buildx
  mkdir -p "$tools/${plugin%/*}"
  mv "$tools/buildx/usr/libexec/$plugin" "$tools/$plugin"
  rm -rf "$tools/buildx"
  "$tools/$plugin" version >/dev/null || stop 3 "the buildx that was fetched does not run here"
}

fetch_compose() {
  unpack trixie "$tools/compose" docker-compose
  mkdir -p "$tools/bin"
  mv "$tools/compose/usr/libexec/docker/cli-plugins/docker-compose" "$tools/bin/docker-compose"
  rm -rf "$tools/compose"
}

need_compose() {
  local compose
  if is_compose "$tools/bin/docker-compose"; then return; fi
  if compose=$(find_compose); then
    mkdir -p "$tools/bin"
    ln -sf "$compose" "$tools/bin/docker-compose"
  else
    fetch_compose
  fi
  is_compose "$tools/bin/docker-compose" || stop 3 "the Docker Compose that was found does not run here"
}

need_devcontainers() {
  local version=0.89.0
  if [ "$("$tools/node_modules/.bin/devcontainer" --version 2>/dev/null)" = $version ]; then return; fi
  have npm || scripts/packages.sh "the benchmarks" nodejs npm
  have docker || scripts/packages.sh "the benchmarks" docker-cli
  say "fetching the Dev Containers CLI $version into .cache/tools"
  npm install --silent --no-fund --no-audit --prefix "$tools" "@devcontainers/cli@$version" >&2 ||
    stop 3 "npm could not install the Dev Containers CLI; its own message stands above."
}

need_compose
need_buildx
if [ "${1:-}" = --bench ]; then need_devcontainers; fi
