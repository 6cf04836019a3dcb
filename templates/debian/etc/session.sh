# shellcheck shell=bash
# A session over SSH starts from an empty environment. This gives it what the container's first process was
# given and it lacks: the image's settings, and `env:` of envkit.yaml. Nothing is started for it.
while IFS= read -r -d '' envkit_pair; do
    envkit_name=${envkit_pair%%=*}
    case $envkit_name in
        HOSTNAME | OLDPWD | PWD | SHLVL | TERM | _) ;; # a session has its own
        *) [ -n "${!envkit_name+set}" ] || export "${envkit_pair?}" ;;
    esac
done 2> /dev/null < /proc/1/environ
unset envkit_pair envkit_name
