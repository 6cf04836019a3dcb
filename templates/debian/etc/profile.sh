# shellcheck shell=sh source=/dev/null
# Login shells have just set PATH anew: give them the workspace's own back, with whatever else they lack.
# The reading needs bash; other shells keep what they have.
if [ -n "${BASH_VERSION:-}" ]; then
    envkit_path=$PATH
    unset PATH
    . /etc/envkit/session.sh
    export PATH="${PATH:-$envkit_path}"
    unset envkit_path
fi
