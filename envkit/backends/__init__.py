"""Backends that run a workspace."""
