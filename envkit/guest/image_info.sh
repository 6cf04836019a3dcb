# What is in this image? One `name=value` a line; what is not there is left out. It runs in a container without
# network, rights or a disk to write to, and says nothing that it would have to run TensorFlow for.
say() { [ -z "$2" ] || printf '%s=%s\n' "$1" "$2"; }

# The last line of os-release that sets a name counts; quotes belong to the file.
of_release() { sed -n "s/^$1=//p" /etc/os-release 2> /dev/null | tail -n 1 | tr -d "\"'"; }

if [ -r /etc/os-release ]; then
    say title "$(of_release PRETTY_NAME)"
    codename=$(of_release VERSION_CODENAME)
    # Debian before 9 and Ubuntu before 16.04 name it elsewhere or not at all.
    say codename "${codename:-$(of_release UBUNTU_CODENAME)}"
fi

for manager in apt-get dnf microdnf yum apk zypper pacman; do
    if command -v "$manager" > /dev/null 2>&1; then
        say manager "$manager"
        break
    fi
done

glibc=$(getconf GNU_LIBC_VERSION 2> /dev/null)
case $glibc in
    'glibc '*) say libc glibc; say libc_version "${glibc#glibc }" ;;
    *) for loader in /lib/ld-musl-*; do [ ! -e "$loader" ] || say libc musl; done ;;
esac

# -I: nothing beside the interpreter and its packages counts, and none of those is imported but the list of them.
python=$(command -v python3 2> /dev/null) && "$python" -I -c '
import os, sys
base = getattr(sys, "_base_executable", "") or sys.executable
print("python=%d.%d.%d" % sys.version_info[:3])
print("python_path=" + os.path.realpath(base))
if sys.prefix == sys.base_prefix and sys.version_info >= (3, 8):
    from importlib.metadata import PackageNotFoundError, version
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel"):
        try:
            print("tensorflow=" + version(name))
            break
        except PackageNotFoundError:
            pass
' 2> /dev/null
exit 0
