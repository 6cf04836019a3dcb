"""Packages that import standalone Keras themselves, with a hint for each."""

from __future__ import annotations

DEFAULT_HINT = "check whether a later release imports tensorflow.keras; or migrate its sources like yours"

KERAS_PACKAGE_HINTS = {
    "bert4keras": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "deepexplain": DEFAULT_HINT,
    "elephas": "use 2.0 or later, which imports tensorflow.keras",
    "hyperas": DEFAULT_HINT,
    "innvestigate": "use 2.0 or later, which imports tensorflow.keras",
    "keras-adabound": DEFAULT_HINT,
    "keras-adversarial": DEFAULT_HINT,
    "keras-bert": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "keras-contrib": "use tensorflow-addons, which has most of its layers and losses",
    "keras-efficientnets": "use EfficientNet of tensorflow.keras.applications",
    "keras-embed-sim": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "keras-lookahead": "use Lookahead of tensorflow-addons",
    "keras-lr-multiplier": DEFAULT_HINT,
    "keras-maskrcnn": DEFAULT_HINT,
    "keras-metrics": "use tensorflow.keras.metrics, which has Precision, Recall and more",
    "keras-multi-head": "use MultiHeadAttention of tensorflow.keras.layers",
    "keras-pos-embd": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "keras-radam": "use RectifiedAdam of tensorflow-addons",
    "keras-resnet": DEFAULT_HINT,
    "keras-retinanet": DEFAULT_HINT,
    "keras-rl": "use keras-rl2, the same library for tensorflow.keras",
    "keras-self-attention": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "keras-squeezenet": DEFAULT_HINT,
    "keras-transformer": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "keras-vggface": DEFAULT_HINT,
    "keras-vis": "use tf-keras-vis, an equivalent for tensorflow.keras",
    "keras-wc-embd": "set TF_KERAS=1 in the environment so that it imports tensorflow.keras",
    "segmentation-models": "set SM_FRAMEWORK=tf.keras in the environment so that it imports tensorflow.keras",
}
