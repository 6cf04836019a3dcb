"""Scripts that run inside a container; `envkit.observe.guest` sends them there as one text."""
