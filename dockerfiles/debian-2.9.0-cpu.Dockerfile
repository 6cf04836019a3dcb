# A TensorFlow 2.9.0 workspace on Debian bookworm, rendered by envkit.
#
# Both builders of Docker read it: modes travel in the context, there are no heredocs and no mounts.
# What changes most often stands last, so that one more Python package rebuilds one layer.

# A Debian that still gets security updates; envkit assembles it where no image can be pulled.
FROM envkit-base:bookworm

# apt: envkit's own list instead of whatever the base came with, so that every base takes security
# updates and gives the same packages.
COPY apt/debian.sources /etc/apt/sources.list.d/debian.sources
COPY apt/none /etc/apt/sources.list
COPY apt/envkit.conf /etc/apt/apt.conf.d/90envkit
COPY apt/dpkg.cfg /etc/dpkg/dpkg.cfg.d/envkit
COPY build/install-apt build/install-uv build/install-python /opt/envkit/build/

# Debian itself, the same for every release on this suite; the script also takes the SUID bits, the SSH host
# keys and apt's lists away again. A login over `exec` needs no daemon, only sshd itself.
RUN ["/opt/envkit/build/install-apt", "--upgrade", "--", \
     "ca-certificates", "curl", "git", "less", "openssh-server", "procps", "python3", "python3-pip-whl", "rsync"]

# Where Python packages come from.
COPY python/pip.conf /etc/pip.conf
COPY python/uv.toml /etc/uv/uv.toml

# uv, pinned with its hashes: it installs TensorFlow in a fifth of pip's time.
COPY python/uv-requirements.txt /opt/envkit/build/
RUN ["/opt/envkit/build/install-uv"]

# The server: an environment of root's on Debian's supported Python, which alone gets the fixed versions of
# jupyter_server. All of it pinned with hashes. Two optional checkers of formats are left out, because
# importing them takes as long as the rest of the start.
COPY python/jupyter-requirements.txt build/prove-jupyter.py /opt/envkit/build/
RUN ["/opt/envkit/build/install-python", "python3.11", "/opt/jupyter", \
     "/opt/envkit/build/prove-jupyter.py", "--no-deps", "--require-hashes", "--requirement", "/opt/envkit/build/jupyter-requirements.txt"]

# From here on it is this release's own: another one on the same suite keeps all of the above.
# Its Python is an older one, of another Debian release.
COPY apt/borrowed.pref /etc/apt/preferences.d/borrowed.pref
COPY apt/borrowed.sources /etc/apt/sources.list.d/borrowed.sources
RUN ["/opt/envkit/build/install-apt", "--borrow", "3.9", "bullseye", "--"]

# What may be installed beside TensorFlow.
COPY python/constraints.txt /etc/envkit/constraints.txt

# The kernel: TensorFlow on the newest Python this release has a wheel for. The layer ends by importing it.
COPY build/prove-tensorflow.py /opt/envkit/build/
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow", \
     "/opt/envkit/build/prove-tensorflow.py", "--compile-bytecode", "--constraint", "/etc/envkit/constraints.txt", \
     "tensorflow-cpu==2.9.0", "ipykernel", "pip"]

# Everything that runs in the workspace is root's and read-only; the settings come in by a mount.
COPY etc/jupyter_server_config.py etc/sshd_config etc/session.sh etc/ipython_magics.py /etc/envkit/
COPY etc/ipython_config.py /etc/ipython/ipython_config.py
COPY etc/profile.sh /etc/profile.d/envkit.sh
COPY etc/page_config.json /etc/envkit/jupyter/labconfig/page_config.json
COPY bin/guarded-install /opt/envkit/bin/pip
COPY bin/entrypoint bin/keep-sshd bin/listens bin/serve.py /opt/envkit/
COPY share/kernel.json /opt/envkit/share/jupyter/kernels/python3/kernel.json
COPY build/furnish /opt/envkit/build/
RUN ["/opt/envkit/build/furnish", "python3.9"]

ENV PATH="/opt/envkit/bin:/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9/bin:/opt/tensorflow/bin:/usr/local/bin:/usr/bin:/bin:/opt/jupyter/bin" \
    LANG="C.UTF-8" \
    VIRTUAL_ENV="/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9" \
    PIP_CONSTRAINT="/etc/envkit/constraints.txt" \
    UV_CONSTRAINT="/etc/envkit/constraints.txt" \
    JUPYTER_PATH="/opt/envkit/share/jupyter" \
    SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt" \
    REQUESTS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt" \
    CURL_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt"

WORKDIR /workspace

# Nobody, until the caller's own number is given at the start.
USER 65534:65534

# /api tells its version to anybody, and is not logged.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--noproxy", "*", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8888/api"]

ENTRYPOINT ["/opt/envkit/entrypoint"]
