"""Looks at the GPUs and at TensorFlow from inside a container, and prints one JSON line for each look.

Runs on Python 3.8 or later, and needs nothing but the standard library and TensorFlow. It judges nothing: a look that
fails is reported like any other. The layers below TensorFlow come first, in a process of their own: they answer within
a second, and a library that is loaded there would hide from TensorFlow that it cannot find it.
"""

import sys

from envkit.guest import gpu_driver, supervisor, tensorflow_ops

LIMIT_S = 120.0


def stages():
    """Return what is looked at, TensorFlow within the seconds that were given."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (
        supervisor.Stage(gpu_driver.report_driver, min(gpu_driver.LIMIT_S, limit_s), failure_name="driver.ended"),
        supervisor.Stage(tensorflow_ops.report_tensorflow, limit_s, log_name="tensorflow.log"),
    )


supervisor.run(stages)
