"""Environments on an engine of another machine: ports, uploads and two-way sync."""
