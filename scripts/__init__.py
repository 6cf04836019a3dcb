"""Programs for developers: setup, recordings and generated pages."""
