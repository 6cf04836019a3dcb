"""Looks that need the running world. They make observations and wait for readiness; they judge nothing."""
