"""Rewrite standalone Keras to `tf.keras`: source in, source and notes out. Pure: no module here opens a file."""
