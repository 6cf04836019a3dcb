"""Checks of TensorFlow itself."""

from __future__ import annotations

from envkit.checks.definitions import Check

TENSORFLOW = (
    Check(
        "tensorflow/missing",
        "The workspace's Python has no TensorFlow",
        "error",
        "image",
        "The Python that `python` starts in the container has no package of that name. A folder left behind by an "
        "uninstallation does not count.",
        "TensorFlow was uninstalled, or another Python comes first on PATH",
        "envkit down && envkit up",
    ),
    Check(
        "tensorflow/wrong-version",
        "TensorFlow has another version than configured",
        "error",
        "image",
        "The version that Python imports differs from `tensorflow:` in `envkit.yaml`. Releases differ in the "
        "CUDA, cuDNN, Keras and protobuf they need, so a model may train differently or not load at all.",
        "a package installed later brought another TensorFlow with it",
    ),
    Check(
        "tensorflow/import-failed",
        "TensorFlow is installed but cannot be imported",
        "error",
        "image",
        "`import tensorflow` raised an exception. Most often another package is too new for this release: "
        "protobuf 4 and later break releases before 2.12, numpy 2 breaks releases before 2.18.",
    ),
    Check(
        "tensorflow/op-failed",
        "TensorFlow does not compute on the CPU",
        "error",
        "tensorflow",
        "A matrix product and a convolution of small integers are computed and compared with the right "
        "result. One of them raised an exception, gave a wrong result, or ran on another device.",
        hint="envkit exec -- python -c 'import tensorflow as tf; print(tf.constant(1.0) + 1)'",
    ),
    Check(
        "tensorflow/silent",
        "The TensorFlow probe did not finish",
        "error",
        "tensorflow",
        "The probe was killed, crashed, or exceeded its limit of two minutes. The finding names the step it was at.",
    ),
    Check(
        "tensorflow/computes",
        "TensorFlow computes correctly on the CPU",
        "info",
        "tensorflow",
        "A matrix product and a convolution were computed and compared with the right result.",
    ),
)
