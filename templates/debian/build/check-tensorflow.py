"""Check that TensorFlow imports and computes."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf

TOTAL = float(tf.reduce_sum(tf.matmul(tf.ones((2, 3)), tf.ones((3, 2)))))
if TOTAL != 12:  # a 2 x 2 matrix of threes
    raise SystemExit(f"TensorFlow {tf.__version__} computed {TOTAL} instead of 12")
print(f"TensorFlow {tf.__version__} imports and computes")  # noqa: T201 - for the build log
