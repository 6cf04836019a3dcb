# shellcheck shell=sh source=/dev/null disable=SC3028
# Login shells have just set PATH anew: give them the workspace's own back, with whatever else they lack.
# The reading needs bash; other shells keep what they have.
if [ -n "${BASH_VERSION:-}" ]; then
    envkit_path=$PATH
    unset PATH
    . /etc/envkit/session.sh
    export PATH="${PATH:-$envkit_path}"
    unset envkit_path
    # Who logs in comes to work: a session's first shell begins beside the files. A path of sftp or of a single command
    # stays relative to the home, as with any other host.
    if [ -n "${SSH_CONNECTION:-}" ] && [ "${SHLVL:-}" = 1 ] && [ "$PWD" = "$HOME" ]; then
        case $- in *i*) cd /workspace || : ;; esac
    fi
fi
