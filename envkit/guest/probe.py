"""Inspect the GPUs and TensorFlow from inside a container, and print one JSON line per observation.

Runs on Python 3.8 or later with the standard library and TensorFlow. It judges nothing: a failed inspection is an
observation, too. The layers below TensorFlow come first, in a separate process: they answer within a second, and a
library loaded there would hide that TensorFlow cannot find it.
"""

import sys

from envkit.guest import gpu_driver, supervisor, tensorflow_ops

LIMIT_S = 120.0


def stages():
    """Return the stages; the first argument limits TensorFlow's, in seconds."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (
        supervisor.Stage(gpu_driver.report_driver, min(gpu_driver.LIMIT_S, limit_s), failure_name="driver.ended"),
        supervisor.Stage(tensorflow_ops.report_tensorflow, limit_s, log_name="tensorflow.log"),
    )


supervisor.run(stages)
