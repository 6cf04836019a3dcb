"""Plan -> Artifacts: one module for each kind of thing that is rendered. Pure."""
