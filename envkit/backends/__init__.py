"""Backends that run workspaces."""
