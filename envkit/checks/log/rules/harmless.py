"""Lines that look like errors and are none. No other rule is applied to them."""

from __future__ import annotations

from envkit.checks.log.rule import rule

HARMLESS = tuple(
    rule("harmless", "tensorflow", pattern, reason, "")
    for pattern, reason in (
        (
            (
                r"NUMA node read from SysFS had negative value|NUMA support|could not open file to read NUMA node"
                r"|Could not identify NUMA node"
            ),
            "a virtual machine or WSL has no NUMA nodes",
        ),
        (
            (
                r"Unable to register cu\w+ factory|factory for plugin cu\w+ when one has already been registered"
                r"|computation placer already registered"
            ),
            "the GPU libraries are registered twice",
        ),
        (
            r"TF-TRT Warning|Cannot dlopen some TensorRT libraries|libnvinfer\w*\.so|TensorRT was not linked",
            "TensorRT is optional",
        ),
        (r"pinned host memory|[Pp]inned memory", "memory is allocated in another way"),
        (
            (
                r"cpu_feature_guard|This TensorFlow binary is optimized|binary was not compiled to use: |oneDNN custom "
                r"operations"
                r"|TF_ENABLE_ONEDNN_OPTS"
            ),
            "TensorFlow names the processor's instructions",
        ),
        (
            r"Overriding (?:orig_value|allow_growth)|TF_FORCE_GPU_ALLOW_GROWTH environment variable is set",
            "a setting is shown",
        ),
        (
            (
                r"exceeds [0-9]+% of (?:free )?system memory|MLIR V1 optimization pass|disabling MLIR crash reproducer"
                r"|None of the MLIR|Ignore above cudart dlerror if you do not have"
            ),
            "TensorFlow shows what it does",
        ),
        (
            (
                r"All log messages before absl::InitializeLog|OUT_OF_RANGE: End of sequence|Local rendezvous (?:recv "
                r"item )?is "
                r"(?:aborting|cancelled)|CANCELLED: (?:Op|RecvAsync)|Skipping the delay kernel|slow_operation_alarm"
                r"|Trying algorithm eng|omitting \S+ from visible|TensorFloat-32 will be used"
            ),
            "TensorFlow shows what it does",
        ),
        (r"ptxas warning|Registers are spilled|failed to load PTX compilation", "a kernel was compiled"),
        (
            (
                r"Allocator \(GPU_[0-9]+_bfc\) ran out of memory trying to allocate .{0,120}The caller indicates that "
                r"this is not a "
                r"failure|rename of \S+ to|The caller indicates that this is not a failure"
            ),
            "an allocation was tried in another size",
        ),
        (
            (
                r"Running pip as the '?root'? user|new release of pip|notice\] |debconf: |apt does not have a stable "
                r"CLI interface"
                r"|invoke-rc\.d|policy-rc\.d|WARNING: You are using pip version|Retrying \(Retry\(total=[1-9]"
            ),
            "a program of the build gives a note",
        ),
        (
            (
                r"No web browser found|GET /(?:favicon|static|custom|nbextensions|files/favicon)|404 GET /\S*(?:\.map"
                r"|metrics|hub/api|"
                r"api/contents/\S*\.virtual_documents)|Could not determine jupyterlab build status without nodejs"
                r"|ServerApp\] +(?:\S+ )?\| extension was (?:successfully|not)|\.js\.map|Notebook \S+ is not trusted"
                r"|LanguageServerManager|Skipped non-installed server|Config option `\w+` not recognized"
            ),
            "Jupyter gives a note",
        ),
        (
            (
                r"Your kernel does not support swap limit|the requested image's platform .{0,200}but no specific "
                r"platform was "
                r"requested|WARNING: No swap limit support|Using default tag|legacy builder is deprecated"
                r"|error waiting for container: context canceled|error waiting for container:\s*$"
            ),
            "the engine gives a note",
        ),
        (
            r"Permanently added \S+ .{0,60}to the list of known hosts|X11 forwarding request failed",
            "the SSH client gives a note",
        ),
        (
            r"DeprecationWarning|FutureWarning|PendingDeprecationWarning|UserWarning: .{0,60}deprecated",
            "a function will change",
        ),
    )
)
