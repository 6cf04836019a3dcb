# shellcheck shell=sh source=/dev/null
# Login shells have just set PATH anew: give them back what the workspace says.
# The reading needs bash; other shells keep what they have.
if [ -n "${BASH_VERSION:-}" ]; then
    . /etc/envkit/session.sh
fi
