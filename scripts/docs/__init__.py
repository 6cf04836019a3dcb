"""Generators of pages in `docs/` and of `dockerfiles/`."""
