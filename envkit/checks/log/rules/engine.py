"""Rules for the container engine: it does not answer, refuses, or cannot start a container."""

from __future__ import annotations

from envkit.checks.log.rule import Rank, rule

DAEMON = (
    rule(
        "engine-access-denied",
        "engine",
        r"permission denied while trying to connect to the [Dd]ocker|[Gg]ot permission denied while trying to connect"
        r"|dial unix \S*docker\S*\.sock: connect: permission denied|docker\.sock: (?:connect: )?[Pp]ermission denied"
        r"|PermissionError\(13, 'Permission denied'\)|podman\.sock: connect: permission denied",
        "this user may not use the engine's socket",
        'sudo usermod -aG docker "$USER", then log out and in again (the group grants root rights); newgrp docker for '
        "one shell",
    ),
    rule(
        "engine-unavailable",
        "engine",
        r"Job for docker\.service failed|failed to start daemon: pid file found|Cannot connect to the Docker daemon"
        r"|Is the docker daemon running|docker daemon is not running|dial unix "
        r"\S*docker\S*\.sock: connect: (?:no such file|connection refused)|open //\./pipe/docker\S*: The system "
        r"cannot find"
        r"|error during connect: |FileNotFoundError\(2, 'No such file or directory'\)|docker: (?:command )?not found"
        r"|Failed to start (?:docker\.service|Docker Application)|docker\.service: (?:Failed|Start request repeated"
        r"|Main "
        r"process exited)|failed to connect to the docker API|[Cc]annot connect to Podman|failed to dial \S*containerd",
        "no engine answers: it is not running, not installed, or the client asks at another address",
        "sudo systemctl start docker; if that fails: sudo journalctl --unit docker -n 50; docker context ls and echo "
        "$DOCKER_HOST show the address",
    ),
    rule(
        "engine/api-version",
        "engine",
        r"client version [0-9.]+ is too (?:old|new)|Minimum supported API version|Maximum supported API version"
        r"|requires API version [0-9.]+|server API version .{0,60}older than",
        "the client and the engine have no version of the API in common",
        "update the older one; until then: export DOCKER_API_VERSION=VERSION with the one that the message names",
    ),
    rule(
        "engine/config",
        "engine",
        r"unable to configure the Docker daemon with file|failed to load config|invalid character .{0,80}(?:looking "
        r"for "
        r"beginning|after object key|after top-level)|the following directives are specified both as a flag and in the "
        r"configuration file|error loading config file|unknown configuration option|WARNING: Error loading config file",
        "a configuration file of the engine or of its client is invalid",
        "python3 -m json.tool /etc/docker/daemon.json (or ~/.docker/config.json) shows the line; then: sudo "
        "systemctl restart "
        "docker",
    ),
    rule(
        "engine/storage",
        "engine",
        r"error initializing graphdriver|failed to mount overlay|overlay.{0,40}not supported|failed to register layer"
        r"|error creating overlay mount|layer does not exist|failed to prepare extraction snapshot|failed to extract "
        r"layer"
        r"|driver not supported: |ApplyLayer exit status|lchown .{0,200}invalid argument|unable to find user|error "
        r"committing",
        "the engine cannot store or mount layers of an image: a damaged store, an unsuitable file system, or too few "
        "subordinate ids of a rootless engine",
        "sudo journalctl --unit docker -n 50 shows more; remove the image and pull it again; for a rootless engine "
        "check "
        "/etc/subuid and /etc/subgid",
    ),
    rule(
        "engine/iptables",
        "engine",
        r"iptables.{0,200}(?:No chain|failed|does not exist|[Nn]o such file|not found)|failed to (?:create NAT chain|"
        r"program FILTER chain)|Unable to enable (?:DROP INCOMING|SKIP DNAT|ACCEPT) rule|DOCKER-ISOLATION-STAGE"
        r"|Failed to Setup IP tables|driver failed programming external connectivity|nftables.{0,60}(?:failed"
        r"|unsupported)"
        r"|addrtype.{0,40}(?:missing|not found|revision)",
        "the engine cannot set its firewall rules: another program cleared them, or kernel modules are missing",
        "sudo systemctl restart docker sets them again; after a kernel update reboot; on a minimal system: sudo "
        "update-alternatives --config iptables",
    ),
    rule(
        "engine/bridge",
        "engine",
        r"failed to add the host .{0,60}pair interfaces|error creating default \\?\"bridge|operation not "
        r"supported.{0,60}veth"
        r"|veth\S* .{0,60}(?:not supported|operation not)|failed to create endpoint|[Nn]etwork \S+ (?:not found|has "
        r"active "
        r"endpoints)|Could not attach to network",
        "the engine cannot connect the container to its network; after a kernel update its modules do not fit",
        "sudo reboot after a kernel update; otherwise sudo systemctl restart docker, or docker network prune",
    ),
    rule(
        "address-pools-exhausted",
        "engine",
        r"all predefined address pools have been fully subnetted|could not find an available, non-overlapping IPv4"
        r"|Pool overlaps with other one|no available network",
        "the engine has no free subnet left",
        'docker network prune, or envkit prune; or set "default-address-pools" in /etc/docker/daemon.json',
    ),
    rule(
        "engine/rootless",
        "engine",
        r"could not get (?:sub(?:uid|gid)|initial sub)|newuidmap|newgidmap|rootless\w*: .{0,80}(?:failed|required)"
        r"|potentially insufficient UIDs or GIDs available in user namespace|user namespaces? .{0,60}(?:not enabled"
        r"|disabled|"
        r"not supported)|unshare: .{0,60}(?:Operation not permitted|failed)|CLONE_NEWUSER",
        "user namespaces or subordinate ids, which a rootless engine needs, are missing",
        "sudo apt-get install uidmap; add lines for the user to /etc/subuid and /etc/subgid; on Ubuntu 24.04 check "
        "kernel.apparmor_restrict_unprivileged_userns",
    ),
)

CONTAINER = (
    rule(
        "engine/cgroups",
        "engine",
        r"cgroups?: cannot find(?: cgroup)? mount destination|mountpoint for (?:cgroup|devices) not found|cgroup "
        r"namespaces "
        r"aren't enabled|namespace \{\"cgroup\" \"\"\} does not exist|error setting cgroup config|unable to apply "
        r"cgroup "
        r"configuration|applying cgroup configuration|cgroup2?: unknown option|no cgroup mount found|cgroup v2 "
        r".{0,60}not "
        r"supported|systemd not running on this host, cannot use systemd cgroups|cgroupfs?.{0,40}read-only|is not in a "
        r"delegated|failed to write .{0,200}cgroup|Your kernel does not support (?:swap limit|memory limit|cgroup|CPU)",
        "the kernel's control groups do not fit what the engine expects: a controller is missing, the hierarchy is not "
        "mounted, or systemd and the engine differ",
        "docker info | grep -i cgroup shows driver and version; sudo systemctl daemon-reexec && sudo systemctl restart "
        "docker, or reboot; update an engine older than 20.10 for cgroups v2",
    ),
    rule(
        "engine/program-missing",
        "image",
        r"exec user process caused:? \\?\"?(?:no such file|permission denied)|/usr/bin/env: .{1,40}\\r|bash\\r"
        r"|exec: \"[^\"]{1,200}\\?\": (?:executable file not found in \$PATH|stat \S+: no such file|permission denied"
        r"|no such file or directory)|exec \S+: no such file or directory|starting container process caused "
        r".{0,60}exec: "
        r"|exec \S+: permission denied|unable to start container process: exec: ",
        "the image has no such program, or it is not executable, or its interpreter is missing (line ends of Windows)",
        "docker run --rm --entrypoint ls IMAGE -l PATH; chmod +x in the Dockerfile; dos2unix for a script",
    ),
    rule(
        "mount-source-missing",
        "engine",
        r"Duplicate mount point|bind source path does not exist|invalid mount config for type|invalid volume "
        r"specification|error mounting \S*"
        r"|not a directory: .{0,40}[Aa]re you trying to mount a directory onto a file|Are you trying to mount a "
        r"directory onto "
        r"a file|path \S+ is (?:not shared from the host|mounted on \S+ but it is not a shared mount)|Mounts denied"
        r"|error while creating mount source path|invalid mode: |failed to mount local volume|includes invalid "
        r"characters "
        r"for a local volume name",
        "a mount of the container is invalid: its source does not exist, is of another kind, or is not shared with the "
        "engine",
        "give an absolute path that exists on the engine's machine; share the folder in Docker Desktop",
    ),
    rule(
        "engine/limits",
        "engine",
        r"[Mm]inimum memory limit allowed|[Rr]ange of CPUs is from|[Mm]inimum memoryswap limit|Memory limit should "
        r"be smaller"
        r"|[Rr]equested CPUs are not available",
        "a limit of the container is not one that this host can set",
        "correct --memory, --cpus or --cpuset-cpus; with envkit limits: in envkit.yaml",
    ),
    rule(
        "environment-not-running",
        "container",
        r"[Cc]ontainer \S+ is not running|No such container: |is restarting, wait until the container is running",
        "the container does not exist or has stopped",
        "docker ps -a shows it and its exit code, docker logs NAME why it stopped; with envkit: envkit status, "
        "envkit up",
        Rank.NOTICE,
    ),
    rule(
        "engine/terminal",
        "host",
        r"the input device is not a TTY",
        "docker run -t or exec -t needs a terminal, and there is none, as in CI or a pipe",
        "omit -t; in Git Bash on Windows put winpty in front",
    ),
    rule(
        "container-name-taken",
        "engine",
        r"is already in use by container|Conflict\. The container name",
        "a container of that name exists already",
        "docker rm NAME, or choose another --name",
    ),
    rule(
        "engine/device",
        "engine",
        r"error gathering device information while adding custom device|no such device or address.{0,40}/dev/",
        "the device that was requested does not exist on the host",
        "ls -l /dev on the host; load the driver's module first; for NVIDIA: sudo nvidia-modprobe -c0 -u",
    ),
    rule(
        "engine/security",
        "engine",
        r"apparmor failed to apply profile|AppArmor enabled on system but the docker-default profile could not be "
        r"loaded"
        r"|unable to apply apparmor profile|write /proc/self/attr/\S+: |seccomp.{0,60}(?:not supported|failed|is "
        r"not)|error "
        r"adding seccomp filter|apparmor=\"DENIED\"|avc: +denied|SELinux is preventing",
        "a security module of the host (AppArmor, SELinux, seccomp) forbids it",
        "sudo dmesg | grep -iE 'apparmor|avc' shows the rule; sudo apt-get install apparmor, update the engine "
        "(libseccomp), "
        "or add :z to the volume with SELinux",
    ),
    rule(
        "engine/runtime-missing",
        "engine",
        r"(?:runc|crun) did not terminate successfully|fork/exec \S*docker-proxy|unknown or invalid runtime name"
        r"|[Uu]nknown runtime specified|runtime \"?\S+\"? (?:is )?not (?:found"
        r"|installed)"
        r"|exec: \"runc\": executable file not found|containerd-shim\S*\": executable file not found|fork/exec "
        r"\S*(?:runc|containerd-shim)\S*: ",
        "the engine has no such runtime, or its program is missing",
        "docker info | grep -i runtime lists them; reinstall containerd.io and runc; for nvidia: sudo nvidia-ctk "
        "runtime "
        "configure --runtime=docker && sudo systemctl restart docker",
    ),
    rule(
        "engine/old-runc",
        "engine",
        r"procReady not received|getting the final child's pid from pipe|container init (?:was OOM-killed|exited "
        r"prematurely)"
        r"|error closing exec fds|unsafe procfs detected|nsexec.{0,60}(?:failed|could not)|reading from parent failed"
        r"|read init-p: connection reset|exec fifo: ",
        "runc could not start the container: too little memory for it, or a kernel that does not fit its version",
        "raise the memory limit; update containerd.io and runc together, or the kernel",
    ),
    rule(
        "image-missing",
        "engine",
        r"No such image: |Unable to find image '\S+' locally$",
        "the image is not on the engine",
        "docker pull IMAGE shows why; docker images lists those that exist",
        Rank.GENERAL,
    ),
    rule(
        "engine/compose",
        "engine",
        r"could not select device driver \"nvidia\"|services\.\S+ .{0,80}(?:Additional property|must be a)"
        r"|Unsupported config "
        r"option|yaml: line [0-9]+|no configuration file provided: not found|unknown shorthand flag: 'd' in -d"
        r"|docker: 'compose' is not a docker command|unknown flag: --gpus|is not a docker command",
        "the Compose file or an option is not one that this version knows",
        "docker compose config shows the line; install the docker-compose-plugin, and an engine of 19.03 or newer "
        "for --gpus",
    ),
    rule(
        "container-start-failed",
        "engine",
        r"OCI runtime (?:create|exec|start) failed|Error response from daemon|failed to create (?:shim )?task",
        "the engine could not create or start the container; the message shows no known cause",
        "sudo journalctl --unit docker -n 50 shows more",
        Rank.GENERAL,
    ),
)
