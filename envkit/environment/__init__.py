"""What the verbs share to plan, converge, verify and sync an environment."""
