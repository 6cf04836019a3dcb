"""Explain a pasted log: find the lines that name a cause, and the first layer that fails."""
