"""The rules of `envkit migrate`: a table that people can read and extend."""
