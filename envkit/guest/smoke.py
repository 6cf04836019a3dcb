"""The smoke test of an image: driver and GPU, packages, TensorFlow, and the loop from data to an exported model."""

import sys

from envkit.guest import computing, contents, driver, supervising, training

LIMIT_S = 300.0


def stages():
    """Return what is looked at; the loop gets the seconds that were given, and so does the look at TensorFlow."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (
        supervising.Stage(driver.report_driver, min(driver.LIMIT_S, limit_s), failure_name="driver.ended"),
        supervising.Stage(contents.report_contents, min(contents.LIMIT_S, limit_s), failure_name="contents.ended"),
        supervising.Stage(report_workload, limit_s, log_name="tensorflow.log"),
    )


def report_workload(reporter):
    """Look at TensorFlow, and train if it can be imported: once, since importing it takes seconds."""
    computing.report_tensorflow(reporter)
    if "tensorflow" in sys.modules:
        training.report_training(reporter)


supervising.run(stages)
