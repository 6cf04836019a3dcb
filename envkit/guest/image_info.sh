# Print facts about the image, one `name=value` per line; unknown ones are omitted. The container has no network, no
# privileges and no writable disk, and TensorFlow is not run.
print_fact() { [ -z "$2" ] || printf '%s=%s\n' "$1" "$2"; }

# The last line of os-release that sets a name counts; quotes are removed.
os_release_value() { sed -n "s/^$1=//p" /etc/os-release 2> /dev/null | tail -n 1 | tr -d "\"'"; }

if [ -r /etc/os-release ]; then
    print_fact title "$(os_release_value PRETTY_NAME)"
    codename=$(os_release_value VERSION_CODENAME)
    # Debian before 9 and Ubuntu before 16.04 store it elsewhere or not at all.
    print_fact codename "${codename:-$(os_release_value UBUNTU_CODENAME)}"
fi

for manager in apt-get dnf microdnf yum apk zypper pacman; do
    if command -v "$manager" > /dev/null 2>&1; then
        print_fact manager "$manager"
        break
    fi
done

glibc=$(getconf GNU_LIBC_VERSION 2> /dev/null)
case $glibc in
    'glibc '*) print_fact libc glibc; print_fact libc_version "${glibc#glibc }" ;;
    *) for loader in /lib/ld-musl-*; do [ ! -e "$loader" ] || print_fact libc musl; done ;;
esac

# -I: use only the interpreter and its packages, and import only the list of packages.
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
