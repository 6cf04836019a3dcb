"""envkit: from a bare machine to a TensorFlow workspace that is running, locked down and proven."""

__version__ = "0.1.0"
