"""Writes, locks and trees: the only module that changes files."""
