"""Programs that run inside a container; `envkit.observe.guest_runner` sends each as one text."""
