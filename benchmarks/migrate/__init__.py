"""How well `envkit migrate` moves real old code: measured on public checkouts, beside sed and beside doing nothing.

The checker here reads Python with the standard library's `ast` and `tokenize` and has its own way of finding what a
name means, so that it does not share the codemod's mistakes.
"""
