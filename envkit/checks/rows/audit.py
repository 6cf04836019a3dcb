"""Rows of the table: what the attacks try and the settings promise."""

from __future__ import annotations

from envkit.checks.check import Check

AUDIT = (
    Check(
        "audit/ports", "Ports are published on loopback alone", "error", "engine",
        "A port that is published on every address lets in the whole network, past the host's firewall. envkit "
        "publishes JupyterLab's port, and SSH's where `ssh.publish` says so, on 127.0.0.1.",
        "docker compose or docker run published more",
        "envkit down && envkit up",
    ),
    Check(
        "audit/privileges", "No privilege is given, and none can be gained", "error", "engine",
        "Privileged containers, capabilities, and programs that gain rights by SUID bits are ways to the host. "
        "Here all capabilities are dropped and `no-new-privileges` is set.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/kernel", "The root file system is read-only, the kernel's files are hidden", "error", "engine",
        "What cannot be written cannot be planted. The engine hides parts of /proc and /sys unless it is told not "
        "to.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/namespaces", "Nothing is shared with the host", "error", "engine",
        "Processes, IPC, network, users and control groups of the host stay out of sight.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/network", "It has a network of its own", "error", "engine",
        "On the engine's default network every other container reaches every port.",
        "the container was started on a shared network",
        "envkit down && envkit up",
    ),
    Check(
        "audit/mounts", "Nothing of the host is mounted that opens it", "error", "engine",
        "An engine's socket, system folders and SSH keys give the host away to whoever runs code inside.",
        "`mounts:` in envkit.yaml, or other settings of the container",
        "take the mount out of envkit.yaml, then: envkit up",
    ),
    Check(
        "audit/temporary", "Folders in memory are limited and give no rights", "error", "engine",
        "They have a size, and neither devices nor SUID bits work there.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/limits", "Memory, processors, processes and logs are limited", "error", "engine",
        "One workspace must not take the whole host.",
        "limits were taken away",
        "envkit down && envkit up",
    ),
    Check(
        "audit/identity", "It runs as an ordinary user", "error", "engine",
        "A number that is not root's.",
        "the container was started as root",
        "envkit down && envkit up",
    ),
    Check(
        "audit/environment", "No variable holds a secret", "error", "engine",
        "`docker inspect` shows variables to everybody who may use the engine.",
        "a secret was given as a variable",
        "use secrets: in envkit.yaml, and read the file that NAME_FILE names",
    ),
    Check(
        "audit/http-anonymous", "Nothing is read without a token", "error", "container",
        "Pages and APIs of JupyterLab and its extensions are asked for without a token.",
        "authentication is off, or an extension leaves a way in",
        "envkit down && envkit up; see which extension was installed",
    ),
    Check(
        "audit/tensorboard-anonymous", "TensorBoard answers behind the login alone", "error", "container",
        "TensorBoard knows no login of its own.",
        "TensorBoard was published beside JupyterLab",
        "take its port out of what publishes it; /tensorboard/ serves it",
    ),
    Check(
        "audit/http-writes", "Nothing is written without a token", "error", "container",
        "Kernels, terminals and files are asked for without a token.",
        "authentication is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-wrong-token", "A wrong token is refused", "error", "container",
        "Made-up tokens, in each place where a token may stand.",
        "authentication is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-guesses", "The token cannot be guessed", "error", "container",
        "JupyterLab does not slow down guessing, so the token has 256 bits. A hundred made-up ones are tried.",
        "the token was chosen by a person",
        "envkit down --volumes && envkit up makes a new one",
    ),
    Check(
        "audit/http-host", "Other host names are refused", "error", "container",
        "A web page can make its own name point to 127.0.0.1 (DNS rebinding). With such a name nothing is "
        "answered, even with the right token.",
        "the check of the host name is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-forgery", "Other pages cannot make the browser write", "error", "container",
        "A form of another page carries the browser's cookies. Without the page's own token nothing is done.",
        "the check against forged requests is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-origin", "Other pages get nothing from the browser", "error", "container",
        "Requests that name another origin are refused, and no answer allows one.",
        "other origins are allowed",
        "take allow_origin out of the server's settings",
    ),
    Check(
        "audit/http-cookie", "The login cookie goes to no script and no other site", "error", "container",
        "`HttpOnly` and `SameSite=Strict`; the proxy to TensorBoard depends on the second.",
        "the server's cookie options were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/websockets", "Sockets open for the token alone", "error", "container",
        "Kernels and terminals speak over WebSockets, which other pages may open.",
        "authentication of WebSockets is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/traversal", "No path leads out of the workspace", "error", "container",
        "Paths with `..` in several spellings, with the right token.",
        "the server is of a version with a known fault",
        "envkit build && envkit up",
    ),
    Check(
        "audit/frames", "No page can put JupyterLab into a frame", "error", "container",
        "Clicks in a hidden frame would be the owner's.",
        "the server's headers were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-password", "SSH offers keys alone", "error", "container",
        "Neither a password nor anything else is asked for.",
        "the SSH server's settings were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-users", "SSH lets in the workspace's user alone", "error", "container",
        "Root and unknown users are refused, even with the right key.",
        "the SSH server's settings were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-keys", "SSH refuses unknown keys", "error", "container",
        "A key that was just made is tried.",
        "keys stand in authorized_keys that envkit did not put there",
        "look at ssh.keys in envkit.yaml",
    ),
    Check(
        "audit/ssh-forwarding", "SSH forwards to the workspace's own loopback alone", "error", "container",
        "Other machines, ports of the host, and displays are not reached.",
        "the SSH server's settings were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-agent", "SSH forwards no agent", "warning", "container",
        "Whoever runs code inside could use the keys of a forwarded agent.",
        "ssh.agent: true in envkit.yaml",
        "take ssh.agent out of envkit.yaml, then: envkit up",
    ),
    Check(
        "audit/ssh-algorithms", "SSH speaks strong algorithms alone", "error", "container",
        "Key exchange, ciphers, checksums and host keys as the server itself tells them, against those that ssh-audit "
        "finds no fault with.",
        "the SSH server's settings were changed",
        "envkit build && envkit up",
    ),
    Check(
        "audit/ssh-audit", "ssh-audit finds nothing", "error", "container",
        "Where SSH has a port and the program ssh-audit is installed on this host, its failures and warnings; the one "
        "of Debian 12 and Ubuntu 22.04 is too old to tell any. The one warning that is accepted: a quantum computer "
        "may break a key exchange. `ssh.kex: pq-only` ends that one too.",
        "the SSH server's settings were changed, or a newer ssh-audit knows of something new",
        "get the newest envkit, then: envkit up",
    ),
    Check(
        "audit/neighbours", "No other container reaches the workspace", "error", "engine",
        "Containers of envkit's own, made of the same image and gone at once, knock at its ports: one on the engine's "
        "usual network, one on the very network of the workspace. Nothing is sent to what opens. Where a port is "
        "closed and the workspace itself says so, it was reached too: what listens there later would be open. What "
        "is reached in one knock of three is told and does not fail: Docker lets its networks reach each other for a "
        "moment whenever one is made.",
        "the engine sets no firewall rules (`iptables: false`), or the workspace is on another network than envkit's",
        "look at /etc/docker/daemon.json and the host's firewall, then: envkit down && envkit up",
    ),
    Check(
        "audit/socket", "JupyterLab's socket opens for its user alone", "error", "container",
        "With `jupyter.socket` the modes of a socket and its folder are what keeps other users out.",
        "the modes were changed from inside",
        "envkit down && envkit up",
    ),
    Check(
        "audit/capabilities", "Programs inside have no power of root", "error", "container",
        "As the kernel tells it of a process: no capability, none to be gained, system calls filtered.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/escapes", "No way out of the container was found", "error", "container",
        "What a hostile package would try: the kernel's settings, disks, other namespaces, the engine's socket, "
        "root.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/tampering", "What guards the workspace cannot be changed from inside", "error", "container",
        "System folders, the server's settings, keys, the token.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/rights", "No file gives rights away", "error", "image",
        "Neither SUID bits nor files that everybody may write.",
        "a package brought them",
        "build the image with envkit, which takes the bits away",
    ),
    Check(
        "audit/packages", "What serves the workspace has no published hole", "error", "image",
        "Versions of JupyterLab's server, of what it consists of and of OpenSSH, against those in "
        "[the catalogue](catalog.md#what-serves-a-workspace). Nobody is asked: what was published after that is not "
        "known. An OpenSSH of a system that gets no more fixes warns.",
        "the image was built long ago, or the newest version does not run on its Python",
        "get the newest envkit, then: envkit up",
    ),
    Check(
        "audit/image-age", "The image stands on packages of late", "warning", "image",
        "What the system's makers mended after that is not in it; ninety days are long. What counts is when the build "
        "brought the system's packages up to date, which a builder may have kept from an earlier build; on a base that "
        "others made, which keeps its packages, it is the day that base was made.",
        "it was built once and used since",
        "envkit up --pull",
    ),
    Check(
        "audit/secrets", "No process and no open file shows a secret", "error", "container",
        "Variables and arguments of every process, and the modes of secret files.",
        "a secret was given as a variable or an argument",
        "use secrets: in envkit.yaml",
    ),
    Check(
        "audit/traces", "The token stands in no log, history or setting", "error", "engine",
        "The container's log, `docker inspect`, the image's history and the process list are searched for it.",
        "a program printed it, or it was handed over as a setting",
        "envkit down --volumes && envkit up makes a new one; then find out what printed it",
    ),
)
