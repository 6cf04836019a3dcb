"""Rules for the host: disk, permissions, ports, limits of the kernel."""

from __future__ import annotations

from envkit.checks.log.rule import Rank, rule

# A full disk and its messages come first: other programs repeat them in their own.
DISK_RULES = (
    rule(
        "container/shm-full",
        "container",
        r"insufficient shared memory|posix_fallocate failed|[Bb]us error.{0,80}shm|No space left on "
        r"device.{0,60}/dev/shm"
        r"|/dev/shm.{0,80}No space left|DataLoader worker .{0,60}Bus error|killed by signal: Bus error|SIGBUS",
        "the memory that worker processes share (/dev/shm) is full",
        "start the container with --shm-size=1g or --ipc=host; with envkit set limits.shm in envkit.yaml",
    ),
    rule(
        "host/inotify",
        "host",
        r"inotify watch limit reached|(?:inotify_add_watch|inotify_init).{0,60}(?:No space|Too many)|ENOSPC: System "
        r"limit for "
        r"number of file watchers|failed to create fsnotify watcher: too many open files",
        "the limit of watched files is reached",
        "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
    ),
    rule(
        "disk-full",
        "host",
        r"[Nn]o space left on device|ENOSPC|Disk quota exceeded|disk quota exceeded|not enough free space in"
        r"|You don't have enough free space|[Nn]ot enough (?:disk )?space|write error.{0,40}disk full|database or "
        r"disk is full"
        r"|no free disk space|insufficient (?:disk )?space",
        "the disk, its inodes, or a quota is full",
        "df -h and df -i show the disk (docker info names the engine's, Docker Root Dir); docker system df shows what "
        "images use; envkit prune removes what envkit no longer needs; if df shows space: fs.inotify limits",
    ),
)

HOST_RULES = (
    rule(
        "host/file-limit",
        "host",
        r"[Tt]oo many open files|EMFILE|ENFILE",
        "a process has opened as many files as its limit allows",
        "ulimit -n shows the limit; raise it: docker run --ulimit nofile=65536:65536",
    ),
    rule(
        "host/process-limit",
        "host",
        r"Resource temporarily unavailable|can't start new thread|fork: retry|pthread_create failed|unable to create "
        r"new "
        r"native thread|newosproc|Cannot fork|OpenBLAS blas_thread_init",
        "no more processes or threads may be started: a limit of the container (pids) or of the user is reached",
        "raise docker run --pids-limit, limits.pids in envkit.yaml, or ulimit -u; OPENBLAS_NUM_THREADS=1 uses fewer",
    ),
    rule(
        "host/disk-read-only",
        "host",
        r"(?:Error response from daemon|docker: ).{0,300}[Rr]ead-only file ?system|remounting filesystem read-only",
        "the engine's disk, or the folder it should create, is read-only: a damaged disk, or Docker from a snap, "
        "which sees "
        "only the home folder",
        "sudo dmesg | grep -i remount shows a damaged disk; replace Docker from a snap by the distribution's docker.io",
    ),
    rule(
        "host/read-only",
        "container",
        r"[Rr]ead-only file ?system|EROFS|\[Errno 30\]",
        "a program writes to a file system that is mounted read-only",
        "write to the workspace, the home folder or /tmp; in docker run add a volume or --tmpfs; on the host: sudo "
        "dmesg | "
        "grep -i remount shows a damaged disk",
    ),
    rule(
        "host/io-error",
        "host",
        r"Input/output error|disk I/O error|EXT4-fs error|blk_update_request: I/O error|Buffer I/O error|\[Errno 5\]"
        r"|Structure "
        r"needs cleaning",
        "the disk or its file system is damaged, or a network mount is gone",
        "sudo dmesg | tail shows which; save the data and check the disk (smartctl -a, fsck)",
    ),
    rule(
        "port-taken",
        "host",
        r"port is already allocated|could not be started because port [0-9]+ is not available|All ports are in use"
        r"|address already in use|Address already in use|EADDRINUSE|[Pp]ort [0-9]+ is "
        r"already in use"
        r"|ports are not available|Only one usage of each socket address|\[Errno 98\]|\[Errno 48\]|failed to bind "
        r"(?:host )?"
        r"port|could not bind to any address|The port [0-9]+ is already in use|Could not bind to port",
        "another program uses the port",
        "sudo ss -ltnp shows which program: stop it, or choose another port (docker run -p 127.0.0.1:8890:8888; "
        "jupyter.port "
        "in envkit.yaml)",
    ),
    rule(
        "port-forbidden",
        "host",
        r"cannot expose privileged port|bind: permission denied|bind: An attempt was made to access a socket in a way "
        r"forbidden|listen tcp\S* .{0,60}permission denied",
        "this port may not be opened: ports below 1024 need root, and Windows reserves ranges",
        "use a port of 1024 or more, outside netsh interface ipv4 show excludedportrange protocol=tcp on Windows",
    ),
    rule(
        "port-address",
        "host",
        r"cannot assign requested address|Cannot assign requested address|EADDRNOTAVAIL|\[Errno 99\]",
        "the address to listen on does not belong to this machine or container",
        "listen on 127.0.0.1 on the host, on 0.0.0.0 in a container (jupyter lab --ip=0.0.0.0); ::1 fails without IPv6",
    ),
    rule(
        "host/sudo",
        "host",
        r"is not in the sudoers file|sudo: a terminal is required|sudo: a password is required|sudo: command not found"
        r"|\"no new privileges\" flag is set|must be run as root|are you root\?|Are you root\?",
        "the command needs root, which this user or container may not become",
        "ask an administrator; in an envkit workspace install system packages with apt: in envkit.yaml",
        Rank.NOTICE,
    ),
)

FILE_RULES = (
    rule(
        "container/file-permission",
        "container",
        r"PermissionError: \[Errno 13\]|PermissionDeniedError|\[Errno 1\] Operation not permitted|EACCES|: "
        r"Permission denied$"
        r"|[Pp]ermission denied: "
        r"'|OSError: \[Errno 13\]|mkdir: cannot create directory .{0,200}Permission denied|rc=13\b"
        r"|Operation not permitted",
        "a file or folder belongs to another user, its mode denies access, or SELinux or the container forbids it",
        "ls -ln PATH and id in the container compare the owner; chown the folder on the host, docker run --user $(id "
        "-u):"
        "$(id -g), or add :z to the volume with SELinux",
        Rank.NOTICE,
    ),
)
