# shellcheck shell=sh source=/dev/null disable=SC3028
# /etc/profile has just reset PATH: restore the workspace's PATH and add missing variables.
# session.sh needs bash; other shells keep their environment.
if [ -n "${BASH_VERSION:-}" ]; then
    envkit_path=$PATH
    unset PATH
    . /etc/envkit/session.sh
    export PATH="${PATH:-$envkit_path}"
    unset envkit_path
    # Interactive SSH sessions start in the workspace. Paths of sftp and of single commands stay relative to the home
    # folder, as on any other host.
    if [ -n "${SSH_CONNECTION:-}" ] && [ "${SHLVL:-}" = 1 ] && [ "$PWD" = "$HOME" ]; then
        case $- in *i*) cd /workspace || : ;; esac
    fi
fi
