"""Plan -> Artifacts: one module per rendered format. Pure."""
