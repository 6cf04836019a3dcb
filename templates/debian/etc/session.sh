# shellcheck shell=bash
# A session over SSH starts from an empty environment, and a login shell resets PATH. This gives it what the
# container's first process was given: the image's settings, and `env:` of envkit.yaml.
unset BASH_ENV
while IFS= read -r -d '' envkit_pair; do
    case $envkit_pair in
        # Those belong to the session itself.
        HOME=* | USER=* | LOGNAME=* | SHELL=* | PWD=* | OLDPWD=* | HOSTNAME=* | TERM=* | SHLVL=* | _=*) ;;
        [A-Za-z_]*=*) export "${envkit_pair?}" ;;
    esac
done 2> /dev/null < /proc/1/environ
unset envkit_pair
