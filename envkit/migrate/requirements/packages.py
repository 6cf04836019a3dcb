"""Packages that import standalone Keras themselves, and what to do about each."""

from __future__ import annotations

USUAL = "look whether a later release of it imports tensorflow.keras; its own sources migrate as yours do"

IMPORT_KERAS = {
    "bert4keras": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "deepexplain": USUAL,
    "elephas": "take 2.0 or later, which imports tensorflow.keras",
    "hyperas": USUAL,
    "innvestigate": "take 2.0 or later, which imports tensorflow.keras",
    "keras-adabound": USUAL,
    "keras-adversarial": USUAL,
    "keras-bert": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-contrib": "most of its layers and losses are in tensorflow-addons",
    "keras-efficientnets": "tensorflow.keras.applications has EfficientNet",
    "keras-embed-sim": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-lookahead": "tensorflow-addons has Lookahead",
    "keras-lr-multiplier": USUAL,
    "keras-maskrcnn": USUAL,
    "keras-metrics": "tensorflow.keras.metrics has Precision, Recall and more",
    "keras-multi-head": "tensorflow.keras.layers has MultiHeadAttention",
    "keras-pos-embd": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-radam": "tensorflow-addons has RectifiedAdam",
    "keras-resnet": USUAL,
    "keras-retinanet": USUAL,
    "keras-rl": "keras-rl2 is the same for tensorflow.keras",
    "keras-self-attention": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-squeezenet": USUAL,
    "keras-transformer": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "keras-vggface": USUAL,
    "keras-vis": "tf-keras-vis does the same for tensorflow.keras",
    "keras-wc-embd": "set TF_KERAS=1 in the environment, and it imports tensorflow.keras",
    "segmentation-models": "set SM_FRAMEWORK=tf.keras in the environment, and it imports tensorflow.keras",
}
