"""Rules for the servers of a workspace and their clients: Jupyter, SSH, TensorBoard."""

from __future__ import annotations

from envkit.checks.log.rule import Rank, rule

JUPYTER = (
    rule(
        "jupyter/origin",
        "container",
        r"[Bb]locking (?:Cross Origin|request with non-local|cross origin)|Blocking Cross Origin API request"
        r"|origin (?:mismatch|not allowed)|Websocket origin mismatch|Not allowing cross origin|Origin "
        r".{0,200}(?:does not "
        r"match|not allowed)|No 'Access-Control-Allow-Origin'|has been blocked by CORS policy|'Host' .{0,60}not allowed"
        r"|allow_remote_access|Refused to frame|frame-ancestors",
        "Jupyter refuses requests that come from another origin or host name than its own, as a proxy or an embedded "
        "page "
        "sends them",
        "open it at the address that it prints; behind a proxy pass the Host header on, or set "
        "ServerApp.allow_origin to "
        "that origin",
    ),
    rule(
        "jupyter/xsrf",
        "container",
        r"'_xsrf' argument missing|XSRF cookie does not match|_xsrf.{0,40}(?:missing|mismatch)",
        "the browser's cookie does not belong to this server: it was restarted, or two servers share the host name",
        "reload the page; delete the cookies of that address, or use different host names or a private window",
    ),
    rule(
        "jupyter-token-rejected",
        "container",
        r"Couldn't authenticate WebSocket|[Ii]nvalid credentials|403 (?:GET|POST|PUT|DELETE) /\S*|HTTP 403: Forbidden"
        r"|Forbidden.{0,40}token|Token authentication is enabled|401 (?:GET|POST) /(?:api|login)|token is (?:invalid"
        r"|expired)"
        r"|wrote error: 'Forbidden'",
        "the token or password is missing, or is that of another or restarted server",
        "jupyter server list (envkit token) prints the current one: open that address again; a page that was open "
        "before the "
        "restart must be reloaded",
    ),
    rule(
        "jupyter/websocket",
        "container",
        r"WebSocket connection (?:to|closed)\b.{0,300}(?:failed|[Uu]nexpected response)|Error during WebSocket "
        r"handshake"
        r"|Can \"Upgrade\" only to \"WebSocket\"|WebSocket ping timeout|Replaying connection|400 GET "
        r"/\S*api/kernels/\S+/channels"
        r"|A connection to the notebook server could not be established|Failed to (?:connect|start) "
        r".{0,40}kernel.{0,40}websocket",
        "the WebSocket to the kernel fails: a proxy between browser and server does not pass the upgrade on, or the "
        "connection is too slow",
        "in nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "
        '"upgrade"; or use an SSH tunnel',
    ),
    rule(
        "jupyter/kernel-missing",
        "container",
        r"No such kernel named|NoSuchKernel|Kernel(?:spec)? .{0,60}not found|kernelspec .{0,40}(?:missing|not found)",
        "the notebook names a kernel that is not installed",
        "jupyter kernelspec list shows those that are; python -m ipykernel install --user --name NAME adds one",
    ),
    rule(
        "jupyter/kernel-died",
        "container",
        r"KernelRestarter: restart(?:ing kernel|ed)? ?(?:failed)?|Kernel died before replying"
        r"|AsyncIOLoopKernelRestarter: "
        r"restarting|kernel \S+ (?:has )?died|The kernel (?:appears to have died|died|for \S+ appears to have died)"
        r"|Kernel \S+ restarted failed|Canceled future for execute_request message before replies were done"
        r"|DeadKernelError",
        "the kernel's process ended: memory ran out, a native library crashed, or its packages do not fit",
        "look at the lines around it; run the cell as a program (python FILE) to see the error; dmesg | grep -i oom "
        "for "
        "memory",
        Rank.NOTICE,
    ),
    rule(
        "jupyter/root",
        "container",
        r"Running as root is not recommended\. Use --allow-root",
        "Jupyter refuses to run as root",
        "start it as another user (docker run --user); --allow-root overrides it",
    ),
    rule(
        "jupyter/version",
        "image",
        r"'?(?:NotebookApp|ServerApp)'? .{0,60}(?:Unrecognized|unrecognized)|cannot import name '\w+' from "
        r"'(?:notebook|"
        r"jupyter_server|jupyter_client|jupyterlab|nbconvert|tornado|pyzmq|ipykernel|IPython)\b|No module named "
        r"'(?:notebook|jupyter_server|jupyter_core|jupyterlab|zmq|tornado|ipykernel|nbclassic)\b|module 'zmq\S* has "
        r"no attribute"
        r"|Jupyter command `jupyter-\S+` not found|jupyter: (?:command )?not found|'jupyter' is not recognized",
        "JupyterLab is not installed completely, or its packages are of different generations",
        "python -m pip install --upgrade jupyterlab notebook jupyter_server ipykernel, in a new environment",
    ),
    rule(
        "jupyter/notebook-damaged",
        "container",
        r"Notebook does not appear to be JSON|Unreadable Notebook|NotJSONError|Notebook is not valid JSON",
        "the notebook file is damaged: empty, or with marks of a merge conflict",
        "python -m json.tool FILE shows the line; restore it from version control or .ipynb_checkpoints",
    ),
    rule(
        "jupyter/build",
        "image",
        r"JupyterLab (?:build|application assets) (?:failed|not found)|Build failed\.\s*Troubleshooting|Please "
        r"install (?:nodejs|"
        r"Node)|ValueError: Please install nodejs",
        "an extension needs a build with Node.js, which fails",
        "install a prebuilt version of the extension with pip; jupyter lab clean --all, then jupyter lab build "
        "--minimize=False",
    ),
    rule(
        "jupyter/runtime-folder",
        "container",
        r"PermissionError: .{0,60}(?:/jupyter|\.jupyter|\.local/share)|Permission denied: '/\S*(?:\.jupyter|\.local"
        r"|jupyter/"
        r"runtime)|Permission denied: '/(?:tf|home)/\S*|attempt to write a readonly database|unable to open database "
        r"file"
        r"|Permission denied: \S*Untitled|Unexpected error while saving file",
        "Jupyter may not write to its home folder or to the workspace",
        "chown the mounted folder to the container's user; set HOME to a folder that this user may write",
    ),
    rule(
        "jupyter/data-rate",
        "container",
        r"IOPub (?:data|message) rate exceeded",
        "a cell prints more than the server passes on",
        "print less; or set ServerApp.iopub_data_rate_limit to a higher value",
    ),
    rule(
        "tensorboard/route",
        "container",
        r"TensorBoard (?:could not bind|attempted to bind)|No dashboards are active|ERROR: Failed to launch TensorBoard"
        r"|TensorBoard is not installed|No module named 'tensorboard",
        "TensorBoard cannot start, or finds no event files",
        "choose a free port with --port; --logdir must name the folder that the callback writes; pip install the "
        "tensorboard "
        "of TensorFlow's release",
    ),
)

SSH = (
    rule(
        "ssh/host-key-changed",
        "host",
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|Host key for \S+ has changed|Offending "
        r"\w+ key in"
        r"|No \w+ host key is known for|differs from the key for the IP address",
        "the host key of the server is unknown, or differs from the known one: it was reinstalled, or another "
        "machine "
        "answers at that address",
        "if the change is expected: ssh-keygen -R HOST, then compare the new fingerprint; with envkit: envkit "
        "ssh-config "
        "--install",
    ),
    rule(
        "ssh/key-permissions",
        "host",
        r"UNPROTECTED PRIVATE KEY FILE|Permissions [0-9]{4} for '[^']{1,200}' are too open|[Bb]ad (?:owner or "
        r")?permissions"
        r"|Authentication refused: bad ownership or modes|This private key will be ignored|Bad owner or permissions on",
        "the modes of a key file, or of a folder above it, let other users read or change it",
        "chmod 600 on the private key and authorized_keys, chmod 700 ~/.ssh, and no write permission for others on "
        "the home "
        "folder",
    ),
    rule(
        "ssh/key-format",
        "host",
        r"error in libcrypto|Load key \"[^\"]{1,200}\": |invalid format|incorrect passphrase supplied|no such "
        r"identity: |"
        r"unsupported key type|key type \S+ not in|no mutual signature (?:algorithm|supported)|sign_and_send_pubkey: ",
        "the private key cannot be used: it does not exist, is damaged, of an old kind, or its passphrase is wrong",
        "ssh-keygen -y -f KEY tests it; ssh-keygen -t ed25519 creates a new one; ssh-add unlocks one with a passphrase",
    ),
    rule(
        "ssh-login-denied",
        "host",
        r"Permission denied \((?:publickey|password|keyboard|gssapi)|Too many authentication failures|No supported "
        r"authentication methods available|no more authentication methods",
        "the SSH server accepts none of the offered keys",
        "ssh -v HOST shows which are offered; ssh-copy-id HOST installs one; ssh -o IdentitiesOnly=yes -i KEY HOST "
        "offers one "
        "only; check the user's name; with envkit: ssh.keys in envkit.yaml",
    ),
    rule(
        "ssh/algorithms",
        "host",
        r"no matching (?:key exchange method|host key type|cipher|MAC) found|Unable to negotiate with",
        "client and server have no algorithm in common: one of them is very old",
        "update the older side; until then allow the offered one for this host in ~/.ssh/config",
    ),
    rule(
        "ssh-host-unreachable",
        "network",
        r"ssh: connect to host \S+ port [0-9]+: |kex_exchange_identification: |ssh: Could not resolve hostname"
        r"|Connection closed "
        r"by \S+ port [0-9]+|Connection reset by \S+ port [0-9]+|banner exchange: |client_loop: send disconnect"
        r"|ssh_exchange_"
        r"identification: ",
        "no SSH server answers at this address and port",
        "nc -v HOST PORT; start the server or the container; check the published port and the firewall; with envkit: "
        "envkit "
        "status",
    ),
    rule(
        "ssh/forwarding",
        "host",
        r"bind \[[0-9a-f:.]*\]:[0-9]+: |channel_setup_fwd_listener_tcpip: cannot listen to port|administratively "
        r"prohibited"
        r"|channel [0-9]+: open failed: |Could not request local forwarding|remote port forwarding failed",
        "a forwarded port is taken on this side, or nothing listens on it on the other side, or the server forbids it",
        "choose another local port: ssh -L 8890:127.0.0.1:8888 HOST; check that the server listens",
    ),
    rule(
        "ssh/server",
        "container",
        r"sshd: no hostkeys available|Missing privilege separation directory|Could not load host key|Privilege "
        r"separation user "
        r"sshd does not exist|Bad configuration option|terminating, [0-9]+ bad configuration options",
        "the SSH server cannot start: its host keys, its folder or its user are missing, or its configuration is wrong",
        "ssh-keygen -A and mkdir -p /run/sshd in the image; sshd -t tests the configuration",
    ),
)

SERVICE_RULES = (*SSH, *JUPYTER)
