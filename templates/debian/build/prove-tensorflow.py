"""The last word of a build: TensorFlow imports, and computes."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf

SUM = float(tf.reduce_sum(tf.matmul(tf.ones((2, 3)), tf.ones((3, 2)))))
if SUM != 12:  # two by two sums of three
    raise SystemExit(f"TensorFlow {tf.__version__} computed {SUM} instead of 12")
print(f"TensorFlow {tf.__version__} imports and computes")  # noqa: T201 - for the log of the build
