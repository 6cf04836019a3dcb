"""Standalone Keras to `tf.keras`: source in, source and notes out. Pure; nothing here reads or writes a file."""
