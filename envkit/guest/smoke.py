"""The smoke test of an image: driver and GPU, packages, TensorFlow, and the loop from data to an exported model."""

import sys

from envkit.guest import computing, contents, driver, supervising, training

LIMIT_S = 300.0


def stages():
    """Return what is looked at; the loop gets the seconds that were given, and so does the look at TensorFlow."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (
        supervising.Stage(driver.look_at_driver, min(driver.LIMIT_S, limit_s), ended="driver.ended"),
        supervising.Stage(contents.look_at_contents, min(contents.LIMIT_S, limit_s), ended="contents.ended"),
        supervising.Stage(tensorflow_and_training, limit_s, log="tensorflow.log"),
    )


def tensorflow_and_training(teller):
    """Look at TensorFlow, and train if it can be imported: once, since importing it takes seconds."""
    computing.look_at_tensorflow(teller)
    if "tensorflow" in sys.modules:
        training.look_at_training(teller)


supervising.run(stages)
