# TensorFlow 2.9.0 workspace on Debian bookworm, rendered by envkit.
#
# For BuildKit and the classic builder: file modes come from the context, and there are no heredocs or mounts.
# Frequent changes come last, so that one more Python package rebuilds one layer.

# A Debian release with security updates. If no image can be pulled, envkit builds it from Debian packages.
FROM envkit-base:bookworm

# envkit's own package sources, so that every base takes security updates and gives the same packages.
COPY build/apt-sources /opt/envkit/build/
RUN ["/opt/envkit/build/apt-sources", "bookworm"]
COPY apt/envkit.conf /etc/apt/apt.conf.d/90envkit
COPY apt/dpkg.cfg /etc/dpkg/dpkg.cfg.d/envkit
COPY build/link-duplicates build/install-apt build/install-uv build/install-python /opt/envkit/build/

# System packages, the same for every release on this suite. The script also removes SUID bits, SSH host keys and
# apt's package lists. A login through `docker exec` needs no daemon, only the sshd program.
RUN ["/opt/envkit/build/install-apt", "--upgrade", "--headers", "3.11", "--", \
     "bzip2", "ca-certificates", "curl", "git", "less", "openssh-server", "procps", "python3", "python3-venv", "rsync", "unzip", "wget", "xz-utils"]

# Settings of pip and uv: certificates and package index.
COPY python/pip.conf /etc/pip.conf
COPY python/uv.toml /etc/uv/uv.toml

# uv, pinned with hashes: it installs TensorFlow in a fifth of pip's time.
COPY python/uv-requirements.txt /opt/envkit/build/
RUN ["/opt/envkit/build/install-uv"]

# JupyterLab in a root-owned environment on Debian's supported Python, because older Pythons lack the fixed versions
# of jupyter_server. All packages are pinned with hashes. Two optional format checkers are left out, because importing
# them takes as long as the rest of the start.
COPY python/jupyter-requirements.txt build/check-jupyter.py /opt/envkit/build/
RUN ["/opt/envkit/build/install-python", "python3.11", "/opt/jupyter", \
     "/opt/envkit/build/check-jupyter.py", "--no-deps", "--require-hashes", "--requirement", "/opt/envkit/build/jupyter-requirements.txt"]

# The layers below are specific to this TensorFlow release; other releases on the same suite share those above.
# This release needs an older Python, from another Debian release.
COPY apt/borrowed.pref /etc/apt/preferences.d/borrowed.pref
RUN ["/opt/envkit/build/apt-sources", "--add", "bullseye"]
RUN ["/opt/envkit/build/install-apt", "--borrow", "3.9", "bullseye", "--"]

# Constraints of packages installed beside TensorFlow.
COPY python/constraints.txt /etc/envkit/constraints.txt

# CUDA and cuDNN as Python packages, in a separate layer: TensorFlow releases with the same CUDA share it.
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow", "-", "nvidia-cublas-cu11==11.11.3.6", "nvidia-cuda-cupti-cu11==11.8.87", "nvidia-cuda-nvcc-cu11==11.8.89", "nvidia-cuda-nvrtc-cu11==11.8.89", "nvidia-cuda-runtime-cu11==11.8.89", "nvidia-cudnn-cu11==8.7.0.84", "nvidia-cufft-cu11==10.9.0.58", "nvidia-curand-cu11==10.3.0.86", "nvidia-cusolver-cu11==11.4.1.48", "nvidia-cusparse-cu11==11.7.5.86"]

# The kernel: TensorFlow on the newest Python that this release has a wheel for. The layer is kept only if it imports.
COPY build/check-tensorflow.py /opt/envkit/build/
RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow", \
     "/opt/envkit/build/check-tensorflow.py", "--compile-bytecode", "--constraint", "/etc/envkit/constraints.txt", \
     "tensorflow==2.9.0", "ipykernel", "pip"]

# Other packages may require the release by another of its names.
COPY build/provide-tensorflow.py /opt/envkit/build/
RUN ["/opt/tensorflow/bin/python", "-I", "/opt/envkit/build/provide-tensorflow.py", "2.9.0", "tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws", "tensorflow-aarch64"]

# Makes CUDA visible to the loader, cuDNN and XLA, and loads each shared object; the driver comes from the host.
COPY build/link-cuda build/check-cuda.py /opt/envkit/build/
RUN ["/opt/envkit/build/link-cuda", "python3.9", "libcudart.so.11.0", "libcublas.so.11", "libcublasLt.so.11", "libcufft.so.10", "libcurand.so.10", "libcusolver.so.11", "libcusparse.so.11", "libcudnn.so.8"]

# Everything that runs in the workspace belongs to root and is read-only; settings are mounted.
COPY etc/jupyter_server_config.py etc/sshd_config etc/session.sh etc/ipython_magics.py /etc/envkit/
COPY etc/ipython_config.py /etc/ipython/ipython_config.py
COPY etc/profile.sh /etc/profile.d/envkit.sh
COPY etc/page_config.json /etc/envkit/jupyter/labconfig/page_config.json
COPY bin/pip-wrapper /opt/envkit/bin/pip
COPY bin/entrypoint bin/run-sshd bin/check-port bin/serve.py /opt/envkit/
COPY share/kernel.json /opt/envkit/share/jupyter/kernels/python3/kernel.json
COPY build/prepare-workspace /opt/envkit/build/
RUN ["/opt/envkit/build/prepare-workspace", "python3.9"]

ENV PATH="/opt/envkit/bin:/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9/bin:/opt/tensorflow/bin:/usr/local/bin:/usr/bin:/bin:/opt/jupyter/bin" \
    LANG="C.UTF-8" \
    VIRTUAL_ENV="/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9" \
    PIP_CONSTRAINT="/etc/envkit/constraints.txt" \
    UV_CONSTRAINT="/etc/envkit/constraints.txt" \
    PIP_FIND_LINKS="/opt/envkit/wheels" \
    JUPYTER_PATH="/opt/envkit/share/jupyter" \
    SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt" \
    REQUESTS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt" \
    CURL_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt" \
    NVIDIA_DRIVER_CAPABILITIES="compute,utility" \
    TF_FORCE_GPU_ALLOW_GROWTH="true" \
    CUDA_CACHE_PATH="/home/dev/.cache/nvidia" \
    CUDA_CACHE_MAXSIZE="4294967296"

WORKDIR /workspace

# An unprivileged user; the caller's own uid is set at start.
USER 65534:65534

# /api needs no login and is not logged.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--noproxy", "*", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8888/api"]

ENTRYPOINT ["/opt/envkit/entrypoint"]
