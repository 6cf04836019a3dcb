"""Rows of the table: code that imports well and does something else, or fails, when it runs."""

from __future__ import annotations

from envkit.migrate.rules.rule import Rule

RUNTIME = (
    Rule(
        "names/unresolved", "unresolved", "from keras.layers import Unheard", "",
        "The release aimed at has no such name.",
        "look for its successor in the documentation of tf.keras, or copy it from the Keras that you had",
    ),
    Rule(
        "names/ambiguous", "review", "", "",
        "The name means different things by turns, so that it was left as it is.",
        "give one of the things another name",
    ),
    Rule(
        "tensorflow-1/symbol", "review", "tf.placeholder", "tf.compat.v1.placeholder",
        "The release aimed at has no such name in TensorFlow: it is of TensorFlow 1.",
        "tf_upgrade_v2 --infile FILE --outfile FILE rewrites it, after this",
    ),
)
