"""Rows of the table: TensorFlow itself."""

from __future__ import annotations

from envkit.checks.check import Check

TENSORFLOW = (
    Check(
        "tensorflow/missing",
        "The workspace's Python has no TensorFlow",
        "error",
        "image",
        "No package of that name is installed for the Python that `python` starts in the container. A folder "
        "left behind by an uninstallation counts as none.",
        "TensorFlow was uninstalled, or another Python comes first on PATH",
        "envkit down && envkit up",
    ),
    Check(
        "tensorflow/wrong-version",
        "TensorFlow is there in another version than configured",
        "error",
        "image",
        "The version that Python imports differs from `tensorflow:` in `envkit.yaml`. Releases differ in the "
        "CUDA, cuDNN, Keras and protobuf they need, so a model may train differently or not load at all.",
        "something installed later brought another TensorFlow with it",
    ),
    Check(
        "tensorflow/import-failed",
        "TensorFlow is there and cannot be imported",
        "error",
        "image",
        "`import tensorflow` raised an exception. Most often a package beside it is too new for this release: "
        "protobuf 4 and later stop releases before 2.12, numpy 2 stops releases before 2.18.",
    ),
    Check(
        "tensorflow/op-failed",
        "TensorFlow does not compute on the CPU",
        "error",
        "tensorflow",
        "A matrix product and a convolution of small whole numbers are computed and compared with the right "
        "result. One of them raised an exception, gave a wrong result, or ran on another device.",
        hint="envkit exec -- python -c 'import tensorflow as tf; print(tf.constant(1.0) + 1)'",
    ),
    Check(
        "tensorflow/silent",
        "The look at TensorFlow did not come to its end",
        "error",
        "tensorflow",
        "The script that looks at TensorFlow was killed, crashed, or took longer than its limit of two "
        "minutes. What it did at that moment is named.",
    ),
    Check(
        "tensorflow/computes",
        "TensorFlow computes on the CPU, and rightly",
        "info",
        "tensorflow",
        "A matrix product and a convolution were computed and compared with the right result.",
    ),
)
