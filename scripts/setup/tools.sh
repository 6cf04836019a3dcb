#!/usr/bin/env bash
# Install the tools that the tests use: OpenSSH client, rsync, git, a C compiler, Chromium, Docker Compose and buildx.
# System packages are installed only if the command is missing. buildx, and Compose if version 2 is missing, come
# from Debian's archive into .cache/tools; apt checks the archive's signature, and this system's package sources and
# installed packages do not change. .cache/tools/docker is a Docker client config folder: buildx is used only by tests
# that set DOCKER_CONFIG to it, and other tests build with the local engine's builder.
#   --bench  also install the Dev Containers CLI, which the benchmarks compare with, into .cache/tools
# ENVKIT_CHROMIUM sets another Chromium-based browser.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh
. scripts/lib/debian_archive.sh

tools=$PWD/.cache/tools

packages=()
has_command git || packages+=(git)
has_command ssh || packages+=(openssh-client)
has_command rsync || packages+=(rsync)
has_command cc || packages+=(gcc libc6-dev)
has_command "${ENVKIT_CHROMIUM:-chromium}" || has_command google-chrome || packages+=(chromium)
[ ${#packages[@]} = 0 ] || scripts/setup/packages.sh "the tests" "${packages[@]}"

# Version 2 and later; the plug-in of the docker CLI also runs as a standalone program.
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

ensure_buildx() {
  local plugin=docker/cli-plugins/docker-buildx
  if "$tools/$plugin" version >/dev/null 2>&1; then return; fi
  unpack trixie "$tools/buildx" docker-buildx
  mkdir -p "$tools/${plugin%/*}"
  mv "$tools/buildx/usr/libexec/$plugin" "$tools/$plugin"
  rm -rf "$tools/buildx"
  "$tools/$plugin" version >/dev/null || fail 3 "the downloaded buildx does not run on this system"
}

fetch_compose() {
  unpack trixie "$tools/compose" docker-compose
  mkdir -p "$tools/bin"
  mv "$tools/compose/usr/libexec/docker/cli-plugins/docker-compose" "$tools/bin/docker-compose"
  rm -rf "$tools/compose"
}

ensure_compose() {
  local compose
  if is_compose "$tools/bin/docker-compose"; then return; fi
  if compose=$(find_compose); then
    mkdir -p "$tools/bin"
    ln -sf "$compose" "$tools/bin/docker-compose"
  else
    fetch_compose
  fi
  is_compose "$tools/bin/docker-compose" || fail 3 "Docker Compose does not run on this system"
}

ensure_devcontainers() {
  local version=0.89.0
  if [ "$("$tools/node_modules/.bin/devcontainer" --version 2>/dev/null)" = $version ]; then return; fi
  has_command npm || scripts/setup/packages.sh "the benchmarks" nodejs npm
  has_command docker || scripts/setup/packages.sh "the benchmarks" docker-cli
  info "downloading the Dev Containers CLI $version into .cache/tools"
  npm install --silent --no-fund --no-audit --prefix "$tools" "@devcontainers/cli@$version" >&2 ||
    fail 3 "npm could not install the Dev Containers CLI; see its message above."
}

ensure_compose
ensure_buildx
if [ "${1:-}" = --bench ]; then ensure_devcontainers; fi
