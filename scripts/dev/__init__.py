"""Recorders: a terminal session for the README, and the names of a TensorFlow release."""
