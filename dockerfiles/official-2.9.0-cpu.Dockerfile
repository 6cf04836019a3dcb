# A TensorFlow 2.9.0 workspace on tensorflow/tensorflow:2.9.0-jupyter (focal), rendered by envkit.
#
# Both builders of Docker read it: modes travel in the context, there are no heredocs and no mounts.
# What changes most often stands last, so that one more Python package rebuilds one layer.
FROM tensorflow/tensorflow:2.9.0-jupyter

# Whoever the image wants to run as, and with which program: the build is root's, the workspace is nobody's.
USER 0:0
ENV PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"

# What is known to be wrong in such images, by name; each of it is mended only where it is so:
#   rotated-key          NVIDIA replaced the key of its package lists on 2022-04-27, and apt refuses all of them
#   moved-archive        the packages of a system past its end are elsewhere
#   stub-driver          a libcuda without a driver stands before the host's
#   ldconfig-at-login    each shell of an ordinary user begins with an error
#   open-extension       jupyter_http_over_ws lets pages of other sites talk to the server
#   other-settings       what configures another Jupyter would be read by ours
#   home                 a new home volume would take content and owner of the image's /home/dev
#   world-writable       everybody may write what root runs: /tf, /.local, /etc/bash.bashrc
# And by what follows: protobuf and numpy without caps (constraints.txt), a pip older than 20.3, an old ipykernel
# (both new in /opt/tensorflow), a notebook server of root's without a login (ENTRYPOINT and USER, last).
COPY build/update-image /opt/envkit/build/
RUN ["/opt/envkit/build/update-image"]

COPY apt/envkit.conf /etc/apt/apt.conf.d/90envkit
COPY apt/dpkg.cfg /etc/dpkg/dpkg.cfg.d/envkit
COPY build/install-apt build/install-uv build/install-python build/fetch-python build/lay-python /opt/envkit/build/

# All of the system's packages in one layer; the script also takes the SUID bits, the SSH host keys and apt's lists
# away again. What the image brought keeps its versions. A login over `exec` needs no daemon, only sshd itself.
RUN ["/opt/envkit/build/install-apt", \
"--", \
     "ca-certificates", "curl", "git", "less", "openssh-server", "procps", "python3", "python3-distutils", "rsync"]

# Where Python packages come from, and what may be installed beside TensorFlow.
COPY python/pip.conf /etc/pip.conf
COPY python/uv.toml /etc/uv/uv.toml
COPY python/constraints.txt /etc/envkit/constraints.txt

# uv, pinned with its hashes.
COPY python/uv-requirements.txt /opt/envkit/build/
RUN ["/opt/envkit/build/install-uv", "python-pip-whl"]

# Python 3.12 of uv's own, because no Python of the image serves.
RUN ["/opt/envkit/build/fetch-python", "3.12"]

# The server, pinned with hashes, on a supported Python.
COPY python/jupyter-requirements.txt /opt/envkit/build/jupyter-requirements.txt
COPY build/prove-jupyter.py /opt/envkit/build/
RUN ["/opt/envkit/build/lay-python", "/opt/jupyter", "3.12", "/usr/local/bin/python3.12"]
RUN ["/opt/envkit/build/install-python", "python3.12", "/opt/jupyter", \
     "/opt/envkit/build/prove-jupyter.py", "--no-deps", "--require-hashes", "--requirement", "/opt/envkit/build/jupyter-requirements.txt"]

COPY build/prove-tensorflow.py /opt/envkit/build/
# The kernel: the TensorFlow that the image brings, with what has to stand beside it. The layer ends by importing it.
RUN ["/opt/envkit/build/lay-python", "/opt/tensorflow", "3.8", "/usr/bin/python3.8", "--system-site-packages"]
RUN ["/opt/envkit/build/install-python", "python3.8", "/opt/tensorflow", "/opt/envkit/build/prove-tensorflow.py", "--compile-bytecode", "--constraint", "/etc/envkit/constraints.txt", "protobuf>=3.19.6,<3.20", "numpy>=1.20,<1.24", "setuptools<82", "ipykernel", "pip"]

# Everything that runs in the workspace is root's and read-only; the settings come in by a mount.
COPY etc/jupyter_server_config.py etc/sshd_config etc/session.sh etc/ipython_magics.py /etc/envkit/
COPY etc/ipython_config.py /etc/ipython/ipython_config.py
COPY etc/profile.sh /etc/profile.d/envkit.sh
COPY etc/page_config.json /etc/envkit/jupyter/labconfig/page_config.json
COPY bin/guarded-install /opt/envkit/bin/pip
COPY bin/entrypoint bin/serve.py /opt/envkit/
COPY share/kernel.json /opt/envkit/share/jupyter/kernels/python3/kernel.json
COPY build/furnish build/settle-layer /opt/envkit/build/
RUN ["/opt/envkit/build/furnish", "python3.8"]
RUN ["/opt/envkit/build/settle-layer", "3.8", "/usr/bin/python3.8", "true"]

# No GPU by the image's own wish: which ones, the engine is told for each container.
ENV NVIDIA_VISIBLE_DEVICES="void" \
    PATH="/opt/envkit/bin:/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.8/bin:/opt/tensorflow/bin:/usr/local/bin:/usr/bin:/bin:/opt/jupyter/bin" \
    LANG="C.UTF-8" \
    VIRTUAL_ENV="/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.8" \
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

STOPSIGNAL SIGTERM

ENTRYPOINT ["/opt/envkit/entrypoint"]
