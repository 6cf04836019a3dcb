# TensorFlow 2.9.0 workspace on registry.example.com/team/image:1 (bullseye), rendered by envkit.
#
# For BuildKit and the classic builder: file modes come from the context, and there are no heredocs or mounts.
# Frequent changes come last, so that one more Python package rebuilds one layer.
FROM registry.example.com/team/image:1

# Overrides the user and command of the base image: the build runs as root, the workspace as an unprivileged user.
USER 0:0
ENV PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"

# Known defects of such images, by name; each is fixed only where it exists:
#   rotated-key          NVIDIA replaced the key of its package lists on 2022-04-27, and apt refuses all of them
#   moved-archive        the packages of an end-of-life system have moved
#   stub-driver          a libcuda without a driver hides the host's libcuda
#   ldconfig-at-login    each shell of an unprivileged user starts with an error
#   open-extension       jupyter_http_over_ws lets pages of other sites connect to the server
#   other-settings       settings of another Jupyter would be read by envkit's
#   home                 a new home volume would take content and owner of the image's /home/dev
#   world-writable       all users can write files that root executes: /tf, /.local, /etc/bash.bashrc
# Later steps fix: protobuf and numpy without upper bounds (constraints.txt), a pip older than 20.3, an old ipykernel
# (both reinstalled in /opt/tensorflow), a notebook server as root without a login (ENTRYPOINT and USER, last).
COPY build/apt-sources /opt/envkit/build/
RUN ["/opt/envkit/build/apt-sources", "bullseye"]
COPY build/fix-base-image /opt/envkit/build/
RUN ["/opt/envkit/build/fix-base-image"]

COPY apt/envkit.conf /etc/apt/apt.conf.d/90envkit
COPY apt/dpkg.cfg /etc/dpkg/dpkg.cfg.d/envkit
COPY build/link-duplicates build/install-apt build/install-uv build/install-python build/fetch-python build/create-venv /opt/envkit/build/

# All system packages in one layer. The script also removes SUID bits, SSH host keys and apt's package lists.
# Packages of the base image keep their versions. A login through `docker exec` needs no daemon, only the sshd program.
RUN ["/opt/envkit/build/install-apt", \
"--headers", "3.9", "--", \
     "bzip2", "ca-certificates", "curl", "git", "less", "openssh-server", "procps", "python3", "python3-distutils", "python3-venv", "rsync", "unzip", "wget", "xz-utils"]

# Settings of pip and uv, and constraints of packages installed beside TensorFlow.
COPY python/pip.conf /etc/pip.conf
COPY python/uv.toml /etc/uv/uv.toml
COPY python/constraints.txt /etc/envkit/constraints.txt

# uv, pinned with hashes.
COPY python/uv-requirements.txt /opt/envkit/build/
RUN ["/opt/envkit/build/install-uv", "python-pip-whl"]

# JupyterLab, pinned with hashes, on the image's own Python.
# The fixed versions of jupyter_server need a newer Python. jupyter_config.py disables the vulnerable feature instead:
# conversion of notebooks to pages.
COPY python/jupyter-3.9.txt /opt/envkit/build/jupyter-requirements.txt
COPY build/check-jupyter.py /opt/envkit/build/
RUN ["/opt/envkit/build/create-venv", "/opt/jupyter", "3.9", "/usr/bin/python3.9"]
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/jupyter", \
     "/opt/envkit/build/check-jupyter.py", "--no-deps", "--require-hashes", "--requirement", "/opt/envkit/build/jupyter-requirements.txt"]

COPY build/check-tensorflow.py /opt/envkit/build/
# The kernel: TensorFlow on a Python that this release has a wheel for. The layer is kept only if it imports.
RUN ["/opt/envkit/build/create-venv", "/opt/tensorflow", "3.9", "/usr/bin/python3.9"]
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow", \
     "/opt/envkit/build/check-tensorflow.py", "--compile-bytecode", "--constraint", "/etc/envkit/constraints.txt", \
     "tensorflow-cpu==2.9.0", "ipykernel", "pip"]

# Other packages may require the release by another of its names.
COPY build/provide-tensorflow.py /opt/envkit/build/
RUN ["/opt/tensorflow/bin/python", "-I", "/opt/envkit/build/provide-tensorflow.py", "2.9.0", "tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws", "tensorflow-aarch64"]

# Everything that runs in the workspace belongs to root and is read-only; settings are mounted.
COPY etc/jupyter_server_config.py etc/sshd_config etc/session.sh etc/ipython_magics.py /etc/envkit/
COPY etc/jupyter_config.py /etc/envkit/jupyter/jupyter_config.py
COPY etc/ipython_config.py /etc/ipython/ipython_config.py
COPY etc/profile.sh /etc/profile.d/envkit.sh
COPY etc/page_config.json /etc/envkit/jupyter/labconfig/page_config.json
COPY bin/pip-wrapper /opt/envkit/bin/pip
COPY bin/entrypoint bin/run-sshd bin/check-port bin/serve.py /opt/envkit/
COPY share/kernel.json /opt/envkit/share/jupyter/kernels/python3/kernel.json
COPY build/prepare-workspace build/configure-user-venv /opt/envkit/build/
RUN ["/opt/envkit/build/prepare-workspace", "python3.9"]
RUN ["/opt/envkit/build/configure-user-venv", "3.9", "/usr/bin/python3.9", "false"]

# Overrides a GPU request of the image; GPUs are chosen per container.
ENV NVIDIA_VISIBLE_DEVICES="void" \
    PATH="/opt/envkit/bin:/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9/bin:/opt/tensorflow/bin:/usr/local/bin:/usr/bin:/bin:/opt/jupyter/bin" \
    LANG="C.UTF-8" \
    VIRTUAL_ENV="/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9" \
    PIP_CONSTRAINT="/etc/envkit/constraints.txt" \
    UV_CONSTRAINT="/etc/envkit/constraints.txt" \
    PIP_FIND_LINKS="/opt/envkit/wheels" \
    JUPYTER_PATH="/opt/envkit/share/jupyter" \
    SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt" \
    REQUESTS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt" \
    CURL_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt"

WORKDIR /workspace

# An unprivileged user; the caller's own uid is set at start.
USER 65534:65534

# /api needs no login and is not logged.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--noproxy", "*", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8888/api"]

STOPSIGNAL SIGTERM

ENTRYPOINT ["/opt/envkit/entrypoint"]
