"""Programs of the developers: they write generated pages and files anew."""
