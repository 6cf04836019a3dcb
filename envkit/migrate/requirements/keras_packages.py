"""Packages that import standalone Keras themselves, and what to do about each."""

from __future__ import annotations

DEFAULT_HINT = "look whether a later release of it imports tensorflow.keras; its own sources migrate as yours do"

KERAS_PACKAGE_HINTS = {
    "bert4keras": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "deepexplain": DEFAULT_HINT,
    "elephas": "take 2.0 or later, which imports tensorflow.keras",
    "hyperas": DEFAULT_HINT,
    "innvestigate": "take 2.0 or later, which imports tensorflow.keras",
    "keras-adabound": DEFAULT_HINT,
    "keras-adversarial": DEFAULT_HINT,
    "keras-bert": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-contrib": "most of its layers and losses are in tensorflow-addons",
    "keras-efficientnets": "tensorflow.keras.applications has EfficientNet",
    "keras-embed-sim": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-lookahead": "tensorflow-addons has Lookahead",
    "keras-lr-multiplier": DEFAULT_HINT,
    "keras-maskrcnn": DEFAULT_HINT,
    "keras-metrics": "tensorflow.keras.metrics has Precision, Recall and more",
    "keras-multi-head": "tensorflow.keras.layers has MultiHeadAttention",
    "keras-pos-embd": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-radam": "tensorflow-addons has RectifiedAdam",
    "keras-resnet": DEFAULT_HINT,
    "keras-retinanet": DEFAULT_HINT,
    "keras-rl": "keras-rl2 is the same for tensorflow.keras",
    "keras-self-attention": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-squeezenet": DEFAULT_HINT,
    "keras-transformer": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-vggface": DEFAULT_HINT,
    "keras-vis": "tf-keras-vis does the same for tensorflow.keras",
    "keras-wc-embd": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "segmentation-models": "set SM_FRAMEWORK=tf.keras in the environment, and it imports tensorflow.keras",
}
