"""Messages as programs print them, with the layer and the fault that `explain` must name."""

from __future__ import annotations

from typing import NamedTuple


class LogSample(NamedTuple):
    """A text and its explanation."""

    layer: str
    fault: str
    text: str


_TF = "2024-05-08 10:00:00.123456: "

SAMPLES = (
    # Driver, kernel module, device nodes.
    LogSample(
        "host",
        "gpu/driver-mismatch",
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.161",
    ),
    LogSample(
        "host",
        "gpu/driver-mismatch",
        _TF
        + "E tensorflow/stream_executor/cuda/cuda_diagnostics.cc:313] kernel version 470.57.2 does not match DSO version 470.63.1 -- cannot find working devices in this configuration",
    ),
    LogSample(
        "host",
        "gpu/driver-mismatch",
        "failed call to cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has unsupported display driver / cuda driver combination",
    ),
    LogSample(
        "host",
        "gpu/driver-missing",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
    ),
    LogSample("host", "gpu/driver-missing", "modprobe: ERROR: could not insert 'nvidia': Required key not available"),
    LogSample(
        "host",
        "gpu/driver-missing",
        "modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.8.0-45-generic",
    ),
    LogSample(
        "host",
        "gpu/module-not-loaded",
        "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown.",
    ),
    LogSample("container", "gpu/nodes-denied", "Failed to initialize NVML: Unknown Error"),
    LogSample(
        "host",
        "gpu/none-left",
        "Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost.  Reboot the system to recover this GPU",
    ),
    LogSample(
        "host",
        "gpu/none-left",
        "[ 5213.1] NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
    ),
    LogSample(
        "host",
        "gpu/uvm",
        _TF
        + "E tensorflow/stream_executor/cuda/cuda_driver.cc:351] failed call to cuInit: CUDA_ERROR_UNKNOWN: unknown error",
    ),
    LogSample(
        "container",
        "gpu/nodes-missing",
        _TF
        + "E tensorflow/stream_executor/cuda/cuda_driver.cc:313] failed call to cuInit: UNKNOWN ERROR (-1)\n"
        + _TF
        + "I tensorflow/stream_executor/cuda/cuda_diagnostics.cc:163] no NVIDIA GPU device is present: /dev/nvidia0 does not exist",
    ),
    LogSample(
        "container",
        "gpu/nodes-missing",
        _TF
        + "E tensorflow/stream_executor/cuda/cuda_driver.cc:328] failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
    ),
    LogSample("host", "gpu/driver-too-old", "CUDA driver version is insufficient for CUDA runtime version"),
    LogSample(
        "host", "gpu/fabric-manager", "failed call to cuInit: CUDA_ERROR_SYSTEM_NOT_READY: system not yet initialized"
    ),
    LogSample(
        "image",
        "gpu/compat-library",
        "failed call to cuInit: CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE: forward compatibility was attempted on non supported HW",
    ),
    # Toolkit and CDI.
    LogSample(
        "engine",
        "gpu-refused/hook-missing",
        'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
    ),
    LogSample(
        "engine", "gpu-refused/runtime-missing", "docker: Error response from daemon: Unknown runtime specified nvidia."
    ),
    LogSample(
        "engine", "gpu-refused/runtime-missing", "Error response from daemon: unknown or invalid runtime name: nvidia"
    ),
    LogSample(
        "engine", "gpu-refused/stale-spec", "Error: setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all"
    ),
    LogSample(
        "engine",
        "gpu-refused/stale-spec",
        'Error: setting up CDI devices: failed to inject devices: failed to stat CDI host device "/dev/dri/renderD129": no such file or directory',
    ),
    LogSample(
        "engine",
        "gpu-refused/mode",
        "stderr: Using requested mode 'cdi'\ninvoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported. Please use the NVIDIA Container Runtime (e.g. specify the --runtime=nvidia flag) instead.: unknown",
    ),
    LogSample(
        "engine",
        "gpu-refused/old-toolkit-cgroup",
        "stderr: nvidia-container-cli: container error: cgroup subsystem devices not found: unknown.",
    ),
    LogSample(
        "host",
        "gpu-refused/engine-in-snap",
        "Auto-detected mode as 'legacy'\nnvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown",
    ),
    LogSample(
        "host",
        "gpu-refused/driver-library-missing",
        "nvidia-container-cli: initialization error: cannot open shared object file: no such file or directory: unknown.",
    ),
    LogSample(
        "host", "gpu-refused/driver-slow", "nvidia-container-cli: initialization error: driver rpc error: timed out"
    ),
    LogSample(
        "host",
        "gpu-refused/driver-fails",
        r'error running hook: exit status 1, stdout: , stderr: nvidia-container-cli: initialization error: driver error: failed to process request\\n\"": unknown.',
    ),
    LogSample(
        "host",
        "gpu/driver-too-old",
        "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.2, please update your driver to a newer version, or use an earlier cuda container: unknown.",
    ),
    LogSample(
        "engine",
        "gpu-refused/toolkit-program-missing",
        "OCI runtime create failed: runc create failed: error running hook #0: fork/exec /usr/bin/nvidia-cdi-hook: no such file or directory: unknown",
    ),
    LogSample(
        "image",
        "gpu-refused/driver-in-image",
        "nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/1f/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists: unknown",
    ),
    LogSample(
        "engine",
        "gpu-refused/ldconfig",
        "nvidia-container-cli: ldcache error: process /sbin/ldconfig terminated with signal 9: unknown",
    ),
    # CUDA, cuDNN, PTX, libdevice, memory.
    LogSample(
        "image",
        "gpu/libraries-missing",
        _TF
        + "W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: cannot open shared object file: No such file or directory",
    ),
    LogSample(
        "image",
        "gpu/libraries-missing",
        "W tensorflow/core/common_runtime/gpu/gpu_device.cc:2251] Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed properly",
    ),
    LogSample(
        "image",
        "gpu/libraries-missing",
        "I tensorflow/stream_executor/dso_loader.cc:99] Couldn't open CUDA library libcudnn.so. LD_LIBRARY_PATH: /usr/local/nvidia/lib",
    ),
    LogSample(
        "image",
        "gpu/cudnn-wrong",
        "E tensorflow/stream_executor/cuda/cuda_dnn.cc:389] Loaded runtime CuDNN library: 8.0.5 but source was compiled with: 8.1.0.  CuDNN library needs to have matching major version",
    ),
    LogSample(
        "image",
        "gpu/cudnn-incomplete",
        "Could not load library libcudnn_cnn_infer.so.8. Error: libnvrtc.so: cannot open shared object file: No such file or directory",
    ),
    LogSample(
        "tensorflow",
        "gpu/library-fails",
        "tensorflow.python.framework.errors_impl.UnknownError: Failed to get convolution algorithm. This is probably because cuDNN failed to initialize",
    ),
    LogSample(
        "tensorflow",
        "gpu/library-fails",
        "E tensorflow/stream_executor/cuda/cuda_blas.cc:226] failed to create cublas handle: CUBLAS_STATUS_NOT_INITIALIZED",
    ),
    LogSample(
        "image",
        "gpu/libdevice-missing",
        "W tensorflow/compiler/xla/service/gpu/nvptx_helper.cc:56] Can't find libdevice directory ${CUDA_DIR}/nvvm/libdevice. This may result in compilation or runtime failures",
    ),
    LogSample(
        "image",
        "gpu/ptxas-missing",
        "F external/local_xla/xla/service/gpu/nvptx_compiler.cc:619] ptxas returned an error during compilation of ptx to sass: 'NOT_FOUND: Couldn't get ptxas version'",
    ),
    LogSample(
        "tensorflow",
        "gpu/no-kernel",
        "W tensorflow/compiler/mlir/tools/kernel_gen/tf_gpu_runtime_wrappers.cc:40] 'cuModuleLoadData(&module, data)' failed with 'CUDA_ERROR_INVALID_PTX'",
    ),
    LogSample(
        "tensorflow",
        "gpu/no-kernel",
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    ),
    LogSample(
        "tensorflow",
        "gpu/memory-full",
        "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor with shape[64,512,512,3] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc",
    ),
    LogSample(
        "host",
        "gpu/memory-taken",
        "E tensorflow/stream_executor/cuda/cuda_driver.cc:825] failed to allocate 3.5G (3758096384 bytes) from device: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
    ),
    # Python, numpy, protobuf, keras, processor, C library.
    LogSample(
        "image",
        "tensorflow/import-failed",
        "TypeError: Descriptors cannot not be created directly.\nIf this call came from a _pb2.py file, your generated code is out of date and must be regenerated with protoc >= 3.19.0.",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "google.protobuf.runtime_version.VersionError: Detected mismatched Protobuf Gencode/Runtime major versions when loading tensorflow/core/protobuf/x.proto: gencode 6.31.1 runtime 5.29.5.",
    ),
    LogSample("image", "tensorflow/import-failed", "AttributeError: module 'numpy' has no attribute 'object'."),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.0.0 as it may crash.",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject",
    ),
    LogSample("image", "image/keras", "ModuleNotFoundError: No module named 'keras.api'"),
    LogSample("image", "image/keras", "ImportError: cannot import name 'to_categorical' from 'keras.utils'"),
    LogSample("image", "image/tensorflow-api", "AttributeError: module 'tensorflow' has no attribute 'placeholder'"),
    LogSample(
        "image",
        "image/h5py",
        "    original_keras_version = f.attrs['keras_version'].decode('utf8')\nAttributeError: 'str' object has no attribute 'decode'",
    ),
    LogSample("image", "tensorflow/missing", "ModuleNotFoundError: No module named 'tensorflow'"),
    LogSample(
        "image",
        "image/package-missing",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nModuleNotFoundError: No module named 'sklearn'",
    ),
    LogSample(
        "host",
        "host/no-avx",
        "The TensorFlow library was compiled to use AVX instructions, but these aren't available on your machine.\nAborted (core dumped)",
    ),
    LogSample("host", "host/no-avx", "Illegal instruction (core dumped)"),
    LogSample(
        "image",
        "image/glibc",
        "ImportError: /lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.29' not found (required by /usr/lib/python3/site-packages/x.so)",
    ),
    LogSample("image", "image/glibc", "/lib64/libstdc++.so.6: version `GLIBCXX_3.4.29' not found"),
    LogSample(
        "image", "image/loader", "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"
    ),
    LogSample(
        "image",
        "image/loader",
        "/opt/venv/bin/python: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file or directory",
    ),
    LogSample(
        "image",
        "image/python-broken",
        "Python path configuration:\n  PYTHONHOME = (not set)\nModuleNotFoundError: No module named 'encodings'",
    ),
    LogSample("image", "image/architecture", "exec /usr/bin/tini: exec format error"),
    LogSample("container", "container/out-of-memory", '            "OOMKilled": true,\n            "ExitCode": 137,'),
    LogSample("container", "container/killed", "train.sh: line 4:    23 Killed                  python train.py"),
    LogSample(
        "container", "container/killed", "The command '/bin/sh -c pip install tensorflow' returned a non-zero code: 137"
    ),
    LogSample("container", "container/killed", "container exited with code 137"),
    LogSample(
        "container",
        "container/shm-full",
        "RuntimeError: DataLoader worker (pid 42) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
    ),
    LogSample(
        "host",
        "host/memory",
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 11.2 GiB for an array with shape (60000, 224, 224, 3) and data type float32",
    ),
    # Builds: pip, uv, apt.
    LogSample(
        "image",
        "image/pip-python",
        "ERROR: Could not find a version that satisfies the requirement tensorflow==2.9.0 (from versions: 2.16.0rc0, 2.16.1)\nERROR: No matching distribution found for tensorflow==2.9.0",
    ),
    LogSample("image", "packages-incompatible", "ERROR: ResolutionImpossible: for help visit the documentation"),
    LogSample(
        "image",
        "packages-incompatible",
        "tensorflow 2.9.0 requires protobuf<3.20,>=3.9.2, but you have protobuf 4.25.3 which is incompatible.",
    ),
    LogSample(
        "image",
        "packages-incompatible",
        "  × No solution found when resolving dependencies:\n  ╰─▶ Because numpy==1.0 depends on x",
    ),
    LogSample(
        "image",
        "image/externally-managed",
        "error: externally-managed-environment\n\n× This environment is externally managed",
    ),
    LogSample(
        "image",
        "image/compiler",
        "    fatal error: Python.h: No such file or directory\nerror: command '/usr/bin/gcc' failed with exit code 1",
    ),
    LogSample("network", "image/pip-hash", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."),
    LogSample(
        "network",
        "index-login-required",
        "WARNING: 401 Error, Credentials not correct for http://idx/simple/\nUser for idx: ERROR: Exception:",
    ),
    LogSample(
        "image",
        "image/apt-signature",
        "W: GPG error: https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2004/x86_64  InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY A4B469963BF863CC",
    ),
    LogSample(
        "host",
        "host/clock",
        "E: Release file for http://mirror.example.com/ubuntu/dists/jammy-updates/InRelease is not valid yet (invalid for another 5h 3min 12s)",
    ),
    LogSample(
        "image",
        "image/apt-release-gone",
        "E: The repository 'http://mirror.example.com/debian buster Release' does not have a Release file.",
    ),
    LogSample("image", "apt-package-not-found", "E: Unable to locate package nvidia-container-toolkit"),
    LogSample(
        "host",
        "host/apt-locked",
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (unattended-upgr)",
    ),
    LogSample("network", "image/apt-hash", "E: Failed to fetch http://x/Packages.gz  Hash Sum mismatch"),
    LogSample(
        "image",
        "host/apt",
        "E: Conflicting values set for option Signed-By regarding source https://nvidia.github.io/libnvidia-container/stable/deb/amd64/ /: /usr/share/keyrings/a.gpg != ",
    ),
    # Network, registries, TLS, proxies.
    LogSample(
        "network",
        "registry-rate-limit",
        "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading",
    ),
    LogSample(
        "network",
        "network/certificate",
        'Error response from daemon: Get "https://registry.corp/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
    LogSample(
        "network",
        "network/certificate",
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate in certificate chain (_ssl.c:1007)",
    ),
    LogSample(
        "network",
        "network/proxy",
        'Get "https://registry-1.docker.io/v2/": proxyconnect tcp: dial tcp 10.1.1.1:3128: connect: connection refused',
    ),
    LogSample("network", "network/proxy-login", "OSError: Tunnel connection failed: 407 Proxy Authentication Required"),
    LogSample(
        "network",
        "name-resolution-failed",
        "W: Failed to fetch http://mirror.example.com/debian/dists/bookworm/InRelease  Temporary failure resolving 'mirror.example.com'",
    ),
    LogSample(
        "network",
        "name-resolution-failed",
        "dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: server misbehaving",
    ),
    LogSample(
        "network",
        "name-resolution-failed",
        "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'NewConnectionError(...)': /simple/tensorflow/\nNameResolutionError: Failed to resolve 'idx' ([Errno -2] Name or service not known)\nERROR: No matching distribution found for tensorflow",
    ),
    LogSample(
        "network",
        "registry-access-denied",
        "Error response from daemon: pull access denied for foo/bar, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ),
    LogSample(
        "network",
        "image-not-in-registry",
        "Error response from daemon: manifest for nvidia/cuda:latest not found: manifest unknown: manifest unknown",
    ),
    LogSample(
        "network",
        "registry-unreachable",
        'Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    ),
    LogSample(
        "network",
        "network/registry-http",
        'Get "https://10.0.0.5:5000/v2/": http: server gave HTTP response to HTTPS client',
    ),
    # Engine, cgroups, disk, ports, sockets.
    LogSample(
        "engine",
        "engine-access-denied",
        'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/containers/json": dial unix /var/run/docker.sock: connect: permission denied',
    ),
    LogSample(
        "engine",
        "engine-unavailable",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ),
    LogSample(
        "engine",
        "engine/api-version",
        "Error response from daemon: client version 1.22 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ),
    LogSample(
        "engine",
        "engine/config",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}' looking for beginning of object key string",
    ),
    LogSample(
        "engine",
        "engine/cgroups",
        "docker: Error response from daemon: cgroups: cannot find cgroup mount destination: unknown.",
    ),
    LogSample(
        "engine",
        "engine/cgroups",
        'unable to start container process: unable to apply cgroup configuration: unable to start unit "docker-59dd.scope" (properties [{Name:Description}]): Launch helper exited with unknown return code 1: unknown.',
    ),
    LogSample(
        "engine",
        "address-pools-exhausted",
        "Error response from daemon: all predefined address pools have been fully subnetted",
    ),
    LogSample(
        "engine",
        "engine/iptables",
        "Unable to enable SKIP DNAT rule:  (iptables failed: iptables --wait -t nat -I DOCKER -i br-1 -j RETURN: iptables: No chain/target/match by that name.)",
    ),
    LogSample("host", "disk-full", "failed to register layer: write /usr/lib/x.so: no space left on device"),
    LogSample("host", "disk-full", "OSError: [Errno 28] No space left on device"),
    LogSample(
        "host",
        "port-taken",
        "docker: Error response from daemon: driver failed programming external connectivity on endpoint tf (1f): Bind for 0.0.0.0:8888 failed: port is already allocated.",
    ),
    LogSample(
        "image",
        "engine/program-missing",
        'docker: Error response from daemon: OCI runtime create failed: runc create failed: unable to start container process: exec: "jupyter": executable file not found in $PATH: unknown.',
    ),
    LogSample(
        "engine",
        "mount-source-missing",
        'docker: Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /data',
    ),
    LogSample(
        "engine",
        "container-name-taken",
        'docker: Error response from daemon: Conflict. The container name "/tf" is already in use by container "5f1c". You have to remove (or rename) that container',
    ),
    LogSample(
        "container", "container/file-permission", "PermissionError: [Errno 13] Permission denied: '/data/model.h5'"
    ),
    LogSample("container", "host/read-only", "OSError: [Errno 30] Read-only file system: '/usr/lib/x'"),
    LogSample(
        "engine", "container-start-failed", "docker: Error response from daemon: something that nobody has seen before."
    ),
    # Jupyter and SSH.
    LogSample(
        "container",
        "jupyter/origin",
        "[W 15:44:07.315 ServerApp] Blocking Cross Origin API request for /api/kernels.  Origin: https://x, Host: y:8888",
    ),
    LogSample(
        "container",
        "jupyter/xsrf",
        "[W 2023-06-09 13:50:32.846 ServerApp] 403 POST /api/sessions (@172.17.0.1): '_xsrf' argument missing from POST",
    ),
    LogSample(
        "container", "jupyter-token-rejected", "[W 16:33:12.336 NotebookApp] Couldn't authenticate WebSocket connection"
    ),
    LogSample(
        "container",
        "jupyter-token-rejected",
        "[W 2023-06-09 13:50:32.848 ServerApp] 403 GET /api/kernelspecs?1686318632840 (@192.168.0.10) 2.70ms referer=None",
    ),
    LogSample(
        "container",
        "jupyter/websocket",
        "WebSocket connection to 'ws://n.example.com/api/kernels/251a/channels?session_id=28DC' failed: Error during WebSocket handshake: Unexpected response code: 400",
    ),
    LogSample(
        "container",
        "jupyter/root",
        "[C 20:30:01 NotebookApp] Running as root is not recommended. Use --allow-root to bypass.",
    ),
    LogSample(
        "container",
        "jupyter/kernel-died",
        "[I 10:11:12 ServerApp] AsyncIOLoopKernelRestarter: restarting kernel (1/5), keep random ports",
    ),
    LogSample(
        "container", "jupyter/kernel-missing", "jupyter_client.kernelspec.NoSuchKernel: No such kernel named python3"
    ),
    LogSample(
        "host",
        "ssh/host-key-changed",
        "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
    ),
    LogSample("host", "ssh/key-permissions", "Permissions 0644 for '/home/a/.ssh/id_ed25519' are too open."),
    LogSample("host", "ssh-login-denied", "dev@127.0.0.1: Permission denied (publickey)."),
    LogSample("network", "ssh-host-unreachable", "ssh: connect to host 127.0.0.1 port 2222: Connection refused"),
    # Further messages from public reports.
    LogSample("image", "image/keras", "module 'tensorflow.keras' has no attribute 'load_model'"),
    LogSample(
        "image", "image/keras", "AttributeError: module 'tensorflow.compat.v2.__internal__' has no attribute 'tf2'"
    ),
    LogSample(
        "host",
        "port-taken",
        "Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint WinBoat (d5b): failed to bind host port for 0.0.0.0:7148:172.18.0.2:7148/tcp: address already in use",
    ),
    LogSample(
        "engine",
        "engine/iptables",
        "docker: Error response from daemon: driver failed programming external connectivity on endpoint X: Error starting userland proxy",
    ),
    LogSample(
        "image",
        "engine/program-missing",
        "failed to start userland proxy for port mapping 127.0.0.1:45353:172.18.0.2:6443/tcp: fork/exec /opt/docker-proxy: no such file or directory",
    ),
    LogSample(
        "engine",
        "engine/iptables",
        "Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint p: Unable to enable DNAT rule:  (iptables failed: iptables --wait -t nat -A DOCKER: iptables: No chain/target/match by that name.",
    ),
    LogSample(
        "engine",
        "engine/bridge",
        "failed to create endpoint navi on network n: failed to add the host (veth8cb0f54) <=> sandbox (veth74336dc) pair interfaces: operation not supported",
    ),
    LogSample(
        "engine",
        "engine/iptables",
        "failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register \"bridge\" driver: failed to create NAT chain DOCKER: COMMAND_FAILED: INVALID_IPV: 'ipv4' is not a valid backend or is unavailable",
    ),
    LogSample("image", "image/model-format", "AttributeError: '_thread._local' object has no attribute 'value'"),
    LogSample(
        "image", "image/python-missing", "/install/install_pip_packages.sh: line 21: python3.6: command not found"
    ),
    LogSample(
        "engine",
        "engine/cgroups",
        "OCI runtime create failed: runc create failed: cgroup namespaces aren't enabled in the kernel: unknown.",
    ),
    LogSample(
        "engine",
        "engine/cgroups",
        'Error response from daemon: OCI runtime create failed: namespace {"cgroup" ""} does not exist: unknown.',
    ),
    LogSample(
        "engine",
        "engine/cgroups",
        'applying cgroup configuration for process caused \\"mountpoint for cgroup not found\\"": unknown.',
    ),
    LogSample("container", "jupyter/origin", "tornado.web.HTTPError: HTTP 404: Not Found (Websocket origin mismatch)"),
    LogSample("container", "jupyter-token-rejected", "[W 20:30:01 NotebookApp] Invalid credentials"),
    LogSample(
        "image",
        "gpu/libraries-missing",
        "W tensorflow/stream_executor/cuda/cuda_dnn.cc:204] could not find cudnnCreate in cudnn DSO; dlerror: _pywrap_tensorflow.so: undefined symbol: cudnnCreate",
    ),
    LogSample(
        "tensorflow",
        "gpu/op-failed",
        "E tensorflow/stream_executor/cuda/cuda_event.cc:29] Error polling for event status: failed to query event: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure",
    ),
    LogSample(
        "tensorflow",
        "gpu/library-fails",
        "tensorflow.python.framework.errors_impl.InternalError: Blas GEMM launch failed : a.shape=(100, 784), b.shape=(784, 256)",
    ),
    LogSample(
        "host",
        "gpu/driver-too-old",
        "InternalError: cudaGetDevice() failed. Status: CUDA driver version is insufficient for CUDA runtime version",
    ),
    LogSample(
        "host",
        "gpu/memory-taken",
        "2020-01-01: F tensorflow/stream_executor/cuda/cuda_driver.cc:175] Check failed: err == cudaSuccess || err == cudaErrorInvalidValue Unexpected CUDA error: out of memory",
    ),
    LogSample(
        "image",
        "image/loader",
        "tensorflow.python.framework.errors_impl.NotFoundError: /usr/lib/_lib_ops.so: undefined symbol: _ZN10tensorflow",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "TypeError: __init__() got an unexpected keyword argument 'serialized_options'",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "AttributeError: module 'google.protobuf.descriptor' has no attribute '_internal_create_key'",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "ImportError: cannot import name 'builder' from 'google.protobuf.internal' (/usr/lib/python3/dist-packages/google/protobuf/internal/__init__.py)",
    ),
    LogSample(
        "image", "tensorflow/import-failed", "AttributeError: 'MessageFactory' object has no attribute 'GetPrototype'"
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "TypeError: Unable to convert function return value to a Python type! The signature was () -> handle",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "AttributeError: np.float_ was removed in the NumPy 2.0 release. Use np.float64 instead.",
    ),
    LogSample(
        "image",
        "tensorflow/import-failed",
        "RuntimeError: module compiled against API version 0xe but this version of numpy is 0xd",
    ),
    LogSample("image", "tensorflow/import-failed", "ImportError: numpy.core.multiarray failed to import"),
    LogSample("image", "tensorflow/import-failed", "AttributeError: _ARRAY_API not found"),
    LogSample(
        "image", "image/model-format", "ValueError: Unrecognized keyword arguments passed to Dense: {'weights': 1}"
    ),
    LogSample(
        "image",
        "image/model-format",
        "TypeError: Error when deserializing class 'InputLayer' using config={'batch_shape': [None, 1]}: Unrecognized keyword arguments: ['batch_shape']",
    ),
    LogSample("image", "image/model-format", "ValueError: Unknown layer: TFOpLambda"),
    LogSample(
        "container",
        "image/model-damaged",
        "OSError: Unable to open file (truncated file: eof = 1234, sblock->base_addr = 0, stored_eof = 9)",
    ),
    LogSample(
        "tensorflow",
        "gpu/not-listed",
        "tensorflow.python.framework.errors_impl.InvalidArgumentError: Cannot assign a device for operation MatMul: Could not satisfy explicit device specification '/device:GPU:0' because no supported kernel for GPU devices is available.",
    ),
    LogSample(
        "host",
        "disk-full",
        "tensorflow.python.framework.errors_impl.ResourceExhaustedError: /tmp/x.index; No space left on device",
    ),
    LogSample(
        "container",
        "container/file-permission",
        "tensorflow.python.framework.errors_impl.PermissionDeniedError: /data/logs; Permission denied",
    ),
    LogSample(
        "network",
        "name-resolution-failed",
        "Traceback: urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
    ),
    LogSample(
        "network",
        "name-resolution-failed",
        "Exception: URL fetch failure on https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz: None -- [Errno -2] Name or service not known",
    ),
    LogSample("host", "host/no-avx", "zsh: illegal hardware instruction  python"),
    LogSample("tensorflow", "tensorflow/crashed", "[1]    1234 segmentation fault (core dumped)  python train.py"),
    LogSample(
        "image",
        "image/loader",
        "libtensorflow_framework.so.2: cannot open shared object file: No such file or directory",
    ),
    LogSample("host", "host/memory", "terminate called after throwing an instance of 'std::bad_alloc'"),
    LogSample("network", "server-unreachable", "Error: Cannot find a valid baseurl for repo: base/7/x86_64"),
    LogSample(
        "network", "network/certificate", "curl: (60) SSL certificate problem: unable to get local issuer certificate"
    ),
    LogSample("network", "network/proxy-login", "curl: (56) Received HTTP code 407 from proxy after CONNECT"),
    LogSample("network", "name-resolution-failed", "curl: (6) Could not resolve host: nvidia.github.io"),
    LogSample(
        "network",
        "network/proxy",
        "fatal: unable to access 'https://github.com/x/': Could not resolve proxy: proxy.corp",
    ),
    LogSample(
        "network", "index-login-required", "E: Failed to fetch https://x/Packages  403  Forbidden [IP: 1.2.3.4 443]"
    ),
    LogSample("image", "host/apt", "E: The method driver /usr/lib/apt/methods/https could not be found."),
    LogSample("image", "apt-package-not-found", "N: Unable to locate package foo"),
    LogSample(
        "host",
        "host/dpkg-interrupted",
        "The following packages have unmet dependencies: nvidia-driver-535 : Depends: nvidia-dkms-535 but it is not going to be installed",
    ),
    LogSample("image", "host/apt", "E: Unsupported file ./x.deb given on commandline"),
    LogSample(
        "network",
        "network/certificate",
        "Err:5 https://nvidia.github.io/libnvidia-container/stable/deb/amd64  InRelease   Certificate verification failed: The certificate is NOT trusted.",
    ),
    LogSample(
        "container",
        "image/pip-permission",
        "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/usr/local/lib/python3.8'",
    ),
    LogSample(
        "host", "disk-full", "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    ),
    LogSample("image", "image/compiler", "error: Microsoft Visual C++ 14.0 or greater is required."),
    LogSample(
        "image",
        "image/pip-python",
        "ERROR: tensorflow-2.9.0-cp39-cp39-manylinux.whl is not a supported wheel on this platform.",
    ),
    LogSample("image", "image/pip-python", "ERROR: Package 'x' requires a different Python: 3.6.9 not in '>=3.7'"),
    LogSample(
        "image",
        "image/python-broken",
        "WARNING: pip is configured with locations that require TLS/SSL, however the ssl module in Python is not available.",
    ),
    LogSample(
        "network",
        "server-unreachable",
        "ReadTimeoutError: HTTPSConnectionPool(host='index.example.com', port=443): Read timed out.",
    ),
    LogSample(
        "network",
        "network/certificate",
        "error: Failed to fetch: `https://idx/simple/numpy/`  Caused by: invalid peer certificate: UnknownIssuer",
    ),
    LogSample("image", "packages-incompatible", "  × No solution found when resolving dependencies:"),
    LogSample(
        "image",
        "image/python-missing",
        "error: No interpreter found for Python 3.8 in virtual environments, managed installations, or search path",
    ),
    LogSample("network", "registry-access-denied", "denied: installation not allowed to Create organization package"),
    LogSample(
        "network",
        "name-resolution-failed",
        'ERROR: failed to solve: python:3.9: failed to resolve source metadata for docker.io/library/python:3.9: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    ),
    LogSample(
        "network",
        "image-not-in-registry",
        "ERROR: failed to solve: tensorflow/tensorflow:9.9: failed to resolve source metadata for docker.io/tensorflow/tensorflow:9.9: docker.io/tensorflow/tensorflow:9.9: not found",
    ),
    LogSample(
        "network",
        "registry-access-denied",
        'error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH, out: ``',
    ),
    LogSample(
        "network", "registry-access-denied", 'Error response from daemon: Get "https://ghcr.io/v2/": denied: denied'
    ),
    LogSample("network", "registry-access-denied", "unauthorized: authentication required"),
    LogSample(
        "network", "registry-access-denied", "Error saving credentials: error storing credentials - err: exit status 1"
    ),
    LogSample("network", "server-unreachable", "received unexpected HTTP status: 503 Service Unavailable"),
    LogSample("host", "disk-full", "docker: no space left on device."),
    LogSample(
        "host",
        "host/disk-read-only",
        "Error response from daemon: mkdir /var/lib/docker/overlay2/1: read-only file system",
    ),
    LogSample(
        "host",
        "host/disk-read-only",
        "Error response from daemon: error while creating mount source path '/data': mkdir /data: read-only file system",
    ),
    LogSample(
        "engine",
        "mount-source-missing",
        'Error response from daemon: failed to create shim: OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: rootfs_linux.go:75: mounting "/x" to rootfs at "/y" caused: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?',
    ),
    LogSample(
        "engine",
        "engine/runtime-missing",
        "Error response from daemon: OCI runtime create failed: unable to retrieve OCI runtime error (open /run/containerd/x/log.json: no such file or directory): runc did not terminate successfully: exit status 127: unknown",
    ),
    LogSample("engine", "engine/limits", "Error response from daemon: minimum memory limit allowed is 6MB"),
    LogSample(
        "engine",
        "engine/limits",
        "Error response from daemon: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
    ),
    LogSample("image", "image/architecture", "standard_init_linux.go:228: exec user process caused: exec format error"),
    LogSample(
        "image",
        "engine/program-missing",
        'standard_init_linux.go:211: exec user process caused "no such file or directory"',
    ),
    LogSample("image", "engine/program-missing", "/usr/bin/env: 'bash\\r': No such file or directory"),
    LogSample(
        "engine",
        "engine-unavailable",
        "Job for docker.service failed because the control process exited with error code.",
    ),
    LogSample(
        "engine", "engine/storage", "failed to start daemon: error initializing graphdriver: driver not supported"
    ),
    LogSample("host", "engine/terminal", "the input device is not a TTY"),
    LogSample("container", "environment-not-running", "Error response from daemon: No such container: tf"),
    LogSample(
        "engine", "mount-source-missing", "docker: Error response from daemon: Duplicate mount point: /workspace."
    ),
    LogSample(
        "engine",
        "mount-source-missing",
        'docker: Error response from daemon: create my vol: "my vol" includes invalid characters for a local volume name',
    ),
    LogSample("host", "gpu/wsl", "open /dev/dxg: no such file or directory"),
    LogSample("image", "jupyter/version", "jupyter notebook: error: Jupyter command `jupyter-notebook` not found."),
    LogSample(
        "host",
        "port-taken",
        "[C 08:00:00 ServerApp] ERROR: the jupyter server could not be started because port 8888 is not available.",
    ),
    LogSample("host", "port-address", "OSError: [Errno 99] Cannot assign requested address"),
    LogSample(
        "container",
        "jupyter/runtime-folder",
        "[E 2024 ServerApp] Uncaught exception GET /api/contents (127.0.0.1) PermissionError: [Errno 13] Permission denied: '/home/jovyan/work/.ipynb_checkpoints'",
    ),
    LogSample("container", "jupyter/runtime-folder", "sqlite3.OperationalError: attempt to write a readonly database"),
    LogSample("host", "host/io-error", "sqlite3.OperationalError: disk I/O error"),
    LogSample("host", "port-taken", "zmq.error.ZMQError: Address already in use"),
    LogSample("image", "jupyter/version", "ModuleNotFoundError: No module named 'jupyter_server.contents'"),
    LogSample(
        "container", "jupyter/notebook-damaged", "nbformat.reader.NotJSONError: Notebook does not appear to be JSON"
    ),
    LogSample("host", "ssh/key-format", 'Load key "/home/a/.ssh/id_rsa": invalid format'),
    LogSample("network", "ssh-host-unreachable", "kex_exchange_identification: Connection closed by remote host"),
    LogSample("network", "ssh-host-unreachable", "ssh: Could not resolve hostname gpu1: Name or service not known"),
    LogSample("host", "ssh/key-permissions", "Bad owner or permissions on /home/a/.ssh/config"),
    LogSample(
        "host", "ssh-login-denied", "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures"
    ),
    LogSample("host", "ssh/forwarding", "channel 3: open failed: connect failed: Connection refused"),
    LogSample(
        "host",
        "ssh/algorithms",
        "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa",
    ),
    LogSample("tensorflow", "gpu/not-listed", "bash: nvidia-smi: command not found"),
    LogSample(
        "container",
        "gpu/nvml-missing",
        "nvidia-smi: error while loading shared libraries: libnvidia-ml.so.1: cannot open shared object file",
    ),
    LogSample(
        "container",
        "gpu/nvml-missing",
        "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is properly installed",
    ),
    LogSample(
        "host",
        "gpu/driver-mismatch",
        "NVRM: API mismatch: the client has the version 535.1, but this kernel module has the version 530.2",
    ),
    LogSample("host", "gpu/hardware-error", "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x26:0x56:1474)"),
    LogSample("tensorflow", "tensorflow/crashed", "systemd-coredump: Process 12 (python) of user 1000 dumped core."),
    LogSample(
        "container", "container/out-of-memory", "Out of memory: Killed process 4242 (python3) total-vm:40000000kB"
    ),
    LogSample(
        "engine",
        "engine/security",
        "docker: Error response from daemon: AppArmor enabled on system but the docker-default profile could not be loaded",
    ),
    LogSample(
        "network", "registry-unreachable", "Error: Unable to connect to the server: net/http: TLS handshake timeout"
    ),
    LogSample("host", "host/file-limit", "OSError: [Errno 24] Too many open files"),
    LogSample("host", "host/memory", "OSError: [Errno 12] Cannot allocate memory"),
    LogSample("host", "host/process-limit", "RuntimeError: can't start new thread"),
    LogSample("host", "host/process-limit", "BlockingIOError: [Errno 11] Resource temporarily unavailable"),
    LogSample("container", "container/file-permission", "Error: EACCES: permission denied, mkdir '/root/.npm'"),
    LogSample("container", "jupyter/data-rate", "IOPub data rate exceeded."),
    LogSample("container", "container/shm-full", "NCCL WARN Call to posix_fallocate failed : No space left on device"),
)
