"""Quality of `envkit migrate` on public checkouts of old code, compared with sed and with unchanged code.

The checker parses Python with `ast` and `tokenize` of the standard library and resolves names independently, so that
it does not share errors with the codemod.
"""
