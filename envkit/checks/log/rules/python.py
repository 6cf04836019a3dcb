"""Rules for Python, its packages, and the processor and C library that their binaries need."""

from __future__ import annotations

from envkit.checks.error_patterns import IMPORT_ERRORS
from envkit.checks.log.rule import LogRule, Rank, rule

_IMPORT = "tensorflow/import-failed"

PROCESS = (
    rule(
        "container/out-of-memory",
        "container",
        r"\"?OOMKilled\"?: ?true|Memory cgroup out of memory|oom-kill:constraint=CONSTRAINT_MEMCG|invoked oom-killer"
        r"|[Oo]ut of [Mm]emory: [Kk]ill(?:ed)? process|OOMKilled",
        "the container or the host ran out of memory, and the kernel killed a process",
        "raise the container's memory limit (docker run --memory; limits.memory in envkit.yaml), or load less data at "
        "once; free -m on the host shows what is left",
    ),
    rule(
        "container/killed",
        "container",
        r"exit(?:ed)?(?: with)?(?: status| code|ed|:| \()* ?\(?137\b|returned a non-zero code: 137|exit code: 137"
        r"|returned non-zero exit status 137|died with <Signals\.SIGKILL|killed by SIGKILL|signal: killed|^Killed$"
        r"|: line [0-9]+: +[0-9]+ Killed\b|\) Killed\b|KernelRestarter: restarting kernel \(1/5\), keep"
        r"|A process in the process pool was terminated abruptly",
        "a process was killed from outside (SIGKILL, 137): most often by the kernel because memory ran out, "
        "otherwise by "
        "docker kill or stop",
        "docker inspect -f '{{.State.OOMKilled}}' CONTAINER and sudo dmesg | grep -i oom show whether it was memory; "
        "then "
        "raise the limit or use smaller batches",
    ),
    rule(
        "host/memory",
        "host",
        r"MemoryError\b|[Cc]annot allocate memory|std::bad_alloc|Unable to allocate [0-9.]+ [KMGT]iB for an array"
        r"|std::length_error|virtual memory exhausted|cannot fork: Cannot allocate|failed to alloc [0-9]+ bytes on "
        r"host",
        "there is not enough main memory for this allocation",
        "free -m shows what is left; close other programs, raise the container's memory limit, or load less data at "
        "once",
    ),
    rule(
        "host/no-avx",
        "host",
        r"was compiled to use \w*(?:AVX|SSE4)\S*.{0,40}(?:aren't|are not|isn't) available"
        r"|[Ii]llegal (?:hardware )?instruction|SIGILL|exit(?:ed)?(?: with)?(?: code| status)? ?\(?132\b|invalid opcode"
        r"|code=killed.{0,20}ILL\b",
        "this processor, or the virtual machine's model of it, has no AVX, which the wheels of TensorFlow use; if "
        "/proc/cpuinfo lists avx, another package was built for a newer processor",
        "grep -c avx /proc/cpuinfo prints 0 if it has none: use another machine, pass the processor through (CPU type "
        "host in QEMU or Proxmox), or TensorFlow 1.5 or a build for this processor",
    ),
    rule(
        "tensorflow/crashed",
        "tensorflow",
        r"[Ss]egmentation fault|dumped core|SIGSEGV|exit(?:ed)?(?: with)?(?: code| status)? ?\(?139\b|Aborted \(core "
        r"dumped\)|SIGABRT"
        r"|\*\*\* stack smashing detected|double free or corruption|free\(\): invalid pointer|munmap_chunk\(\)",
        "a native library crashed: most often two packages whose binaries do not belong together",
        "python -X faulthandler PROGRAM shows the import that crashes; install TensorFlow alone in a new "
        "environment, then "
        "add packages one by one",
        Rank.NOTICE,
    ),
    rule(
        "host/kernel-too-old",
        "host",
        r"FATAL: kernel too old|Function not implemented.{0,40}futex",
        "the host's kernel is too old for the image's C library",
        "update the host's system, or use an image of an older distribution",
    ),
    rule(
        "image/glibc",
        "image",
        r"version [`'](?:GLIBC|GLIBCXX|CXXABI)_[0-9.]+'? not found|is not a supported wheel.{0,60}manylinux"
        r"|GLIBC(?:XX)?_[0-9.]+['`]? not found|symbol __\w+, version GLIBC_[0-9.]+ not defined",
        "a binary was built for a newer C or C++ library than the image has",
        "use an image of a newer distribution; or install a wheel for this one: ldd --version shows its glibc; for "
        "GLIBCXX remove conda's or an old libstdc++ from LD_LIBRARY_PATH",
    ),
    rule(
        "image/architecture",
        "image",
        r"exec format error|Exec format error|cannot execute binary file|wrong ELF class|rosetta error"
        r"|qemu-x86_64: |does not match the detected host platform|does not match the specified platform"
        r"|no matching manifest for \S+ in the manifest list|incompatible architecture \(have",
        "the image or binary is for another processor architecture, or a script has no #! line",
        "docker build or docker pull with --platform linux/amd64 (the machine's: uname -m); check the first line of a "
        "script",
    ),
    rule(
        "image/loader",
        "image",
        r"error while loading shared libraries: \S+|(?:ImportError|OSError): lib\w[\w+.-]*\.so[\w.]*: cannot open "
        r"shared "
        r"object file|lib\w[\w+.-]*\.so[\w.]*: cannot open shared object file: No such file|Error loading shared "
        r"library",
        "a shared library is not in the image, or not on the loader's path",
        "apt-get install the package of the named library (apt-file search NAME; libGL.so.1: libgl1, libgthread: "
        "libglib2.0-0), then run ldconfig",
    ),
    rule(
        "image/loader",
        "image",
        r"undefined symbol: \w+|symbol lookup error",
        "two binaries do not belong together: a package was built against another version of a library",
        "reinstall the named package and TensorFlow together in a new environment; unset LD_LIBRARY_PATH",
    ),
    rule(
        "container/temporary",
        "container",
        r"No usable temporary directory found",
        "the container's /tmp is full, read-only or missing",
        "df -h /tmp shows which; mount one: docker run --tmpfs /tmp; with envkit: envkit down && envkit up",
    ),
)

IMPORT = (
    rule(
        _IMPORT,
        "image",
        r"Descriptors cannot (?:not )?be created directly|Couldn't build proto file into descriptor pool"
        r"|'_?message\.Message'|cannot import name '_?(?:builder|message|descriptor)\w*' from 'google\.protobuf"
        r"|No module named 'google\.protobuf|MessageFactory' object has no attribute 'GetPrototype'"
        r"|unexpected keyword argument 'serialized_options'|has no attribute '_internal_create_key'"
        r"|If this call came from a _pb2\.py file, your generated code is out of date",
        "protobuf does not fit this TensorFlow release: it is too new (2.7 to 2.11 need less than 3.20) or missing",
        'pip install "protobuf>=3.19.6,<3.20" for TensorFlow 2.7 to 2.11; for other releases reinstall TensorFlow, '
        "which brings its own",
    ),
    rule(
        _IMPORT,
        "image",
        r"Detected (?:mismatched|incompatible) Protobuf Gencode/Runtime|cannot import name 'runtime_version' from "
        r"'google\.protobuf'|google\.protobuf\.runtime_version\.VersionError",
        "protobuf is older than the code that TensorFlow, or another package, was generated with",
        'pip install --upgrade "protobuf>=6.31.1,<8" for TensorFlow 2.21; for other releases the newest one that '
        "pip check accepts",
    ),
    rule(
        _IMPORT,
        "image",
        r"_ARRAY_API not found|np\.\w+` was removed in the NumPy 2|np\.\w+ was removed in the NumPy 2"
        r"|Unable to convert function return value to a Python type! The signature was|compiled using NumPy 1\.x "
        r"cannot be run in|numpy\.dtype size changed"
        r"|numpy\.core\.multiarray failed to import|numpy\.ndarray size changed|`np\.(?:object|bool|int|float|str"
        r"|complex|"
        r"typeDict|product|cumproduct|string_|unicode_|float_|Inf|NaN)` (?:is|was) (?:a deprecated|removed)"
        r"|module 'numpy' has no attribute '\w+'|module compiled against (?:API|ABI) version \S+ but this version of "
        r"numpy"
        r"|No module named 'numpy\.(?:core|_core)|numpy\.core\._multiarray_umath|np\.(?:bool|object)` was a deprecated",
        "numpy is too new for TensorFlow or another package, which was built for numpy 1",
        'pip install "numpy<2" (TensorFlow 2.18 and newer accept numpy 2; before 2.12 use "numpy<1.24"), then restart '
        "the kernel",
    ),
    rule(
        "image/keras",
        "image",
        r"No module named '?keras'?$|Keras cannot be imported|module 'tensorflow' has no attribute 'keras'",
        "keras is missing: TensorFlow is installed without it",
        "install the keras of TensorFlow's release: pip install keras==2.9.0 for 2.9.0, keras>=3 from 2.16 on; or "
        "reinstall TensorFlow with its requirements",
    ),
    rule(
        "image/keras",
        "image",
        r"No module named '?keras|keras\.\w+' has no attribute|cannot import name '\w+' from "
        r"'(?:tensorflow\.)?(?:python\.)?"
        r"keras|module 'keras\.\w*|No module named 'tensorflow\.(?:python\.)?keras|Keras requires TensorFlow 2\.\d "
        r"or higher"
        r"|Your currently installed version of Keras is Keras 3|KerasTensor cannot be used as input to a TensorFlow "
        r"function"
        r"|module 'tensorflow\.(?:compat|keras|python)\S* has no attribute|cannot import name '\w+' from 'keras"
        r"|No module named 'tf_keras'|partially initialized module 'keras",
        "keras is missing, or of another generation than this TensorFlow or the code: Keras 3 comes with 2.16 and "
        "newer",
        "install the keras of the same release (pip install keras==2.9.0 for TensorFlow 2.9.0); from 2.16 on, pip "
        "install "
        "tf_keras and set TF_USE_LEGACY_KERAS=1 for Keras 2 code",
    ),
    rule(
        "image/tensorflow-api",
        "image",
        r"module 'tensorflow' has no attribute '\w+'|No module named 'tensorflow\."
        r"|cannot import name '\w+' from 'tensorflow|partially initialized module 'tensorflow'",
        "the code uses an interface that this TensorFlow release does not have, its installation is "
        "incomplete, or a file tensorflow.py hides the package",
        "python -c 'import tensorflow; print(tensorflow.__version__, tensorflow.__file__)' shows both; envkit migrate "
        "rewrites standalone Keras code; tf.compat.v1 has most of TensorFlow 1",
    ),
    rule(
        "image/model-format",
        "image",
        r"Unrecognized keyword arguments(?: passed to|: \[)|Error when deserializing class|Keras 3 only supports V3"
        r"|File format not supported: filepath=|Unknown (?:layer|metric|loss|activation function|optimizer): '?\w+"
        r"|'_thread\._local' object has no attribute 'value'|Could not (?:deserialize|locate) class '\w+'"
        r"|Unable to restore a (?:layer|custom object)|bad marshal data \(unknown type code\)",
        "the model or the code is of another Keras generation than the installed one: Keras 3 comes with TensorFlow "
        "2.16",
        "load it with the release that saved it and save it again; from 2.16 on, pip install tf_keras and set "
        "TF_USE_LEGACY_KERAS=1; a custom layer must be passed in custom_objects",
    ),
    rule(
        "image/model-damaged",
        "container",
        r"Unable to (?:synchronously )?open file \((?:truncated file|file signature not found|bad object header)"
        r"|DataLossError|corrupted record at|not an sstable \(bad magic number\)|Checksum does not match",
        "a file of a model or data set is damaged or incomplete: a download or a copy broke off",
        "compare its size and checksum with the original, delete it (~/.keras for downloads of Keras) and fetch it "
        "again",
    ),
    rule(
        "image/h5py",
        "image",
        r"h5py.{0,120}(?:version|mismatch|incompatible)|Warning! \*\*\*HDF5 library version mismatched"
        r"|'str' object has no attribute 'decode'|save_model requires h5py|Unable to import h5py|No module named "
        r"'h5py'",
        "h5py is missing, or of another version than TensorFlow and numpy need",
        "pip install the h5py that TensorFlow requires: pip check names it (for TensorFlow before 2.4: h5py<3)",
    ),
    rule(
        "tensorflow/missing",
        "image",
        r"No module named '?tensorflow'?(?![.\w])",
        "this Python has no TensorFlow: it was not installed, or another Python comes first on PATH, or is the "
        "kernel's",
        "which python and pip --version show which one is used: python -m pip install tensorflow; in Jupyter: %pip "
        "install "
        "tensorflow",
    ),
    rule(
        "image/files-unreadable",
        "image",
        r"cannot import name '\w+' from '[\w.]+' \(unknown location\)",
        "the files of this package are missing, or this user may not read them",
        "in the image: chmod -R a+rX on the site-packages folder; if files are missing: pip install "
        "--force-reinstall PACKAGE",
    ),
    rule(
        "image/typing-extensions",
        "image",
        r"cannot import name '\w+' from 'typing_extensions'|cannot import name '\w+' from '(?:wrapt|flatbuffers|absl"
        r"|six|"
        r"packaging|jinja2|markupsafe|importlib_metadata|attr|traitlets|ml_dtypes|charset_normalizer)\b"
        r"|module 'ml_dtypes' has no attribute|cannot import name 'escape' from 'jinja2'|cannot import name "
        r"'soft_unicode'",
        "a package is of another version than the one that imports it needs",
        "pip check names the conflict; reinstall both together, such as pip install --upgrade PACKAGE DEPENDENT",
    ),
    rule(
        _IMPORT,
        "image",
        r"DLL load failed while importing _pywrap_tensorflow|Failed to load the native TensorFlow runtime",
        "TensorFlow's native library cannot be loaded: a library that it needs is missing, or the processor has no AVX",
        "the lines above name the library; install Microsoft's Visual C++ runtime on Windows; grep -c avx "
        "/proc/cpuinfo",
        Rank.NOTICE,
    ),
    *(
        LogRule(_IMPORT, "image", pattern.regex, pattern.cause, pattern.hint)
        for pattern in IMPORT_ERRORS
        if "temporary directory" not in pattern.regex.pattern
    ),
    rule(
        "image/python-broken",
        "image",
        r"No module named '?encodings'?|init_fs_encoding: failed to get the Python codec|Could not find platform "
        r"(?:in)?"
        r"dependent libraries <(?:exec_)?prefix>|Fatal Python error: (?:init|Py_Initialize)|No module named '_ctypes'"
        r"|the ssl module in Python is not available|No module named '_(?:ssl|sqlite3|bz2|lzma|hashlib)'|bad "
        r"interpreter: No such file",
        "this Python installation is incomplete: its standard library is missing, or PYTHONHOME names another one",
        "unset PYTHONHOME PYTHONPATH; reinstall Python in the image with its libraries (libffi, libssl, libsqlite3, "
        "liblzma)",
    ),
    rule(
        "image/python-missing",
        "image",
        r"exec: \"python[0-9.]*\": executable file not found|python[0-9.]*: (?:command )?not found"
        r"|No interpreter found for Python|env: [\u2018'`]?python[0-9.]*[\u2019']?: No such file",
        "the image has no program of that name: python is not installed or not on PATH",
        "install Python in the image (apt-get install python3), or call python3",
    ),
    rule(
        "image/syntax",
        "image",
        r"SyntaxError: (?:invalid syntax|future feature annotations|Missing parentheses in call to 'print')"
        r"|TypeError: unsupported operand type\(s\) for \|: |'type' object is not subscriptable",
        "the code is written for another version of Python than runs it",
        "python --version shows it; use an image with the Python that the package requires",
        Rank.NOTICE,
    ),
    rule(
        "image/package-missing",
        "image",
        r"(?:ModuleNotFoundError|ImportError): No module named '?[\w.]+'?",
        "a Python package that the code imports is not installed in this environment",
        "python -m pip install PACKAGE with the same Python; in a notebook: %pip install PACKAGE; with envkit add it "
        "under "
        "python: in envkit.yaml",
    ),
)

PYTHON_RULES = (*PROCESS, *IMPORT)
