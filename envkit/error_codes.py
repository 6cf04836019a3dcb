"""Every error code of envkit, with its exit code, cause and a general hint. Pure data.

The error itself has a specific message and hint; this table is for people and programs that look up a code.
"""

from __future__ import annotations

from dataclasses import dataclass

from envkit.errors import ExitCode


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """What an error code means.

    Attributes:
        exit_code: Exit code of the command. Errors of `exec`, `shell` and `ssh` exit with 125 instead.
        cause: One sentence.
        hint: The command or change that usually helps.
    """

    exit_code: ExitCode
    cause: str
    hint: str


ERRORS: dict[str, ErrorEntry] = {
    "address-pools-exhausted": ErrorEntry(
        ExitCode.ENGINE,
        "The engine has no free subnet left.",
        "envkit prune removes unused networks; or set network.pool in envkit.yaml",
    ),
    "approval-required": ErrorEntry(
        ExitCode.USAGE,
        "The configuration grants access that has not been approved yet.",
        "envkit up --yes approves it; or remove it from envkit.yaml",
    ),
    "apt-component-unsupported": ErrorEntry(
        ExitCode.ENGINE,
        "A package in the list apt is in a component of Debian's archive other than main.",
        "remove it from apt in envkit.yaml, or set base to an image that contains it",
    ),
    "apt-package-failed": ErrorEntry(
        ExitCode.ENGINE,
        "A script of a package in the list apt failed.",
        "remove the package from apt in envkit.yaml, or add what its script misses",
    ),
    "apt-package-not-found": ErrorEntry(
        ExitCode.ENGINE, "A package in the list apt does not exist.", "correct the name in envkit.yaml"
    ),
    "architecture-unsupported": ErrorEntry(
        ExitCode.USAGE, "The engine or this host is not amd64.", "use an amd64 host"
    ),
    "base-image-build-failed": ErrorEntry(
        ExitCode.ENGINE,
        "The program that builds the Debian root file system failed.",
        "repeat with --verbose, or pull the base image",
    ),
    "base-image-missing": ErrorEntry(
        ExitCode.ENGINE, "The base image is not on the engine.", "docker pull IMAGE, or envkit up"
    ),
    "base-image-unavailable": ErrorEntry(
        ExitCode.ENGINE,
        "The base image is missing, and no program to build it is installed.",
        "sudo apt-get install mmdebstrap uidmap",
    ),
    "base-image-without-gpu": ErrorEntry(
        ExitCode.USAGE,
        "The base image lacks the GPU build of the requested TensorFlow release.",
        "set base: debian, or gpu: off",
    ),
    "base-unsuitable": ErrorEntry(
        ExitCode.USAGE,
        "No workspace can be built on the base image.",
        "use an image of Debian or Ubuntu, or set base: debian in envkit.yaml",
    ),
    "browser-missing": ErrorEntry(
        ExitCode.USAGE,
        "No browser can be started on this host.",
        "ssh -L PORT:127.0.0.1:PORT USER@HOST on your own machine, then open http://127.0.0.1:PORT/lab",
    ),
    "build-failed": ErrorEntry(
        ExitCode.ENGINE,
        "A step of an image build failed, or the build produced no image, for a cause without its own code.",
        "read the lines of the error; --verbose shows the whole output of the build",
    ),
    "buildx-missing": ErrorEntry(
        ExitCode.USAGE,
        "The build needs Docker's buildx plug-in, which is not installed.",
        "sudo apt-get install docker-buildx",
    ),
    "ca-file-invalid": ErrorEntry(
        ExitCode.USAGE,
        "The file in build.ca does not exist or contains no PEM certificate.",
        "set build.ca to a PEM file",
    ),
    "certificate-untrusted": ErrorEntry(
        ExitCode.ENGINE,
        "The build or the engine does not trust a server's certificate.",
        "set build.ca in envkit.yaml to your CA file; for a registry, copy it to /etc/docker/certs.d",
    ),
    "command-not-executable": ErrorEntry(
        ExitCode.NOT_EXECUTABLE,
        "The program exists in the workspace and cannot be executed.",
        "make it executable, or choose another program",
    ),
    "command-not-found": ErrorEntry(
        ExitCode.COMMAND_NOT_FOUND,
        "The program does not exist in the workspace.",
        "correct its name, or add its package to envkit.yaml",
    ),
    "compiler-missing": ErrorEntry(
        ExitCode.ENGINE,
        "A Python package without a wheel could not be compiled, because there is no compiler.",
        "add build-essential under apt in envkit.yaml",
    ),
    "config-hard-link": ErrorEntry(
        ExitCode.USAGE,
        "The configuration file has another name, through which container code could change it.",
        "replace the file by a copy",
    ),
    "config-invalid": ErrorEntry(
        ExitCode.USAGE, "The configuration file has problems, each with its own code.", "fix the listed lines"
    ),
    "config-symlink": ErrorEntry(
        ExitCode.USAGE,
        "The configuration file is a symbolic link whose target container code could change.",
        "replace the link by the file",
    ),
    "config-too-large": ErrorEntry(
        ExitCode.USAGE,
        "The configuration is larger than 256 KiB or expands to more than 10000 values.",
        "check that it is the right file, and remove nested aliases",
    ),
    "config-unreadable": ErrorEntry(
        ExitCode.USAGE,
        "The configuration file cannot be read as a UTF-8 text file.",
        "check its type, permissions and encoding",
    ),
    "config-untrusted": ErrorEntry(
        ExitCode.USAGE,
        "The configuration file belongs to another user and would decide what is mounted.",
        "create your own envkit.yaml",
    ),
    "conflicting-keys": ErrorEntry(
        ExitCode.USAGE, "Two keys of the configuration contradict each other.", "remove or change one of the two keys"
    ),
    "container-exited": ErrorEntry(
        ExitCode.ENGINE,
        "The container stopped before its servers answered.",
        "envkit logs shows the whole log; envkit up starts it again",
    ),
    "container-start-failed": ErrorEntry(
        ExitCode.ENGINE,
        "The engine could not create or start a container.",
        "read the engine's log: sudo journalctl --unit docker",
    ),
    "credentials-in-url": ErrorEntry(
        ExitCode.USAGE,
        "A URL in the configuration contains a user or a password.",
        "use a URL without credentials; for an index, set build.netrc",
    ),
    "disk-full": ErrorEntry(
        ExitCode.ENGINE,
        "The disk where the engine keeps its images is full.",
        "free disk space there (envkit prune), then repeat the command",
    ),
    "docker-config-invalid": ErrorEntry(
        ExitCode.ENGINE,
        "The configuration of Docker's client or of a Docker context is invalid.",
        "correct that file, or select an engine with --engine or DOCKER_HOST",
    ),
    "docker-context-not-found": ErrorEntry(
        ExitCode.ENGINE,
        "The selected Docker context does not exist.",
        "docker context ls lists the contexts; docker context use default selects the default engine",
    ),
    "duplicate-key": ErrorEntry(ExitCode.USAGE, "A key is written twice in one mapping.", "keep one of the two lines"),
    "endpoint-invalid": ErrorEntry(
        ExitCode.USAGE,
        "The address of a remote engine does not have the form ssh://[user@]host[:port].",
        "use ssh://[user@]host[:port]; configure keys and jump hosts in ~/.ssh/config",
    ),
    "endpoint-unsupported": ErrorEntry(
        ExitCode.USAGE,
        "The engine's address is neither unix:// nor ssh://.",
        "use unix:///PATH for a local socket or ssh://[user@]host for a remote engine",
    ),
    "engine-access-denied": ErrorEntry(
        ExitCode.ENGINE,
        "The caller may not use the engine's socket.",
        'sudo usermod -aG docker "$USER", then log in again',
    ),
    "engine-answer-invalid": ErrorEntry(
        ExitCode.ENGINE,
        "An answer of the engine is not valid HTTP or JSON.",
        "check what listens at the endpoint, such as a proxy",
    ),
    "engine-connection-lost": ErrorEntry(
        ExitCode.ENGINE,
        "The connection to the engine was lost during a request.",
        "start the engine again (sudo systemctl start docker), then repeat the command",
    ),
    "engine-local": ErrorEntry(
        ExitCode.USAGE, "The command is for remote engines only.", "envkit sync --engine ssh://…"
    ),
    "engine-no-answer": ErrorEntry(ExitCode.ENGINE, "The engine did not answer in time.", "repeat the command later"),
    "engine-other-file-system": ErrorEntry(
        ExitCode.ENGINE,
        "The engine mounts other files than the ones the caller sees at the same paths.",
        "run envkit on the engine's machine, or mount the folder at the same path on both sides",
    ),
    "engine-remote": ErrorEntry(
        ExitCode.USAGE, "The command is for a local engine only.", "run the command on the engine's machine"
    ),
    "engine-request-failed": ErrorEntry(
        ExitCode.ENGINE, "The engine refused a request.", "read the engine's log: sudo journalctl --unit docker"
    ),
    "engine-unavailable": ErrorEntry(
        ExitCode.ENGINE,
        "No container engine answers at the selected endpoint.",
        "start the engine (sudo systemctl start docker), or select another one with --engine",
    ),
    "engine-unsupported": ErrorEntry(
        ExitCode.USAGE,
        "The engine is Podman, too old, runs rootless, or maps container users.",
        "use the system's Docker engine, 20.10 or newer",
    ),
    "environment-incomplete": ErrorEntry(
        ExitCode.USAGE, "The environment has no token or SSH entry yet because no up has finished.", "envkit up"
    ),
    "environment-locked": ErrorEntry(
        ExitCode.USAGE, "Another envkit command is changing the environment.", "repeat the command when it has finished"
    ),
    "environment-name-taken": ErrorEntry(
        ExitCode.USAGE,
        "Another project's environment has the name in the configuration.",
        "choose another name",
    ),
    "environment-not-found": ErrorEntry(
        ExitCode.USAGE,
        "No environment has this name, or the folder has no environment.",
        "envkit status lists your environments; envkit up starts one",
    ),
    "environment-not-running": ErrorEntry(
        ExitCode.ENGINE, "The environment's container is missing or stopped.", "envkit up"
    ),
    "environment-renamed": ErrorEntry(
        ExitCode.USAGE,
        "The environment runs under its old name and the configuration gives it a new one.",
        "envkit down --name OLD-NAME, then envkit up; or keep the name",
    ),
    "example-invalid": ErrorEntry(
        ExitCode.USAGE,
        "The example folder cannot be read or has no configuration file.",
        "name a folder with an envkit.yaml",
    ),
    "exec-connection-lost": ErrorEntry(
        ExitCode.EXEC_FAILED, "The engine closed the connection before the program finished.", "envkit logs"
    ),
    "file-exists": ErrorEntry(ExitCode.USAGE, "The file already exists.", "edit it, or choose another folder"),
    "file-expected": ErrorEntry(
        ExitCode.USAGE,
        "A folder exists where envkit writes a file.",
        "remove it, or choose another folder with --output",
    ),
    "file-too-large": ErrorEntry(ExitCode.USAGE, "A file is larger than envkit reads.", "use a smaller file"),
    "file-type-unsupported": ErrorEntry(
        ExitCode.USAGE,
        "migrate does not support the type of a given file.",
        "name Python files, notebooks, requirements, Dockerfiles or CI files, or a folder",
    ),
    "folder-not-private": ErrorEntry(
        ExitCode.USAGE,
        "A folder for private files is open to other users or belongs to one.",
        "chmod 700 FOLDER, or move it away",
    ),
    "folder-unreadable": ErrorEntry(
        ExitCode.ENGINE,
        "The workspace or its copy in the container could not be read.",
        "envkit up; then repeat the command",
    ),
    "forward-missing": ErrorEntry(
        ExitCode.ENGINE, "The remote JupyterLab port is not forwarded to this machine.", "envkit up"
    ),
    "git-ignored-files-unknown": ErrorEntry(
        ExitCode.USAGE,
        "Git cannot tell which files it ignores, so `migrate --write` changes nothing in the folder.",
        "install git, or git config --global --add safe.directory FOLDER; or name the files instead of the folder",
    ),
    "gpu-refused": ErrorEntry(
        ExitCode.GPU,
        "The engine cannot provide the requested GPU.",
        "install or repair the part that the message names, such as the NVIDIA Container Toolkit",
    ),
    "gpu-unusable": ErrorEntry(
        ExitCode.GPU,
        "A GPU was requested and cannot be used.",
        "fix the layer that the message names; gpu: off in envkit.yaml uses no GPU",
    ),
    "header-missing": ErrorEntry(
        ExitCode.ENGINE,
        "A Python package could not be compiled, because a C header is missing.",
        "add the package that contains it under apt in envkit.yaml; its name ends in -dev",
    ),
    "hidden-character": ErrorEntry(
        ExitCode.USAGE,
        "The configuration contains an invisible or control character.",
        "remove the character in the reported line",
    ),
    "home-unknown": ErrorEntry(
        ExitCode.USAGE,
        "The user id has no account and HOME is not set, so there is no place for state.",
        "set HOME or XDG_STATE_HOME to a folder that belongs to you",
    ),
    "image-architecture-missing": ErrorEntry(
        ExitCode.ENGINE,
        "The registry has the base image for other architectures only.",
        "use another tag, or set base: debian in envkit.yaml",
    ),
    "image-import-failed": ErrorEntry(
        ExitCode.ENGINE,
        "The engine rejected the root file system of the base image.",
        "read the engine's log: sudo journalctl --unit docker",
    ),
    "image-inspection-timeout": ErrorEntry(
        ExitCode.ENGINE,
        "Inspecting a base image exceeded its time limit.",
        "repeat the command on a less busy machine, or set base: debian in envkit.yaml",
    ),
    "image-missing": ErrorEntry(
        ExitCode.ENGINE, "The image is not on the engine and cannot be pulled.", "docker pull IMAGE"
    ),
    "image-not-in-registry": ErrorEntry(
        ExitCode.ENGINE,
        "The registry has no image with that name and tag.",
        "correct base: in envkit.yaml, or set base: debian",
    ),
    "image-program-missing": ErrorEntry(
        ExitCode.ENGINE, "An image does not contain the program to run.", "use an image that contains the program"
    ),
    "image-pull-failed": ErrorEntry(
        ExitCode.ENGINE,
        "An image could not be pulled for a cause without its own code.",
        "docker pull IMAGE shows more",
    ),
    "index-login-missing": ErrorEntry(
        ExitCode.USAGE,
        "The netrc file has no password for the host of build.index.",
        "add a line: machine HOST login NAME password PASSWORD",
    ),
    "index-login-required": ErrorEntry(
        ExitCode.ENGINE,
        "The package index requires a login, and accepted none.",
        "set build.netrc in envkit.yaml to a netrc file with the login",
    ),
    "internal-error": ErrorEntry(
        ExitCode.BUG, "A bug in envkit stopped the command.", "report it with the log file that the message names"
    ),
    "interrupted": ErrorEntry(
        ExitCode.USAGE, "The command was interrupted before a task or program started.", "repeat the command"
    ),
    "invalid-type": ErrorEntry(
        ExitCode.USAGE,
        "A value has the wrong YAML type, such as an unquoted number instead of a string.",
        "change the type, or put the value in quotes",
    ),
    "invalid-value": ErrorEntry(
        ExitCode.USAGE,
        "A value of the configuration or of a flag is not allowed for its key.",
        "use one of the values that the message names",
    ),
    "invalid-yaml": ErrorEntry(
        ExitCode.USAGE,
        "The configuration is not valid YAML.",
        "check quotes, indentation and brackets in the reported line",
    ),
    "jupyter-token-rejected": ErrorEntry(
        ExitCode.ENGINE,
        "JupyterLab answers but rejects the environment's token.",
        "envkit logs; then envkit down and envkit up",
    ),
    "jupyter-unreachable": ErrorEntry(
        ExitCode.ENGINE, "JupyterLab does not answer with the environment's token.", "envkit up"
    ),
    "libcst-missing": ErrorEntry(
        ExitCode.USAGE,
        "A Python file mentions Keras, and the optional package libcst, which rewrites it, is not installed.",
        "install tf-envkit[migrate] in envkit's Python environment, such as with pipx install --force",
    ),
    "link-in-path": ErrorEntry(
        ExitCode.USAGE,
        "The output path contains a link that container code may have changed.",
        "remove the link, or choose another folder with --output",
    ),
    "local-disk-full": ErrorEntry(
        ExitCode.USAGE, "The local disk or the quota of the user is full.", "free disk space, then repeat the command"
    ),
    "locale-not-utf8": ErrorEntry(
        ExitCode.USAGE,
        "The name of the project folder is not ASCII, and the locale is not UTF-8.",
        "set LC_ALL=C.UTF-8, or rename the folder",
    ),
    "migrate-release-unsupported": ErrorEntry(
        ExitCode.USAGE,
        "migrate has no record of the names in the given TensorFlow release.",
        "use a supported release: envkit migrate --to RELEASE",
    ),
    "mirror-unreachable": ErrorEntry(
        ExitCode.ENGINE, "Debian's mirror cannot be reached.", "check the network and http_proxy, or set build.mirror"
    ),
    "missing-key": ErrorEntry(
        ExitCode.USAGE, "A required key of the configuration is missing.", "add the key; the message shows an example"
    ),
    "mount-source-denied": ErrorEntry(
        ExitCode.USAGE,
        "The source of a mount would expose the host or credentials, or container code could replace it by a link.",
        "mount another folder, or add read_only: true",
    ),
    "mount-source-hidden": ErrorEntry(
        ExitCode.USAGE,
        "A mounted folder is on a file system that its user closed to root, as which the engine mounts it.",
        "mount it with the FUSE option allow_other, or move the folder to a local disk",
    ),
    "mount-source-missing": ErrorEntry(
        ExitCode.USAGE, "The source of a mount does not exist.", "create it, or remove the mount"
    ),
    "mount-target-missing": ErrorEntry(
        ExitCode.USAGE,
        "The target of a mount is inside another mount, which has no such folder.",
        "create the folder with mkdir -p",
    ),
    "mount-target-taken": ErrorEntry(
        ExitCode.USAGE, "The target of a mount is the configuration file.", "use another target"
    ),
    "name-resolution-failed": ErrorEntry(
        ExitCode.ENGINE,
        "The build could not resolve a host name.",
        "check the network, or set build.proxy in envkit.yaml",
    ),
    "nested-too-deep": ErrorEntry(
        ExitCode.USAGE, "The configuration is nested deeper than 40 levels.", "remove levels of nesting"
    ),
    "no-free-port": ErrorEntry(
        ExitCode.USAGE,
        "No port of the searched range is free on this host.",
        "set jupyter.port or ssh.port to a port that you can free",
    ),
    "no-free-subnet": ErrorEntry(
        ExitCode.USAGE,
        "Every subnet of the pool is taken by a network of the engine or a route of this host.",
        "envkit prune, or set network.pool to another range",
    ),
    "not-converging": ErrorEntry(
        ExitCode.ENGINE, "Another process keeps changing the environment while envkit converges it.", "envkit status"
    ),
    "official-image-unusable": ErrorEntry(
        ExitCode.USAGE, "The TensorFlow release has no usable official image.", "set base: debian"
    ),
    "options-conflict": ErrorEntry(
        ExitCode.USAGE, "Two options of the command cannot be combined.", "omit one of the options"
    ),
    "os-error": ErrorEntry(
        ExitCode.USAGE,
        "The operating system denied access to a file or folder.",
        "check the path and its permissions, then repeat the command",
    ),
    "owner-not-allowed": ErrorEntry(
        ExitCode.USAGE, "Only root can create a folder for another user.", "use sudo, or omit --owner"
    ),
    "package-conflict": ErrorEntry(
        ExitCode.USAGE,
        "No version of a requested package is compatible with the TensorFlow release.",
        "change or remove the package, or choose another release",
    ),
    "packages-incompatible": ErrorEntry(
        ExitCode.ENGINE,
        "The requested Python packages are incompatible with TensorFlow or with each other.",
        "remove the package from python: in envkit.yaml, or use another version",
    ),
    "path-not-found": ErrorEntry(
        ExitCode.USAGE,
        "A path on the command line does not exist or is not a file or folder.",
        "name existing files or folders",
    ),
    "path-not-utf8": ErrorEntry(ExitCode.USAGE, "The name of the project folder is not UTF-8.", "rename the folder"),
    "port-taken": ErrorEntry(
        ExitCode.USAGE,
        "A requested port is in use by another process.",
        "free the port, choose another one, or remove the key from envkit.yaml",
    ),
    "private-key": ErrorEntry(
        ExitCode.USAGE, "The path in ssh.keys looks like a private key.", "use the public key, which ends in .pub"
    ),
    "program-missing": ErrorEntry(ExitCode.USAGE, "exec was called without a program.", "envkit exec python train.py"),
    "project-folder-missing": ErrorEntry(
        ExitCode.USAGE,
        "The project folder does not exist or is not a folder.",
        "mkdir -p FOLDER, or name another folder",
    ),
    "pull-interrupted": ErrorEntry(
        ExitCode.ENGINE, "The pull of an image was interrupted.", "repeat the command, which keeps complete layers"
    ),
    "python-download-failed": ErrorEntry(
        ExitCode.ENGINE,
        "The build could not download Python from the mirror.",
        "check build.python_mirror, or set base: debian in envkit.yaml",
    ),
    "registry-access-denied": ErrorEntry(
        ExitCode.ENGINE,
        "The registry denies access: the image is private or does not exist.",
        "docker login REGISTRY with an account that may read it, or correct base: in envkit.yaml",
    ),
    "registry-credentials-unreadable": ErrorEntry(
        ExitCode.ENGINE,
        "The caller's credentials for a registry cannot be read.",
        "docker login REGISTRY, or remove that registry from Docker's config.json",
    ),
    "registry-rate-limit": ErrorEntry(
        ExitCode.ENGINE, "The registry's rate limit is reached.", "docker login REGISTRY, or wait"
    ),
    "registry-unreachable": ErrorEntry(
        ExitCode.ENGINE,
        "The registry cannot be reached.",
        "check the engine's network and proxy, or set base: debian in envkit.yaml",
    ),
    "remote-as-root": ErrorEntry(
        ExitCode.USAGE, "The engine is remote and the caller is root.", "run the command as the workspace's owner"
    ),
    "remote-unsupported": ErrorEntry(
        ExitCode.USAGE,
        "A key of the configuration has no effect on a remote engine.",
        "remove the key, or run envkit on that machine",
    ),
    "requirements-invalid": ErrorEntry(
        ExitCode.USAGE, "A line of the requirements file is not a valid requirement.", "correct the line"
    ),
    "requirements-outside-project": ErrorEntry(
        ExitCode.USAGE, "The requirements file is outside the project folder.", "keep the requirements in the project"
    ),
    "requirements-unreadable": ErrorEntry(
        ExitCode.USAGE,
        "The requirements file does not exist or is not readable UTF-8 text.",
        "create it, or list the packages under python:",
    ),
    "reserved-path": ErrorEntry(
        ExitCode.USAGE,
        "A mount target would hide or change a folder that the workspace needs.",
        "use another target, such as /data",
    ),
    "reserved-variable": ErrorEntry(
        ExitCode.USAGE,
        "The environment variable is set by envkit, takes effect before the user's code, or bypasses an approval.",
        "remove the variable, or set the key that the message names",
    ),
    "resource-not-owned": ErrorEntry(
        ExitCode.USAGE,
        "A container, network or volume with the environment's name was not created for this project.",
        "set another name: in envkit.yaml, or remove that resource",
    ),
    "root-not-allowed": ErrorEntry(
        ExitCode.USAGE,
        "A workspace never runs as root.",
        "run the command as an ordinary user, or name one with --owner",
    ),
    "script-timeout": ErrorEntry(
        ExitCode.ENGINE, "A script in a container exceeded its time limit and was ended.", "envkit down, then envkit up"
    ),
    "secret-changed": ErrorEntry(
        ExitCode.USAGE, "A secret's file disappeared or changed while it was read.", "repeat the command"
    ),
    "secret-file-exposed": ErrorEntry(
        ExitCode.USAGE,
        "The file of a secret or of the index login is in the workspace or in a writable mount.",
        "store it outside the project",
    ),
    "secret-file-missing": ErrorEntry(
        ExitCode.USAGE,
        "The file of a secret or of the index login does not exist or cannot be read.",
        "create it with mode 0600",
    ),
    "secret-in-env": ErrorEntry(
        ExitCode.USAGE,
        "The name of an environment variable suggests a secret, and variables are visible to other users.",
        "move it to secrets: in envkit.yaml",
    ),
    "server-unreachable": ErrorEntry(
        ExitCode.ENGINE,
        "The build could not reach a server.",
        "check the network, and build.index, build.mirror and build.proxy in envkit.yaml",
    ),
    "ssh-arguments-invalid": ErrorEntry(
        ExitCode.EXEC_FAILED,
        "The SSH client rejects its arguments.",
        "man ssh; arguments of the command in the container go after --",
    ),
    "ssh-client-missing": ErrorEntry(
        ExitCode.USAGE, "The OpenSSH client is not installed on this host.", "sudo apt-get install openssh-client"
    ),
    "ssh-host-key-unknown": ErrorEntry(
        ExitCode.ENGINE,
        "The host key of the remote engine's host is unknown or differs from the known one.",
        "run ssh to that host, compare the key's fingerprint and accept it",
    ),
    "ssh-host-unreachable": ErrorEntry(
        ExitCode.ENGINE, "The remote engine's host cannot be reached over SSH.", "check that ssh to that host works"
    ),
    "ssh-kex-unsupported": ErrorEntry(
        ExitCode.USAGE, "The OpenSSH of the system has no post-quantum key exchange.", "set ssh.kex: default"
    ),
    "ssh-key-invalid": ErrorEntry(
        ExitCode.USAGE,
        "A file in ssh.keys does not exist or is not exactly one strong public key without options.",
        "use an Ed25519, ECDSA or RSA key (at least 3072 bits)",
    ),
    "ssh-login-denied": ErrorEntry(
        ExitCode.ENGINE,
        "The remote engine's host accepts none of the caller's SSH keys.",
        "install a key with ssh-copy-id, or unlock one with ssh-add",
    ),
    "ssh-login-failed": ErrorEntry(
        ExitCode.EXEC_FAILED, "The SSH client could not log in to the environment.", "envkit up"
    ),
    "ssh-unreachable": ErrorEntry(
        ExitCode.ENGINE,
        "The published SSH port does not answer, and the container makes no more progress.",
        "envkit logs; then envkit down and envkit up",
    ),
    "state-damaged": ErrorEntry(
        ExitCode.USAGE, "The state file of an environment cannot be parsed.", "remove the file, then envkit up"
    ),
    "subnet-taken": ErrorEntry(
        ExitCode.ENGINE,
        "Another network took the subnet of the environment between the check and its creation.",
        "repeat the command, or set network.pool in envkit.yaml to another range",
    ),
    "sync-environment-down": ErrorEntry(
        ExitCode.USAGE, "The environment is down, so its copy of the workspace cannot be read.", "envkit up"
    ),
    "sync-failed": ErrorEntry(
        ExitCode.ENGINE, "rsync could not copy the workspace.", "envkit ssh true checks whether SSH works"
    ),
    "sync-path-invalid": ErrorEntry(
        ExitCode.ENGINE,
        "The copy in the container reports a path that no file can have.",
        "envkit shell, to inspect it",
    ),
    "sync-rename-failed": ErrorEntry(
        ExitCode.ENGINE, "A file of the workspace or its copy could not be renamed.", "repeat the command"
    ),
    "sync-tools-missing": ErrorEntry(
        ExitCode.USAGE,
        "rsync or ssh is missing on this host, and a remote engine needs both.",
        "sudo apt-get install rsync openssh-client",
    ),
    "sync-unstable": ErrorEntry(
        ExitCode.ENGINE, "The remote copy of the workspace keeps changing during a sync.", "repeat the command"
    ),
    "temp-disk-full": ErrorEntry(
        ExitCode.ENGINE,
        "The disk for temporary files is full, so the Debian root file system could not be built.",
        "free 1 GB, or set TMPDIR to a folder on another disk",
    ),
    "terminal-required": ErrorEntry(
        ExitCode.USAGE, "The command prints a secret, and stdout is not a terminal.", "envkit token --show"
    ),
    "too-many-problems": ErrorEntry(
        ExitCode.USAGE,
        "The configuration has more problems than are shown.",
        "fix the problems that are shown, then repeat the command",
    ),
    "unknown-command": ErrorEntry(ExitCode.USAGE, "The first argument is not a command of envkit.", "envkit --help"),
    "unknown-key": ErrorEntry(
        ExitCode.USAGE,
        "The configuration has a key that envkit does not know at this place.",
        "correct the key; the message names the nearest known key",
    ),
    "unknown-release": ErrorEntry(
        ExitCode.USAGE,
        "The TensorFlow release is not in the catalog.",
        "use the nearest release that the message names",
    ),
    "unknown-rule": ErrorEntry(
        ExitCode.USAGE,
        "envkit migrate --ignore names a rule that does not exist.",
        "use the id in brackets after a note",
    ),
    "unsupported-yaml": ErrorEntry(
        ExitCode.USAGE,
        "The configuration uses a YAML feature that envkit does not read: tags, several documents, or lists as keys.",
        "write plain keys and values in one document",
    ),
    "unsynced-changes": ErrorEntry(
        ExitCode.USAGE,
        "The remote copy may have changes that are not in the workspace.",
        "envkit up, then envkit down --volumes",
    ),
    "usage-error": ErrorEntry(
        ExitCode.USAGE, "An option is unknown, or an option or argument is missing or invalid.", "envkit COMMAND --help"
    ),
    "user-id-unsupported": ErrorEntry(
        ExitCode.USAGE,
        "The user id of the workspace's owner is too large for the engine.",
        "use a folder of a user whose id is below 2147483648",
    ),
    "user-namespace-unavailable": ErrorEntry(
        ExitCode.ENGINE,
        "The caller may not use the mounts and user ids that building a root file system needs.",
        "sudo apt-get install uidmap",
    ),
    "user-not-found": ErrorEntry(
        ExitCode.USAGE, "The machine has no such user.", "name a user of this machine, or a UID"
    ),
    "user-without-account": ErrorEntry(
        ExitCode.USAGE,
        "Your user id has no account on this host, and the ssh client requires one.",
        "envkit shell and envkit exec need no account",
    ),
    "volume-name-reserved": ErrorEntry(
        ExitCode.USAGE, "On a remote engine envkit itself uses a volume of that name.", "choose another name"
    ),
    "workdir-not-found": ErrorEntry(
        ExitCode.EXEC_FAILED,
        "The current folder does not exist in the workspace, or cannot be entered there.",
        "envkit up",
    ),
    "workspace-changed": ErrorEntry(
        ExitCode.USAGE, "The remote copy is of another workspace folder.", "envkit down --volumes copies it back first"
    ),
    "workspace-denied": ErrorEntry(
        ExitCode.USAGE,
        "The workspace is a system folder, a home folder, or a folder with credentials.",
        "use a separate folder, such as ~/vision, or set workspace in envkit.yaml",
    ),
    "workspace-missing": ErrorEntry(
        ExitCode.USAGE,
        "The workspace does not exist or is not a folder.",
        "create the folder, or set workspace: in envkit.yaml",
    ),
    "workspace-replaced": ErrorEntry(
        ExitCode.EXEC_FAILED,
        "The project folder was deleted or replaced while the environment was running.",
        "envkit up",
    ),
    "workspace-unreadable": ErrorEntry(
        ExitCode.USAGE,
        "The workspace on this host could not be read completely.",
        "fix the cause, then repeat the command",
    ),
    "wrong-architecture": ErrorEntry(
        ExitCode.ENGINE,
        "The image is for another platform than the engine's.",
        "build or pull the image for the engine's platform",
    ),
    "wrong-owner": ErrorEntry(
        ExitCode.USAGE,
        "A folder or file belongs to another user.",
        "run the command as that user, or use a folder that belongs to you",
    ),
}
