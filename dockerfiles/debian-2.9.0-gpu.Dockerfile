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

# CUDA and cuDNN as Python packages, in a layer of their own: another TensorFlow of the same CUDA keeps it.
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow", "-", "nvidia-cublas-cu11==11.11.3.6", "nvidia-cuda-cupti-cu11==11.8.87", "nvidia-cuda-nvcc-cu11==11.8.89", "nvidia-cuda-nvrtc-cu11==11.8.89", "nvidia-cuda-runtime-cu11==11.8.89", "nvidia-cudnn-cu11==8.7.0.84", "nvidia-cufft-cu11==10.9.0.58", "nvidia-curand-cu11==10.3.0.86", "nvidia-cusolver-cu11==11.4.1.48", "nvidia-cusparse-cu11==11.7.5.86"]

# The kernel: TensorFlow on the newest Python this release has a wheel for. The layer ends by importing it.
COPY build/prove-tensorflow.py /opt/envkit/build/
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow", \
     "/opt/envkit/build/prove-tensorflow.py", "--compile-bytecode", "--constraint", "/etc/envkit/constraints.txt", \
     "tensorflow==2.9.0", "ipykernel", "pip"]

# The loader, cuDNN and XLA find CUDA, and each of its shared objects loads; the driver comes from the host.
COPY build/link-cuda build/prove-cuda.py /opt/envkit/build/
RUN ["/opt/envkit/build/link-cuda", "python3.9", "libcudart.so.11.0", "libcublas.so.11", "libcublasLt.so.11", "libcufft.so.10", "libcurand.so.10", "libcusolver.so.11", "libcusparse.so.11", "libcudnn.so.8"]

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
    CURL_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt" \
    NVIDIA_DRIVER_CAPABILITIES="compute,utility" \
    TF_FORCE_GPU_ALLOW_GROWTH="true" \
    CUDA_CACHE_PATH="/home/dev/.cache/nvidia" \
    CUDA_CACHE_MAXSIZE="4294967296"

WORKDIR /workspace

# Nobody, until the caller's own number is given at the start.
USER 65534:65534

# /api tells its version to anybody, and is not logged.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--noproxy", "*", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8888/api"]

ENTRYPOINT ["/opt/envkit/entrypoint"]
