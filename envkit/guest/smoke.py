"""Smoke test of an image: driver and GPU, packages, TensorFlow, and training from data to an exported model."""

import sys

from envkit.guest import gpu_driver, image_packages, supervisor, tensorflow_ops, training

LIMIT_S = 300.0


def stages():
    """Return the stages; the first argument limits TensorFlow and training together, in seconds."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (
        supervisor.Stage(gpu_driver.report_driver, min(gpu_driver.LIMIT_S, limit_s), failure_name="driver.ended"),
        supervisor.Stage(
            image_packages.report_contents, min(image_packages.LIMIT_S, limit_s), failure_name="contents.ended"
        ),
        supervisor.Stage(report_workload, limit_s, log_name="tensorflow.log"),
    )


def report_workload(reporter):
    """Inspect TensorFlow, and train if it can be imported: in one process, since importing it takes seconds."""
    tensorflow_ops.report_tensorflow(reporter)
    if "tensorflow" in sys.modules:
        training.report_training(reporter)


supervisor.run(stages)
