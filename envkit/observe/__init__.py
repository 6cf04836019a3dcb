"""Collect observations from engine, host and containers, and wait for readiness; `envkit.checks` judges them."""
