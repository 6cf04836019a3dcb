"""The rules of `envkit migrate`, as a table."""
