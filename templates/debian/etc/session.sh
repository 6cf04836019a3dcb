# shellcheck shell=bash
# An SSH session starts with an empty environment. Add the missing variables of the container's first process: those
# of the image, and `env:` of envkit.yaml. This script starts no process.
while IFS= read -r -d '' envkit_pair; do
    envkit_name=${envkit_pair%%=*}
    case $envkit_name in
        HOSTNAME | OLDPWD | PWD | SHLVL | TERM | _) ;; # set by the session
        *) [ -n "${!envkit_name+set}" ] || export "${envkit_pair?}" ;;
    esac
done 2> /dev/null < /proc/1/environ
unset envkit_pair envkit_name
