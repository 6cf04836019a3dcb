"""File access, locks and folder trees."""
