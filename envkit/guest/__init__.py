"""Scripts that run inside a container; `envkit.observe.guest_runner` sends them there as one text."""
