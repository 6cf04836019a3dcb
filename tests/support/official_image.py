"""A stand-in for TensorFlow's official image: its known faults on Debian 11, which has the same glibc.

envkit reads the name of the official image from its catalog. These tests run a copy of the installed package whose
catalog names the stand-in; nothing else differs.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import foreign_images
from tests.support.workspaces import Envkit

if TYPE_CHECKING:
    import docker

STAND_IN = "envkit-test-official"
TAG = f"{STAND_IN}:2.9.0-jupyter"
REPOSITORY = "repository: tensorflow/tensorflow\n"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

# Differences from the official image: Python 3.9 instead of 3.8, and no CUDA. The libcuda stub is another library whose
# name has the same length. TensorFlow is real, but its uncapped dependencies are too new, so it cannot be imported.
DOCKERFILE = f"""
FROM {foreign_images.ROOT}
COPY ca.pem /etc/ca.pem
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8
RUN export PIP_CERT=/etc/ca.pem SSL_CERT_FILE=/etc/ca.pem UV_SYSTEM_CERTS=1 && apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-pip python3-setuptools \
    && python3 -m pip install --no-cache-dir --no-compile uv \
    && uv pip install --system --no-cache tensorflow-cpu==2.9.0 "protobuf>=4.21,<5" "numpy<1.27" matplotlib \
    && uv pip install --system --no-cache --no-deps jupyter_http_over_ws ipykernel==5.1.1 nbformat==4.4.0 jedi==0.17.2 \
    && uv pip install --system --no-cache "pip<20.3"
RUN mkdir -p /usr/local/cuda/lib64/stubs /tf /.local && cd /usr/local/cuda/lib64/stubs \
    && sed 's/libattr[.]so[.]1/libcuda.so.1/g' /usr/lib/x86_64-linux-gnu/libattr.so.1 > libcuda.so \
    && ln -s libcuda.so libcuda.so.1 \
    && echo /usr/local/cuda/lib64/stubs > /etc/ld.so.conf.d/z-cuda-stubs.conf && ldconfig
RUN echo "deb [signed-by=/usr/share/keyrings/old-nvidia.gpg] \
    $(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1) trixie main" \
    > /etc/apt/sources.list.d/cuda.list && : > /usr/share/keyrings/old-nvidia.gpg
RUN mkdir -p /etc/jupyter && echo '{{"ServerApp": {{"allow_root": true}}}}' > /etc/jupyter/jupyter_config.json
RUN printf 'export PS1="tf> "\\nldconfig\\n' > /etc/bash.bashrc && chmod a+rwx /etc/bash.bashrc /tf /.local
ENV NVIDIA_VISIBLE_DEVICES=all LD_LIBRARY_PATH=/usr/local/cuda/lib64:/usr/local/nvidia/lib64
WORKDIR /tf
EXPOSE 8888
CMD ["bash", "-c", "source /etc/bash.bashrc && jupyter notebook --notebook-dir=/tf --ip 0.0.0.0 --allow-root"]
"""


def stand_in(engine: docker.DockerClient, folder: Path) -> str:
    """Build the stand-in, once per machine, and return its reference."""
    foreign_images.debian(engine, folder)
    return foreign_images.build(engine, TAG, {"Dockerfile": DOCKERFILE, "ca.pem": BUNDLE.read_bytes()})


def with_catalog(installed: Envkit, folder: Path, repository: str) -> Envkit:
    """Return a copy of the installed envkit whose catalog has another repository for the official image."""
    python = installed.program.with_name("python")
    (package,) = installed.program.parent.parent.glob("lib/python3*/site-packages/envkit")
    copy = folder / "envkit"
    shutil.copytree(package, copy)
    catalog = copy / "catalog.yaml"
    text = catalog.read_text()
    assert REPOSITORY in text
    catalog.write_text(text.replace(REPOSITORY, f"repository: {repository}\n"))
    program = folder / "run"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {python} -m envkit "$@"\n')
    program.chmod(0o755)
    return Envkit(installed.user, program)
